//! How large tables were: by history as far as it reaches back, before it by what chunks hold now.

use charts::{Figure, Point, Series, TimeChart, Unit};
use domain::forecast::{ChunkBytes, TableChunks};
use domain::history::{Range, Sample, Series as Recorded};
use domain::hypertable::{Chunk, TimePoint};
use domain::time_axis::Window;

use super::MICROS;

/// Moments at which derived levels are drawn.
const DERIVED_POINTS: i64 = 80;

/// What is known of one table's, or several tables' size over time.
pub(crate) struct Levels {
    /// Its name in the legend.
    pub(crate) name: String,
    /// What was recorded.
    pub(crate) recorded: Recorded,
    /// Its chunks; of several tables, each table's.
    pub(crate) tables: Vec<TableChunks>,
}

impl Levels {
    fn chunks(&self) -> impl Iterator<Item = &ChunkBytes> {
        self.tables.iter().flat_map(|table| &table.chunks)
    }
}

/// The part of the time axis that a chart shows, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    start_s: i64,
    end_s: i64,
}

impl Span {
    /// A range up to now; all there is begins with the oldest chunk, or with history.
    pub(crate) fn of(range: Range, now_s: i64, all: &[Levels]) -> Self {
        let start_s = range.length_s().map_or_else(
            || {
                let chunks = all.iter().flat_map(Levels::chunks).map(|chunk| chunk.start_s);
                let history = all
                    .iter()
                    .filter_map(|levels| levels.recorded.points.first())
                    .map(|point| point.at_s);
                chunks.chain(history).min().unwrap_or(now_s - 1).min(now_s - 1)
            },
            |length_s| now_s - length_s,
        );
        Self {
            start_s,
            end_s: now_s,
        }
    }
}

/// The bytes of chunks by their place on a time axis of moments; those on integer time have none.
pub(crate) fn chunk_bytes(chunks: &[Chunk]) -> Vec<ChunkBytes> {
    chunks
        .iter()
        .filter_map(|chunk| {
            let range = chunk.range?;
            let (TimePoint::Moment(start), TimePoint::Moment(end)) = (range.start, range.end) else {
                return None;
            };
            Some(ChunkBytes {
                start_s: start.as_second(),
                end_s: end.as_second(),
                bytes: chunk.size.total_bytes(),
                uncompressed_bytes: chunk
                    .compression
                    .map_or_else(|| chunk.size.total_bytes(), |totals| totals.before_bytes),
                is_compressed: chunk.is_compressed,
                is_frozen: chunk.status.is_frozen(),
            })
        })
        .collect()
}

/// Draws them; several lie on each other.
pub(crate) fn draw_levels(title: &str, all: &[Levels], span: Span) -> Figure {
    let first_recorded_s = all
        .iter()
        .filter_map(|levels| levels.recorded.points.first())
        .map(|point| point.at_s)
        .min();
    let derived_until_s = first_recorded_s.unwrap_or(span.end_s).min(span.end_s);
    // While nothing was recorded of one, nothing was of the others: the console was not watching.
    let mut gaps: Vec<i64> = all
        .iter()
        .flat_map(|levels| levels.recorded.gaps.iter())
        .map(|gap| gap.from_s + all.first().map_or(0, |levels| levels.recorded.step_s) + 1)
        .filter(|at_s| *at_s < span.end_s)
        .collect();
    gaps.sort_unstable();
    gaps.dedup();
    let series = all
        .iter()
        .map(|levels| {
            let mut points: Vec<Point> = derived(levels, span, derived_until_s, all.len() > 1)
                .chain(recorded(&levels.recorded, span))
                .chain(gaps.iter().map(|at_s| Point {
                    at: at_s * MICROS,
                    value: None,
                    is_derived: false,
                }))
                .collect();
            points.sort_by_key(|point| point.at);
            Series {
                name: levels.name.clone(),
                points,
            }
        })
        .collect();
    TimeChart {
        title: title.to_owned(),
        unit: Unit::Bytes,
        series,
        is_stacked: true,
        window: Window::new(span.start_s * MICROS, span.end_s * MICROS),
        gap_after: None,
    }
    .draw()
}

/// A point's last value stands where its time ends.
fn recorded(series: &Recorded, span: Span) -> impl Iterator<Item = Point> {
    series
        .points
        .iter()
        .map(move |point| ((point.at_s + series.step_s).min(span.end_s), point.last))
        .filter(move |(at_s, _)| *at_s >= span.start_s)
        .map(|(at_s, value)| Point {
            at: at_s * MICROS,
            value: Some(value),
            is_derived: false,
        })
}

/// Levels at the same moments for every table, so that they can lie on each other.
/// A table on integer time has none: alone it shows nothing, in a stack it stands at zero, so that the others can be seen.
fn derived(levels: &Levels, span: Span, until_s: i64, is_in_stack: bool) -> impl Iterator<Item = Point> {
    let length_s = until_s - span.start_s;
    let known: Vec<Vec<Sample>> = levels
        .tables
        .iter()
        // Where all that is shown was recorded, nothing is derived.
        .filter(|_| length_s > 0)
        .map(|table| table.derived_levels(span.end_s))
        .collect();
    let moments = if length_s > 0 && (is_in_stack || known.iter().any(|levels| !levels.is_empty())) {
        0..DERIVED_POINTS
    } else {
        0..0
    };
    moments.map(move |index| {
        let at_s = span.start_s + length_s * index / DERIVED_POINTS;
        Point {
            at: at_s * MICROS,
            value: Some(known.iter().map(|levels| level_at(levels, at_s)).sum()),
            is_derived: true,
        }
    })
}

fn level_at(levels: &[Sample], at_s: i64) -> f64 {
    let after = levels.partition_point(|level| level.at_s <= at_s);
    after.checked_sub(1).map_or(0.0, |index| levels[index].value)
}
