//! Values over time: lines, and areas where they begin at zero or lie on each other.

use domain::time_axis::{TimeAxis, Window};

use crate::figure::{
    Drawing, Figure, Key, Mark, Readout, ReadoutLine, Summary, WIDTHS, rounded, write_place,
};
use crate::frame::Frame;
use crate::ink::Ink;
use crate::pen::{Pen, Plane};
use crate::ticks::value_scale;
use crate::unit::Unit;

/// Most places of a readout.
const READOUT_PLACES: usize = 240;
/// Most rows of the table.
const TABLE_ROWS: usize = 40;
/// Colours there are for series.
const COLOURS: usize = 4;

/// A value at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// The value; `None` (or anything that is no number) is a gap.
    pub value: Option<f64>,
    /// Whether it was derived from something else instead of measured; drawn dashed.
    pub is_derived: bool,
}

/// A named series of points, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its points.
    pub points: Vec<Point>,
}

/// A chart of values over time.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeChart {
    /// Its title.
    pub title: String,
    /// Unit of the values.
    pub unit: Unit,
    /// The series; the first lies at the bottom of a stack. Of a stack with more than four, the fourth is the sum of
    /// the rest.
    pub series: Vec<Series>,
    /// Whether the series add up to something and lie on each other.
    pub is_stacked: bool,
    /// The part of the axis that is shown.
    pub window: Window,
    /// Points farther apart than this many microseconds have a gap between them; `None` where gaps are always said.
    pub gap_after: Option<u64>,
}

/// The series on one set of moments.
struct Table {
    at: Vec<i64>,
    is_derived: Vec<bool>,
    /// Whether nothing is known between a moment and the one before it.
    follows_gap: Vec<bool>,
    names: Vec<String>,
    values: Vec<Vec<Option<f64>>>,
}

impl TimeChart {
    /// Draws it for every width.
    pub fn draw(&self) -> Figure {
        let table = self.table();
        let shown = table.thinned(READOUT_PLACES);
        Figure {
            title: self.title.clone(),
            drawings: WIDTHS
                .into_iter()
                .map(|width| self.draw_for(&table, width))
                .collect(),
            legend: self.legend(&table),
            summary: self.summary(&table),
            readout: Readout {
                axis: TimeAxis::Moments,
                at: shown.at,
                until: Vec::new(),
                lines: shown
                    .names
                    .into_iter()
                    .zip(shown.values)
                    .enumerate()
                    .map(|(index, (name, values))| ReadoutLine {
                        name,
                        class: Ink::bar(index).class().to_owned(),
                        unit: self.unit,
                        values: values.into_iter().map(|value| value.map(rounded)).collect(),
                    })
                    .collect(),
                names: Vec::new(),
                stacked: self.is_stacked,
            },
        }
    }

    fn table(&self) -> Table {
        let mut at: Vec<i64> = self
            .series
            .iter()
            .flat_map(|series| series.points.iter().map(|point| point.at))
            .filter(|at| self.window.holds(*at))
            .collect();
        at.sort_unstable();
        at.dedup();
        let mut is_derived = vec![false; at.len()];
        let mut values = Vec::with_capacity(self.series.len());
        for series in &self.series {
            let mut column = vec![None; at.len()];
            for point in &series.points {
                if let Ok(index) = at.binary_search(&point.at) {
                    column[index] = point.value.filter(|value| value.is_finite());
                    is_derived[index] |= point.is_derived;
                }
            }
            values.push(column);
        }
        let mut names: Vec<String> = self.series.iter().map(|series| series.name.clone()).collect();
        if self.is_stacked && names.len() > COLOURS {
            let rest = values.split_off(COLOURS - 1);
            let merged = (0..at.len())
                .map(|index| {
                    rest.iter()
                        .filter_map(|column| column[index])
                        .reduce(|a, b| a + b)
                })
                .collect();
            values.push(merged);
            names.truncate(COLOURS - 1);
            names.push(format!("{} others", rest.len()));
        }
        let follows_gap = (0..at.len())
            .map(|index| {
                index > 0
                    && self
                        .gap_after
                        .is_some_and(|most| at[index].abs_diff(at[index - 1]) > most)
            })
            .collect();
        Table {
            at,
            is_derived,
            follows_gap,
            names,
            values,
        }
    }

    fn legend(&self, table: &Table) -> Vec<Key> {
        let mut legend: Vec<Key> = if table.names.len() > 1 {
            table
                .names
                .iter()
                .enumerate()
                .map(|(index, name)| Key {
                    label: name.clone(),
                    mark: if self.is_stacked { Mark::Square } else { Mark::Line },
                    class: Ink::bar(index).class().to_owned(),
                })
                .collect()
        } else {
            Vec::new()
        };
        if table.is_derived.contains(&true) {
            legend.push(Key {
                label: "derived from chunks still there".to_owned(),
                mark: Mark::Dashed,
                class: Ink::TICK.class().to_owned(),
            });
        }
        legend
    }

    fn draw_for(&self, table: &Table, width: u32) -> Drawing {
        // Two moments a pixel: more cannot be seen.
        let table = table.thinned(width as usize * 2);
        let stack = table.stack(self.is_stacked);
        let tops = || {
            stack
                .iter()
                .flat_map(|layer| layer.iter().flatten().map(|(_, top)| *top))
        };
        let height = Frame::height_for(width);
        let scale = value_scale(
            self.unit,
            tops().fold(0.0, f64::min),
            tops().fold(0.0, f64::max),
            Frame::lines_for(height),
        );
        let frame = Frame {
            width,
            height,
            axis: TimeAxis::Moments,
            window: self.window,
            scale,
            above: 0.0,
            below: 0.0,
            is_empty: tops().next().is_none(),
        };
        frame.draw(|pen, plane, _| {
            for is_line in [false, true] {
                for (index, layer) in stack.iter().enumerate() {
                    for piece in table.pieces(layer) {
                        if is_line {
                            draw_line(pen, plane, &frame, &table, layer, index, piece);
                        } else if self.is_stacked || stack.len() == 1 {
                            draw_area(plane, &frame, &table, layer, index, piece);
                        }
                    }
                }
            }
        })
    }

    fn summary(&self, table: &Table) -> Summary {
        let mut sentences: Vec<String> = table
            .names
            .iter()
            .zip(&table.values)
            .map(|(name, values)| self.sentence(table, name, values))
            .collect();
        if sentences.is_empty() {
            sentences.push("There is nothing to show.".to_owned());
        }
        if let Some(last) = table.is_derived.iter().rposition(|is_derived| *is_derived) {
            sentences.push(format!(
                "Values up to {} are derived, not measured.",
                write_place(TimeAxis::Moments, table.at[last])
            ));
        }
        let shown = table.thinned(TABLE_ROWS);
        let mut columns = vec!["Time".to_owned()];
        columns.extend(shown.names.iter().cloned());
        let rows = (0..shown.at.len())
            .map(|row| {
                let mut cells = vec![write_place(TimeAxis::Moments, shown.at[row])];
                cells.extend(shown.values.iter().map(|values| {
                    values[row].map_or_else(|| "—".to_owned(), |value| self.unit.write(value))
                }));
                cells
            })
            .collect();
        Summary {
            sentences,
            columns,
            rows,
        }
    }

    fn sentence(&self, table: &Table, name: &str, values: &[Option<f64>]) -> String {
        let known: Vec<(i64, f64)> = table
            .at
            .iter()
            .zip(values)
            .filter_map(|(at, value)| Some((*at, (*value)?)))
            .collect();
        let lowest = known.iter().copied().reduce(|a, b| if b.1 < a.1 { b } else { a });
        let highest = known.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a });
        let (Some(first), Some(last), Some(lowest), Some(highest)) =
            (known.first(), known.last(), lowest, highest)
        else {
            return format!("{name}: no values in this range.");
        };
        let tell = |(at, value): (i64, f64)| {
            format!(
                "{} on {}",
                self.unit.write(value),
                write_place(TimeAxis::Moments, at)
            )
        };
        format!(
            "{name}: first {}, last {}, lowest {}, highest {}.",
            tell(*first),
            tell(*last),
            tell(lowest),
            tell(highest)
        )
    }
}

/// A layer of a stack: lower and upper edge at each moment.
type Layer = Vec<Option<(f64, f64)>>;

impl Table {
    /// At most so many moments: of each group of neighbours the one with the smallest and the one with the largest
    /// sum, so that peaks stay.
    fn thinned(&self, most: usize) -> Self {
        let every = || 0..self.at.len();
        let kept: Vec<usize> = if self.at.len() <= most {
            every().collect()
        } else {
            let sum = |index: usize| -> f64 { self.values.iter().filter_map(|column| column[index]).sum() };
            let groups = (most / 2).max(1);
            let mut kept = Vec::with_capacity(most);
            for group in 0..groups {
                let (start, end) = (
                    group * self.at.len() / groups,
                    (group + 1) * self.at.len() / groups,
                );
                let lowest = (start..end).reduce(|a, b| if sum(b) < sum(a) { b } else { a });
                let highest = (start..end).reduce(|a, b| if sum(b) >= sum(a) { b } else { a });
                kept.extend(lowest);
                kept.extend(highest);
            }
            kept.extend([0, self.at.len() - 1]);
            kept.sort_unstable();
            kept.dedup();
            kept
        };
        let mut from = 0;
        let follows_gap = kept
            .iter()
            .map(|index| {
                let gap = self.follows_gap[from..=*index].contains(&true);
                from = index + 1;
                gap
            })
            .collect();
        Self {
            at: kept.iter().map(|index| self.at[*index]).collect(),
            is_derived: kept.iter().map(|index| self.is_derived[*index]).collect(),
            follows_gap,
            names: self.names.clone(),
            values: self
                .values
                .iter()
                .map(|column| kept.iter().map(|index| column[*index]).collect())
                .collect(),
        }
    }

    /// Where each series lies. In a stack, a series without a value takes no room.
    fn stack(&self, is_stacked: bool) -> Vec<Layer> {
        let mut below = vec![0.0; self.at.len()];
        self.values
            .iter()
            .map(|column| {
                column
                    .iter()
                    .zip(&mut below)
                    .map(|(value, below)| {
                        let lower = *below;
                        let upper = lower + (*value)?;
                        if is_stacked {
                            *below = upper;
                        }
                        Some((lower, upper))
                    })
                    .collect()
            })
            .collect()
    }

    /// Ranges of moments without a gap in a layer.
    fn pieces(&self, layer: &Layer) -> Vec<std::ops::Range<usize>> {
        let mut pieces = Vec::new();
        let mut start = None;
        for index in 0..=layer.len() {
            let is_known = layer.get(index).is_some_and(Option::is_some);
            let breaks = !is_known || self.follows_gap[index];
            if breaks && let Some(begun) = start.take() {
                pieces.push(begun..index);
            }
            if is_known && start.is_none() {
                start = Some(index);
            }
        }
        pieces
    }

    fn edge(
        &self,
        frame: &Frame,
        layer: &Layer,
        piece: std::ops::Range<usize>,
        upper: bool,
    ) -> Vec<(f64, f64)> {
        piece
            .filter_map(|index| {
                let (low, high) = layer[index]?;
                Some((frame.offset(self.at[index]), if upper { high } else { low }))
            })
            .collect()
    }
}

fn draw_area(
    plane: &Plane<'_>,
    frame: &Frame,
    table: &Table,
    layer: &Layer,
    series: usize,
    piece: std::ops::Range<usize>,
) {
    if piece.len() > 1 {
        let upper = table.edge(frame, layer, piece.clone(), true);
        let lower = table.edge(frame, layer, piece, false);
        plane.surface(Ink::area(series), &upper, &lower);
    }
}

/// A line, dashed where either end of a step is derived. One moment alone is a dot.
fn draw_line(
    pen: &Pen<'_, plotters::coord::Shift>,
    plane: &Plane<'_>,
    frame: &Frame,
    table: &Table,
    layer: &Layer,
    series: usize,
    piece: std::ops::Range<usize>,
) {
    let points = table.edge(frame, layer, piece.clone(), true);
    if let [point] = points[..] {
        pen.dot(Ink::bar(series), plane.pixel(point));
        return;
    }
    let is_derived = |step: usize| {
        let index = piece.start + step;
        table.is_derived[index] || table.is_derived[index + 1]
    };
    let mut start = 0;
    for step in 0..points.len().saturating_sub(1) {
        let ends = step + 2 == points.len() || is_derived(step) != is_derived(step + 1);
        if ends {
            let ink = if is_derived(step) {
                Ink::dashed(series)
            } else {
                Ink::line(series)
            };
            plane.curve(ink, points[start..=step + 1].to_vec());
            start = step + 1;
        }
    }
}
