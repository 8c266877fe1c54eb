//! What a chart becomes: drawings for several widths, and what is said about it once.

use domain::quantity::minute;
use domain::time_axis::{TimeAxis, moment};
use serde::{Deserialize, Serialize};

use crate::markup::Markup;
use crate::unit::Unit;

/// The widths charts are drawn for, in pixels; the style sheet shows the one that fits (`style/_charts.scss`).
pub const WIDTHS: [u32; 4] = [340, 540, 760, 1100];

/// A chart, drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Its title.
    pub title: String,
    /// Its drawings, narrowest first.
    pub drawings: Vec<Drawing>,
    /// What its colours and shapes mean; empty where it needs no saying.
    pub legend: Vec<Key>,
    /// What is shown at a place of the time axis; without points where the values stand in the drawing.
    pub readout: Readout,
    /// The same in words and numbers.
    pub summary: Summary,
}

/// A chart, drawn for one width.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drawing {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The SVG element.
    pub svg: Markup,
    /// Where time and values lie; `None` where there is no time axis.
    pub plot: Option<Plot>,
}

/// Where a drawing shows time and values, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Plot {
    /// Left end of the time axis.
    pub left: f64,
    /// Right end.
    pub right: f64,
    /// Upper end of the value axis.
    pub top: f64,
    /// Lower end.
    pub bottom: f64,
    /// First tick of the time axis.
    pub start: i64,
    /// Its last.
    pub end: i64,
    /// Value at the lower end.
    pub low: f64,
    /// Value at the upper end.
    pub high: f64,
}

impl Plot {
    /// Pixels from the left at which a tick lies.
    pub fn x(&self, ticks: i64) -> f64 {
        let length = float(self.end.saturating_sub(self.start)).max(1.0);
        self.left + (self.right - self.left) * float(ticks.saturating_sub(self.start)) / length
    }

    /// Pixels from the top at which a value lies.
    pub fn y(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * (value - self.low) / (self.high - self.low)
    }

    /// The tick at so many pixels from the left, kept within the axis.
    pub fn ticks(&self, x: f64) -> i64 {
        let share = ((x - self.left) / (self.right - self.left)).clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, reason = "a part of the axis's length")]
        let offset = (share * float(self.end.saturating_sub(self.start))) as i64;
        self.start.saturating_add(offset)
    }
}

#[expect(clippy::cast_precision_loss, reason = "places on a screen")]
fn float(ticks: i64) -> f64 {
    ticks as f64
}

/// The shape in a legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A filled square.
    Square,
    /// A line.
    Line,
    /// A dashed line.
    Dashed,
    /// The lower half of a square.
    Half,
    /// A square whose upper and lower thirds are filled.
    Split,
    /// A square's outline.
    Outline,
    /// A dot.
    Dot,
    /// A cross.
    Cross,
    /// A triangle that points up.
    Triangle,
}

/// One entry of a legend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// What it is.
    pub label: String,
    /// Its shape.
    pub mark: Mark,
    /// Class that colours it.
    pub class: String,
}

/// The values of a chart by place on its time axis. Bounded by what a screen shows, not by what was measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Readout {
    /// What the ticks are.
    pub axis: TimeAxis,
    /// Places, ascending.
    pub at: Vec<i64>,
    /// Where each ends, where places are ranges (one that is a moment ends where it begins); empty where all are moments.
    pub until: Vec<i64>,
    /// What stands at each place.
    pub lines: Vec<ReadoutLine>,
    /// A name for each place (of a chunk, say); empty where they have none.
    pub names: Vec<String>,
    /// Whether the lines that lie on the scale lie on top of each other.
    pub stacked: bool,
}

/// Thousandths are more than anybody reads, and come back from JSON as they were.
#[cfg(feature = "draw")]
pub(crate) fn rounded(value: f64) -> f64 {
    if value.abs() < 1e12 {
        (value * 1000.0 + 0.5).floor() / 1000.0
    } else {
        value.floor()
    }
}

/// One series of a readout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadoutLine {
    /// What it is.
    pub name: String,
    /// Class that colours its dot; empty for values that the drawing does not show.
    pub class: String,
    /// The unit.
    pub unit: Unit,
    /// A value for each place; `None` in gaps.
    pub values: Vec<Option<f64>>,
}

impl Readout {
    /// The place nearest to a tick; for ranges, the one around it if there is one.
    pub fn nearest(&self, ticks: i64) -> Option<usize> {
        let after = self.at.partition_point(|at| *at <= ticks);
        let before = after.checked_sub(1);
        let Some(before) = before else {
            return (!self.at.is_empty()).then_some(0);
        };
        if !self.until.is_empty() || after == self.at.len() {
            return Some(before);
        }
        let is_nearer = self.at[after].abs_diff(ticks) < self.at[before].abs_diff(ticks);
        Some(if is_nearer { after } else { before })
    }

    /// The middle of a place, in ticks: where its crosshair stands.
    pub fn middle(&self, index: usize) -> i64 {
        let at = self.at[index];
        match self.until.get(index) {
            Some(until) => at.midpoint(*until),
            None => at,
        }
    }

    /// The title of a place: its name or moment.
    pub fn title(&self, index: usize) -> String {
        let from = write_place(self.axis, self.at[index]);
        let time = match self.until.get(index) {
            Some(until) if *until > self.at[index] => format!("{from} to {}", write_place(self.axis, *until)),
            _ => from,
        };
        match self.names.get(index) {
            Some(name) if !name.is_empty() => format!("{name}, {time}"),
            _ => time,
        }
    }

    /// Each line that has a value at a place: its name, its class and the value as people read it.
    pub fn texts(&self, index: usize) -> impl Iterator<Item = (&str, &str, String)> {
        self.lines.iter().filter_map(move |line| {
            let value = (*line.values.get(index)?)?;
            Some((line.name.as_str(), line.class.as_str(), line.unit.write(value)))
        })
    }

    /// Where the dots of a place lie on the value axis, with their class.
    pub fn dots(&self, index: usize) -> Vec<(f64, &str)> {
        let mut below = 0.0;
        let mut dots = Vec::new();
        for line in self.lines.iter().filter(|line| !line.class.is_empty()) {
            if let Some(value) = line.values.get(index).copied().flatten() {
                dots.push((below + value, line.class.as_str()));
                if self.stacked {
                    below += value;
                }
            }
        }
        dots
    }
}

/// A place on an axis in full: `22 Nov 2026 21:04 UTC`, or the number.
pub(crate) fn write_place(axis: TimeAxis, ticks: i64) -> String {
    match axis {
        TimeAxis::Moments => format!("{} UTC", minute(moment(ticks))),
        TimeAxis::Numbers => write_number(ticks),
    }
}

/// A number with its thousands separated.
pub(crate) fn write_number(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", domain::quantity::thousands(number.unsigned_abs()))
}

/// A chart in words and numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// What it shows: first, last, lowest and highest value of each series, and what is out of sight.
    pub sentences: Vec<String>,
    /// Heads of the table.
    pub columns: Vec<String>,
    /// Its rows, at most a page of them; the first cell names the row.
    pub rows: Vec<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readout(at: &[i64], until: &[i64]) -> Readout {
        Readout {
            axis: TimeAxis::Numbers,
            at: at.to_vec(),
            until: until.to_vec(),
            ..Readout::default()
        }
    }

    #[test]
    fn the_nearest_place_is_read_out() {
        let moments = readout(&[0, 10, 20], &[]);
        for (ticks, index) in [(-5, 0), (4, 0), (6, 1), (19, 2), (99, 2)] {
            assert_eq!(moments.nearest(ticks), Some(index), "{ticks}");
        }
        let ranges = readout(&[0, 10], &[10, 20]);
        assert_eq!(ranges.nearest(9), Some(0));
        assert_eq!(readout(&[], &[]).nearest(3), None);
    }

    #[test]
    fn a_pixel_and_its_tick_belong_together() {
        let plot = Plot {
            left: 60.0,
            right: 1060.0,
            top: 10.0,
            bottom: 110.0,
            start: 1000,
            end: 2000,
            low: 0.0,
            high: 50.0,
        };
        assert_eq!(plot.ticks(plot.x(1500)), 1500);
        assert_eq!(plot.ticks(-10.0), 1000);
        assert_eq!(plot.ticks(9999.0), 2000);
        assert!((plot.y(25.0) - 60.0).abs() < 1e-9);
    }

    #[test]
    fn dots_of_stacked_series_lie_on_each_other() {
        let line = |value| ReadoutLine {
            name: "a".to_owned(),
            class: "b1".to_owned(),
            unit: Unit::Count,
            values: vec![Some(value)],
        };
        let mut readout = readout(&[0], &[]);
        readout.lines = vec![line(3.0), line(4.0)];
        let heights = |readout: &Readout| readout.dots(0).iter().map(|dot| dot.0).collect::<Vec<_>>();
        assert_eq!(heights(&readout), [3.0, 4.0]);
        readout.stacked = true;
        assert_eq!(heights(&readout), [3.0, 7.0]);
    }
}
