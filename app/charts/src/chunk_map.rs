//! The chunk map: bytes as bars, state as a strip below them, policies as lines over both.
//!
//! Bars show what the chunks cost; compressed ones are often too small there to be seen. The strip shows each bin at
//! full width whatever its size, and its state by shape as well as by colour: uncompressed fills the strip, compressed
//! its lower half, partly compressed its upper and lower thirds, frozen is an outline.

use domain::chunk_map::{Bin, ChunkMap, ChunkState, Horizon, HorizonKind};
use domain::hypertable::TimeSpan;
use domain::quantity::{counted, thousands};
use plotters::coord::Shift;
use plotters::style::text_anchor::HPos;

use crate::columns::column_edges;
use crate::figure::{
    Drawing, Figure, Key, Mark, Plot, Readout, ReadoutLine, Summary, WIDTHS, write_number, write_place,
};
use crate::frame::Frame;
use crate::ink::Ink;
use crate::label::{TICK_SIZE, width as text_width};
use crate::pen::Pen;
use crate::ticks::value_scale;
use crate::unit::Unit;

/// Pixels of the strip, of the gap above it and of the marks below it.
const STRIP: f64 = 12.0;
const STRIP_GAP: f64 = 5.0;
const MARKS: f64 = 9.0;
/// Pixels of a row of horizon labels.
const LABEL_ROW: f64 = 17.0;
/// Pixels between a line and its label.
const LABEL_OFFSET: f64 = 5.0;
/// Most rows of the table.
const TABLE_ROWS: usize = 60;

/// From the axis up, which is the order they are stacked in.
const STACKED: [ChunkState; 8] = [
    ChunkState::Compressed,
    ChunkState::Partial,
    ChunkState::CompressedFirst,
    ChunkState::CompressedLater,
    ChunkState::Frozen,
    ChunkState::Uncompressed,
    ChunkState::DroppedLater,
    ChunkState::DroppedFirst,
];

/// Draws a map for every width. Each bin has a rectangle of class `hit` over it whose `data-bin` is its index in
/// [`ChunkMap::bins`]; its range there is what zooming into it shows.
pub fn draw_chunk_map(title: impl Into<String>, map: &ChunkMap) -> Figure {
    Figure {
        title: title.into(),
        drawings: WIDTHS.into_iter().map(|width| draw_for(map, width)).collect(),
        legend: legend(map),
        readout: readout(map),
        summary: summary(map),
    }
}

fn ink(state: ChunkState) -> Ink {
    match state {
        ChunkState::Uncompressed => Ink::RAW,
        ChunkState::Partial | ChunkState::Compressed => Ink::PACKED,
        ChunkState::Frozen => Ink::FROZEN,
        ChunkState::CompressedFirst => Ink::SQUEEZED,
        ChunkState::CompressedLater => Ink::SQUEEZED_LATER,
        ChunkState::DroppedFirst => Ink::GONE,
        ChunkState::DroppedLater => Ink::GONE_LATER,
    }
}

fn horizon_ink(kind: HorizonKind) -> Ink {
    match kind {
        HorizonKind::Drop => Ink::DROP,
        HorizonKind::Compress => Ink::COMPRESS,
        HorizonKind::RefreshStart | HorizonKind::RefreshEnd => Ink::REFRESH,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "lengths on a screen, and texts of three digits"
)]
fn float(value: u64) -> f64 {
    value as f64
}

/// A label above the plot.
struct Label {
    text: String,
    ink: Ink,
    /// Where its line stands, or the text of a bracket begins.
    x: f64,
    /// Whether the text begins or ends there.
    anchor: HPos,
    /// Left and right end of a refresh window, which has a bracket instead of a line.
    bracket: Option<(f64, f64)>,
    row: usize,
}

impl Label {
    fn at(x: f64, text: String, ink: Ink, plot: &Plot) -> Self {
        let does_fit = x + LABEL_OFFSET + label_width(&text) <= plot.right;
        Self {
            text,
            ink,
            x,
            anchor: if does_fit { HPos::Left } else { HPos::Right },
            bracket: None,
            row: 0,
        }
    }

    fn over((start, end): (f64, f64), text: String, plot: &Plot) -> Self {
        let does_fit = start + label_width(&text) <= plot.right;
        Self {
            text,
            ink: Ink::REFRESH,
            x: if does_fit { start } else { end },
            anchor: if does_fit { HPos::Left } else { HPos::Right },
            bracket: Some((start, end)),
            row: 0,
        }
    }

    fn ends(&self) -> (f64, f64) {
        let width = LABEL_OFFSET + label_width(&self.text);
        let (start, end) = if matches!(self.anchor, HPos::Right) {
            (self.x - width, self.x)
        } else {
            (self.x, self.x + width)
        };
        let (bracket_start, bracket_end) = self.bracket.unwrap_or((start, end));
        (start.min(bracket_start), end.max(bracket_end))
    }
}

/// These labels are bolder than those of the axes, and so a little wider.
fn label_width(text: &str) -> f64 {
    text_width(text, TICK_SIZE) * 1.06
}

/// Labels of the horizons in sight and of now, in rows so that none covers another.
fn labels(map: &ChunkMap, plot: &Plot) -> Vec<Label> {
    let is_refresh = |kind: HorizonKind| matches!(kind, HorizonKind::RefreshStart | HorizonKind::RefreshEnd);
    let mut lines: Vec<(i64, String, Ink)> = map
        .horizons
        .iter()
        .filter(|horizon| !is_refresh(horizon.kind))
        .map(|horizon| (horizon.at, horizon_text(horizon), horizon_ink(horizon.kind)))
        .chain(map.now.map(|now| (now, "now".to_owned(), Ink::NOW)))
        .filter(|(at, _, _)| map.window.holds(*at))
        .collect();
    lines.sort_by_key(|(at, _, _)| *at);
    let lines = lines
        .into_iter()
        .map(|(at, text, ink)| Label::at(plot.x(at), text, ink, plot));
    let mut placed: Vec<Label> = Vec::new();
    for mut label in lines.chain(refresh_label(map, plot)) {
        let (start, end) = label.ends();
        // One row each is enough.
        label.row = (0..=placed.len())
            .find(|row| {
                placed.iter().filter(|other| other.row == *row).all(|other| {
                    let (other_start, other_end) = other.ends();
                    end + 6.0 < other_start || other_end + 6.0 < start
                })
            })
            .unwrap_or(0);
        placed.push(label);
    }
    placed
}

/// The refresh window, as far as it is in sight. Without a start it begins with the oldest row, without an end it ends
/// with the newest. Where now is not known, nobody knows where it lies.
fn refresh_label(map: &ChunkMap, plot: &Plot) -> Option<Label> {
    let find = |kind| map.horizons.iter().find(|horizon| horizon.kind == kind);
    let start = find(HorizonKind::RefreshStart);
    let end = find(HorizonKind::RefreshEnd);
    if start.is_none() && end.is_none() {
        return None;
    }
    let from = start
        .map_or(map.window.start, |horizon| horizon.at)
        .max(map.window.start);
    let to = end.map(|horizon| horizon.at).or(map.now)?.min(map.window.end);
    let text = match (start, end) {
        (Some(start), Some(end)) => format!("refresh {} to {}", write_span(start), write_span(end)),
        (Some(start), None) => format!("refresh from {}", write_span(start)),
        (None, Some(end)) => format!("refresh up to {}", write_span(end)),
        (None, None) => return None,
    };
    (from < to).then(|| Label::over((plot.x(from), plot.x(to)), text, plot))
}

fn horizon_text(horizon: &Horizon) -> String {
    format!("{} {}", horizon.kind.label(), write_span(horizon))
}

fn write_span(horizon: &Horizon) -> String {
    match horizon.span {
        TimeSpan::Interval(interval) => interval.to_string(),
        TimeSpan::Number(number) => write_number(number),
    }
}

fn draw_for(map: &ChunkMap, width: u32) -> Drawing {
    let tallest = map
        .bins
        .iter()
        .map(|bin| float(bin.total().bytes))
        .fold(0.0, f64::max);
    let mut frame = Frame {
        width,
        height: Frame::height_for(width) + 50,
        axis: map.axis,
        window: map.window,
        scale: value_scale(Unit::Bytes, 0.0, tallest, 3),
        above: 0.0,
        below: STRIP_GAP + STRIP + MARKS,
        is_empty: map.bins.is_empty(),
    };
    let labels = labels(map, &frame.plot());
    #[expect(clippy::cast_precision_loss, reason = "a handful of rows")]
    let rows = labels.iter().map(|label| label.row + 1).max().unwrap_or(0) as f64;
    frame.above = rows * LABEL_ROW;
    frame.draw(|pen, _, plot| {
        draw_bars(pen, map, plot);
        draw_strip(pen, map, plot);
        for label in &labels {
            draw_label(pen, label, rows, plot);
        }
        for (index, bin) in (0..).zip(&map.bins) {
            let (left, right) = edges(bin, plot);
            pen.rect_of_bin(
                Ink::HIT,
                index,
                (left, plot.top),
                (right, plot.bottom + STRIP_GAP + STRIP),
            );
        }
    })
}

/// Left and right end of a bin in pixels; a lane is a part of its range.
fn edges(bin: &Bin, plot: &Plot) -> (f64, f64) {
    let left = plot.x(bin.range.start.max(plot.start));
    let right = plot.x(bin.range.end.min(plot.end));
    let lane = (right - left) / f64::from(bin.lane.1);
    let left = left + lane * f64::from(bin.lane.0);
    (left, (left + lane).max(left + 1.0))
}

fn draw_bars(pen: &Pen<'_, Shift>, map: &ChunkMap, plot: &Plot) {
    for (index, state) in STACKED.into_iter().enumerate() {
        for bin in &map.bins {
            let bytes = bin.tally(state).bytes;
            if bytes == 0 {
                continue;
            }
            let below: u64 = STACKED[..index].iter().map(|below| bin.tally(*below).bytes).sum();
            let (left, right) = edges(bin, plot);
            let (left, right) = column_edges(left, right);
            let bottom = plot.y(float(below));
            let top = plot.y(float(below + bytes)).min(bottom - 0.5);
            pen.rect(ink(state), (left, top), (right, bottom));
        }
    }
}

/// The strip: a bin is divided among its states by how many chunks are in each.
fn draw_strip(pen: &Pen<'_, Shift>, map: &ChunkMap, plot: &Plot) {
    let top = plot.bottom + STRIP_GAP;
    let bottom = top + STRIP;
    for state in STACKED {
        for bin in &map.bins {
            let all = float(bin.total().chunks).max(1.0);
            let before: u64 = STACKED
                .into_iter()
                .take_while(|other| *other != state)
                .map(|other| bin.tally(other).chunks)
                .sum();
            let chunks = bin.tally(state).chunks;
            if chunks == 0 {
                continue;
            }
            let (left, right) = edges(bin, plot);
            let (left, right) = column_edges(left, right);
            let cell_left = left + (right - left) * float(before) / all;
            let cell_right = left + (right - left) * float(before + chunks) / all;
            let fill = |ink, from: f64, to: f64| {
                pen.rect(ink, (cell_left, top + from), (cell_right, top + to));
            };
            match state {
                ChunkState::Uncompressed => fill(Ink::RAW, 0.0, STRIP),
                ChunkState::Compressed => fill(Ink::PACKED, STRIP / 2.0, STRIP),
                ChunkState::Partial => {
                    fill(Ink::PACKED, STRIP / 2.0, STRIP);
                    fill(Ink::RAW, 0.0, STRIP / 4.0);
                }
                ChunkState::Frozen => {
                    fill(Ink::FROZEN, 0.0, 1.5);
                    fill(Ink::FROZEN, STRIP - 1.5, STRIP);
                }
                // The nearer it is, the more of the cell.
                ChunkState::CompressedFirst => {
                    fill(Ink::SQUEEZED, STRIP / 2.0, STRIP);
                    fill(Ink::SQUEEZED, 0.0, 1.5);
                }
                ChunkState::CompressedLater => fill(Ink::SQUEEZED_LATER, STRIP * 0.75, STRIP),
                ChunkState::DroppedFirst => {
                    fill(Ink::GONE, 0.0, STRIP / 3.0);
                    fill(Ink::GONE, STRIP * 2.0 / 3.0, STRIP);
                }
                ChunkState::DroppedLater => fill(Ink::GONE_LATER, 0.0, STRIP / 4.0),
            }
        }
    }
    let mut free_from = f64::MIN;
    for bin in map.bins.iter().filter(|bin| bin.overdue > 0) {
        let (left, right) = edges(bin, plot);
        let middle = f64::midpoint(left, right);
        // Neighbouring marks would run into one: the first of them says it.
        if middle < free_from {
            continue;
        }
        free_from = middle + 7.0;
        pen.polygon(
            Ink::LATE,
            [
                (middle, bottom + 2.0),
                (middle + 3.5, bottom + 8.0),
                (middle - 3.5, bottom + 8.0),
            ],
        );
    }
}

fn draw_label(pen: &Pen<'_, Shift>, label: &Label, rows: f64, plot: &Plot) {
    #[expect(clippy::cast_precision_loss, reason = "a handful of rows")]
    let row = label.row as f64;
    let base = plot.top - (rows - row) * LABEL_ROW + 8.0;
    let is_right = matches!(label.anchor, HPos::Right);
    let x = label.x + if is_right { -LABEL_OFFSET } else { LABEL_OFFSET };
    if let Some((left, right)) = label.bracket {
        let x = if is_right { x } else { label.x };
        pen.text(label.ink, label.anchor, (x, base), &label.text);
        let level = base + 4.0;
        let foot = level + 4.0;
        pen.path(
            label.ink,
            [(left, foot), (left, level), (right, level), (right, foot)],
        );
    } else {
        let foot = plot.bottom + STRIP_GAP + STRIP;
        pen.line(label.ink, (label.x, base - 9.0), (label.x, foot));
        pen.text(label.ink, label.anchor, (x, base), &label.text);
    }
}

fn legend(map: &ChunkMap) -> Vec<Key> {
    let mut legend: Vec<Key> = ChunkState::EACH
        .into_iter()
        .filter(|state| map.tally(*state).chunks > 0)
        .map(|state| Key {
            label: state.as_str().to_owned(),
            mark: match state {
                ChunkState::Uncompressed | ChunkState::DroppedFirst | ChunkState::DroppedLater => {
                    Mark::Square
                }
                ChunkState::Partial => Mark::Split,
                ChunkState::Compressed | ChunkState::CompressedFirst | ChunkState::CompressedLater => {
                    Mark::Half
                }
                ChunkState::Frozen => Mark::Outline,
            },
            class: ink(state).class().to_owned(),
        })
        .collect();
    if map.overdue() > 0 {
        legend.push(Key {
            label: "overdue".to_owned(),
            mark: Mark::Triangle,
            class: Ink::LATE.class().to_owned(),
        });
    }
    legend
}

fn readout(map: &ChunkMap) -> Readout {
    let line = |name: &str, unit: Unit, value: &dyn Fn(&Bin) -> u64| ReadoutLine {
        name: name.to_owned(),
        class: String::new(),
        unit,
        values: map
            .bins
            .iter()
            .map(|bin| Some(value(bin)).filter(|value| *value > 0).map(float))
            .collect(),
    };
    let mut lines = vec![line("size", Unit::Bytes, &|bin| bin.total().bytes)];
    if !map.shows_chunks {
        lines.push(line("chunks", Unit::Count, &|bin| bin.total().chunks));
    }
    for state in ChunkState::EACH
        .into_iter()
        .filter(|state| map.tally(*state).chunks > 0)
    {
        lines.push(line(state.as_str(), Unit::Count, &|bin| bin.tally(state).chunks));
    }
    if map.overdue() > 0 {
        lines.push(line("overdue", Unit::Count, &|bin| bin.overdue));
    }
    Readout {
        axis: map.axis,
        at: map.bins.iter().map(|bin| bin.range.start).collect(),
        until: map.bins.iter().map(|bin| bin.range.end).collect(),
        lines,
        names: if map.shows_chunks {
            map.bins.iter().map(name).collect()
        } else {
            Vec::new()
        },
        stacked: false,
    }
}

fn name(bin: &Bin) -> String {
    bin.chunk
        .as_ref()
        .map(|chunk| chunk.name.clone())
        .unwrap_or_default()
}

fn summary(map: &ChunkMap) -> Summary {
    let total = map.total();
    let mut sentences = vec![format!(
        "{} from {} to {}, {}.",
        counted(total.chunks, "chunk", "chunks"),
        write_place(map.axis, map.window.start),
        write_place(map.axis, map.window.end),
        Unit::Bytes.write(float(total.bytes))
    )];
    for state in ChunkState::EACH {
        let tally = map.tally(state);
        if tally.chunks > 0 {
            sentences.push(format!(
                "{} {}, {}.",
                thousands(tally.chunks),
                state.as_str(),
                Unit::Bytes.write(float(tally.bytes))
            ));
        }
    }
    if map.overdue() > 0 {
        sentences.push(format!("{} overdue.", thousands(map.overdue())));
    }
    sentences.extend(extremes(map));
    for horizon in &map.horizons {
        let place = if map.window.holds(horizon.at) {
            ""
        } else {
            ", outside this range"
        };
        sentences.push(format!(
            "{} lies at {}{place}.",
            horizon_text(horizon),
            write_place(map.axis, horizon.at)
        ));
    }
    if map.elsewhere.chunks > 0 {
        sentences.push(format!(
            "{} outside this range, {}.",
            counted(map.elsewhere.chunks, "chunk", "chunks"),
            Unit::Bytes.write(float(map.elsewhere.bytes))
        ));
    }
    let first = if map.shows_chunks { "Chunk" } else { "Chunks" };
    Summary {
        sentences,
        columns: [first, "From", "To", "Size", "Compressed", "Overdue"]
            .map(str::to_owned)
            .into(),
        rows: table(map),
    }
}

fn extremes(map: &ChunkMap) -> Option<String> {
    let what = if map.shows_chunks {
        "chunk"
    } else {
        "group of chunks"
    };
    let (first, last) = (map.bins.first()?, map.bins.last()?);
    let lowest = map.bins.iter().min_by_key(|bin| bin.total().bytes)?;
    let highest = map.bins.iter().max_by_key(|bin| bin.total().bytes)?;
    let tell = |bin: &Bin| {
        format!(
            "{} from {}",
            Unit::Bytes.write(float(bin.total().bytes)),
            write_place(map.axis, bin.range.start)
        )
    };
    Some(format!(
        "By {what}: first {}, last {}, lowest {}, highest {}.",
        tell(first),
        tell(last),
        tell(lowest),
        tell(highest)
    ))
}

/// Neighbouring bins share a row where there are more than a page of them.
fn table(map: &ChunkMap) -> Vec<Vec<String>> {
    let group = map.bins.len().div_ceil(TABLE_ROWS).max(1);
    map.bins
        .chunks(group)
        .filter_map(|bins| {
            let (first, last) = (bins.first()?, bins.last()?);
            let sum = |value: &dyn Fn(&Bin) -> u64| bins.iter().map(value).sum::<u64>();
            let chunks = sum(&|bin| bin.total().chunks);
            Some(vec![
                match bins {
                    [single] if map.shows_chunks => name(single),
                    _ => thousands(chunks),
                },
                write_place(map.axis, first.range.start),
                write_place(map.axis, last.range.end),
                Unit::Bytes.write(float(sum(&|bin| bin.total().bytes))),
                format!(
                    "{} of {}",
                    thousands(sum(&|bin| bin.tally(ChunkState::Compressed).chunks)),
                    thousands(chunks)
                ),
                thousands(sum(&|bin| bin.overdue)),
            ])
        })
        .collect()
}
