//! Horizontal bars: what each table costs, and what compression made of it.

use domain::quantity::{percent, saved_percent};
use plotters::coord::Shift;
use plotters::style::text_anchor::HPos;

use crate::figure::{Drawing, Figure, Key, Mark, Readout, Summary, WIDTHS};
use crate::ink::Ink;
use crate::label::{NAME_SIZE, fitted, width as text_width};
use crate::pen::{Pen, draw};
use crate::unit::Unit;

/// Pixels between a text and its bar.
const GAP: f64 = 12.0;
/// Most rows: more is a table's work.
const MOST_ROWS: usize = 40;

/// What one table costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Its name.
    pub label: String,
    /// Bytes of each of the chart's parts.
    pub parts: Vec<u64>,
}

/// What each table costs, divided into parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarChart {
    /// Its title.
    pub title: String,
    /// What the parts of a bar are; four at most have a colour of their own.
    pub parts: Vec<String>,
    /// The bars, in the order they are shown.
    pub bars: Vec<Bar>,
}

/// A table before and after compression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Its name.
    pub label: String,
    /// Bytes its compressed chunks had before.
    pub before_bytes: u64,
    /// Bytes they had after.
    pub after_bytes: u64,
}

impl Pair {
    fn saved(&self) -> String {
        match saved_percent(self.before_bytes, self.after_bytes) {
            None => "nothing compressed".to_owned(),
            Some(share) if share < 0.0 => format!("{} larger", percent(-share)),
            Some(share) => format!("{} saved", percent(share)),
        }
    }
}

/// Tables before and after compression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairChart {
    /// Its title.
    pub title: String,
    /// The pairs, in the order they are shown.
    pub pairs: Vec<Pair>,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "lengths on a screen, and texts of three digits"
)]
fn float(bytes: u64) -> f64 {
    bytes as f64
}

fn write_bytes(bytes: u64) -> String {
    Unit::Bytes.write(float(bytes))
}

/// Where names, bars and values stand: names left of the bars, or above them where it is narrow.
struct Columns {
    narrow: bool,
    width: f64,
    left: f64,
    right: f64,
}

impl Columns {
    /// `beside` pixels stay free right of the longest bar.
    fn new<'t>(
        width: u32,
        names: impl Iterator<Item = &'t str>,
        values: impl Iterator<Item = String>,
        beside: f64,
    ) -> Self {
        let narrow = width < 500;
        let total = f64::from(width);
        let widest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max).ceil();
        let names = widest(&mut names.map(|name| text_width(name, NAME_SIZE)));
        let values = widest(&mut values.map(|value| text_width(&value, NAME_SIZE)));
        let left = if narrow { 0.0 } else { names.min(total * 0.3) + GAP };
        Self {
            narrow,
            width: total,
            left,
            right: (total - values - GAP - beside).max(left + 40.0),
        }
    }

    /// A row's name, cut where it is too long. `middle` is the middle of the row's bars, `top` its upper end.
    fn name(&self, pen: &Pen<'_, Shift>, name: &str, top: f64, middle: f64) {
        let room = if self.narrow { self.width } else { self.left - GAP };
        let y = if self.narrow { top + 13.0 } else { middle + 4.5 };
        pen.text(Ink::NAME, HPos::Left, (0.0, y), &fitted(name, NAME_SIZE, room));
    }

    fn value(&self, pen: &Pen<'_, Shift>, value: &str, middle: f64) {
        pen.text(Ink::VALUE, HPos::Right, (self.width, middle + 4.5), value);
    }

    fn length(&self, bytes: u64, largest: u64) -> f64 {
        (self.right - self.left) * float(bytes) / float(largest.max(1))
    }
}

impl BarChart {
    /// Draws it for every width.
    pub fn draw(&self) -> Figure {
        let total = |bar: &Bar| {
            bar.parts
                .iter()
                .fold(0, |sum: u64, part| sum.saturating_add(*part))
        };
        let bars: Vec<(&Bar, u64)> = self
            .bars
            .iter()
            .take(MOST_ROWS)
            .map(|bar| (bar, total(bar)))
            .collect();
        let largest = bars.iter().map(|bar| bar.1).max().unwrap_or(0);
        let mut columns = vec!["Table".to_owned(), "Total".to_owned()];
        columns.extend(self.parts.iter().cloned());
        let lowest = bars.iter().min_by_key(|bar| bar.1);
        let highest = bars.iter().max_by_key(|bar| bar.1);
        let sentence = match (lowest, highest) {
            (Some(lowest), Some(highest)) => format!(
                "{} tables: the largest is {} with {}, the smallest {} with {}.",
                bars.len(),
                highest.0.label,
                write_bytes(highest.1),
                lowest.0.label,
                write_bytes(lowest.1)
            ),
            _ => "There is no table to show.".to_owned(),
        };
        Figure {
            title: self.title.clone(),
            drawings: WIDTHS
                .into_iter()
                .map(|width| draw_bars(&bars, largest, width))
                .collect(),
            legend: self
                .parts
                .iter()
                .enumerate()
                .filter(|_| self.parts.len() > 1)
                .map(|(index, part)| Key {
                    label: part.clone(),
                    mark: Mark::Square,
                    class: Ink::bar(index).class().to_owned(),
                })
                .collect(),
            readout: Readout::default(),
            summary: Summary {
                sentences: vec![sentence],
                columns,
                rows: bars
                    .iter()
                    .map(|(bar, total)| {
                        let mut cells = vec![bar.label.clone(), write_bytes(*total)];
                        cells.extend(bar.parts.iter().map(|part| write_bytes(*part)));
                        cells
                    })
                    .collect(),
            },
        }
    }
}

fn draw_bars(bars: &[(&Bar, u64)], largest: u64, width: u32) -> Drawing {
    let columns = Columns::new(
        width,
        bars.iter().map(|(bar, _)| bar.label.as_str()),
        bars.iter().map(|(_, total)| write_bytes(*total)),
        0.0,
    );
    let row_height = if columns.narrow { 48 } else { 30 };
    let height = rows_height(bars.len(), row_height);
    let svg = draw(width, height, |pen| {
        let mut top = 0.0;
        for (bar, total) in bars {
            let middle = top + if columns.narrow { 27.0 } else { 15.0 };
            columns.name(pen, &bar.label, top, middle);
            columns.value(pen, &write_bytes(*total), middle);
            let mut below: u64 = 0;
            for (index, part) in bar.parts.iter().enumerate() {
                let start = columns.left + columns.length(below, largest);
                below = below.saturating_add(*part);
                let end = columns.left + columns.length(below, largest);
                if *part > 0 {
                    pen.rect(
                        Ink::bar(index),
                        (start, middle - 6.0),
                        (end.max(start + 1.0), middle + 6.0),
                    );
                }
            }
            top += f64::from(row_height);
        }
    });
    Drawing {
        width,
        height,
        svg: svg.into(),
        plot: None,
    }
}

fn rows_height(rows: usize, row_height: u32) -> u32 {
    u32::try_from(rows).unwrap_or(0).max(1) * row_height
}

impl PairChart {
    /// Draws it for every width.
    pub fn draw(&self) -> Figure {
        let pairs: Vec<&Pair> = self.pairs.iter().take(MOST_ROWS).collect();
        let sum = |bytes: fn(&Pair) -> u64| {
            pairs
                .iter()
                .fold(0, |sum: u64, pair| sum.saturating_add(bytes(pair)))
        };
        let all = Pair {
            label: String::new(),
            before_bytes: sum(|pair| pair.before_bytes),
            after_bytes: sum(|pair| pair.after_bytes),
        };
        Figure {
            title: self.title.clone(),
            drawings: WIDTHS
                .into_iter()
                .map(|width| draw_pairs(&pairs, width))
                .collect(),
            legend: [("before", Ink::RAW), ("after", Ink::PACKED)]
                .map(|(label, ink)| Key {
                    label: label.to_owned(),
                    mark: Mark::Square,
                    class: ink.class().to_owned(),
                })
                .into(),
            readout: Readout::default(),
            summary: Summary {
                sentences: vec![format!(
                    "All together: {} before, {} after, {}.",
                    write_bytes(all.before_bytes),
                    write_bytes(all.after_bytes),
                    all.saved()
                )],
                columns: ["Table", "Before", "After", "Saved"].map(str::to_owned).into(),
                rows: pairs
                    .iter()
                    .map(|pair| {
                        vec![
                            pair.label.clone(),
                            write_bytes(pair.before_bytes),
                            write_bytes(pair.after_bytes),
                            pair.saved(),
                        ]
                    })
                    .collect(),
            },
        }
    }
}

fn draw_pairs(pairs: &[&Pair], width: u32) -> Drawing {
    let columns = Columns::new(
        width,
        pairs.iter().map(|pair| pair.label.as_str()),
        pairs.iter().map(|pair| pair.saved()),
        // "999 MB" at the end of a bar.
        48.0,
    );
    let row_height = if columns.narrow { 66 } else { 46 };
    let height = rows_height(pairs.len(), row_height);
    let largest = pairs
        .iter()
        .map(|pair| pair.before_bytes.max(pair.after_bytes))
        .max()
        .unwrap_or(0);
    let svg = draw(width, height, |pen| {
        let mut top = 0.0;
        for pair in pairs {
            let middle = top + if columns.narrow { 34.0 } else { 22.0 };
            columns.name(pen, &pair.label, top, middle);
            columns.value(pen, &pair.saved(), middle);
            top += f64::from(row_height);
            if pair.before_bytes == 0 {
                continue;
            }
            for (ink, bytes, upper) in [
                (Ink::RAW, pair.before_bytes, middle - 12.0),
                (Ink::PACKED, pair.after_bytes, middle + 1.0),
            ] {
                let length = columns.length(bytes, largest);
                if bytes > 0 {
                    let end = columns.left + length.max(1.0);
                    pen.rect(ink, (columns.left, upper), (end, upper + 11.0));
                }
                // The value stands at the end of its bar where there is room, as that is where the eye is.
                let text = write_bytes(bytes);
                pen.text(
                    Ink::TICK,
                    HPos::Left,
                    (columns.left + length + 6.0, upper + 9.5),
                    &text,
                );
            }
        }
    });
    Drawing {
        width,
        height,
        svg: svg.into(),
        plot: None,
    }
}
