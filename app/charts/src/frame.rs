//! What charts over time have in common: margins, grid, axes and their labels.

use domain::time_axis::{TimeAxis, Window};
use plotters::coord::Shift;
use plotters::style::text_anchor::HPos;

use crate::figure::{Drawing, Plot};
use crate::ink::Ink;
use crate::label::{TICK_SIZE, width};
use crate::pen::{Pen, Plane, draw};
use crate::ticks::{Scale, time_ticks};

/// Room right of the plot: half a digit, and what a stroke needs.
const RIGHT: f64 = 8.0;
/// Pixels between an axis and its labels.
const LABEL_GAP: f64 = 8.0;
/// Pixels that labels of the time axis keep between them.
const BETWEEN: f64 = 16.0;

/// Where a chart over time has its parts.
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) axis: TimeAxis,
    pub(crate) window: Window,
    pub(crate) scale: Scale,
    /// Rows kept free above the plot, in pixels.
    pub(crate) above: f64,
    /// Room between the plot and the labels of the time axis, in pixels.
    pub(crate) below: f64,
    /// Whether there is nothing to draw; the drawing says so, and has no scale.
    pub(crate) is_empty: bool,
}

impl Frame {
    /// Height for a width: a narrow drawing needs less.
    pub(crate) fn height_for(width: u32) -> u32 {
        if width < 500 { 190 } else { 220 }
    }

    /// Grid lines above zero for a height.
    pub(crate) fn lines_for(height: u32) -> u32 {
        if height < 200 { 3 } else { 4 }
    }

    fn left(&self) -> f64 {
        let widest = self
            .scale
            .ticks
            .iter()
            .map(|(_, label)| width(label, TICK_SIZE))
            .fold(0.0, f64::max);
        widest.ceil() + LABEL_GAP
    }

    /// Where time and values lie.
    pub(crate) fn plot(&self) -> Plot {
        Plot {
            left: self.left(),
            right: f64::from(self.width) - RIGHT,
            top: 8.0 + self.above,
            bottom: f64::from(self.height) - 22.0 - self.below,
            start: self.window.start,
            end: self.window.end,
            low: self.scale.low,
            high: self.scale.high,
        }
    }

    /// Draws the frame, then what is in it, then the labels above everything. Time is given to the plane as ticks
    /// since the start of the window.
    pub(crate) fn draw(&self, content: impl FnOnce(&Pen<'_, Shift>, &Plane<'_>, &Plot)) -> Drawing {
        let plot = self.plot();
        let svg = draw(self.width, self.height, |pen| {
            let plane = pen.plane(
                0.0..self.offset(self.window.end),
                plot.low..plot.high,
                (plot.left, plot.right),
                (plot.top, plot.bottom),
            );
            let level = |value: f64| plane.pixel((0.0, value)).1;
            let has_line = |value: f64| value.abs() > 0.0 && !self.is_empty;
            for (value, _) in self.scale.ticks.iter().filter(|(value, _)| has_line(*value)) {
                pen.line(Ink::GRID, (plot.left, level(*value)), (plot.right, level(*value)));
            }
            content(pen, &plane, &plot);
            pen.line(Ink::AXIS, (plot.left, level(0.0)), (plot.right, level(0.0)));
            for (value, label) in self.scale.ticks.iter().filter(|_| !self.is_empty) {
                pen.text(
                    Ink::TICK,
                    HPos::Right,
                    (plot.left - LABEL_GAP, level(*value) + 4.0),
                    label,
                );
            }
            if self.is_empty {
                let middle = (
                    f64::midpoint(plot.left, plot.right),
                    f64::midpoint(plot.top, plot.bottom),
                );
                pen.text(Ink::TICK, HPos::Center, middle, "No values in this range");
            }
            self.draw_time_labels(pen, &plot);
        });
        Drawing {
            width: self.width,
            height: self.height,
            svg: svg.into(),
            plot: Some(plot),
        }
    }

    fn draw_time_labels(&self, pen: &Pen<'_, Shift>, plot: &Plot) {
        let room = plot.right - plot.left;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small positive count"
        )]
        let most = (room / if self.width < 500 { 80.0 } else { 110.0 })
            .floor()
            .max(1.0) as u32;
        let mut free_from = 0.0;
        for (at, label) in time_ticks(self.axis, self.window, most) {
            let half = width(&label, TICK_SIZE) / 2.0;
            let tick = plot.x(at);
            // Kept inside the drawing: shifted a little at its ends.
            let middle = tick.max(half).min(f64::from(self.width) - half);
            if middle - half < free_from {
                continue;
            }
            free_from = middle + half + BETWEEN;
            let floor = plot.bottom + self.below;
            pen.line(Ink::AXIS, (tick, floor), (tick, floor + 4.0));
            pen.text(
                Ink::TICK,
                HPos::Center,
                (middle, f64::from(self.height) - 5.0),
                &label,
            );
        }
    }

    /// Ticks since the start of the window.
    pub(crate) fn offset(&self, ticks: i64) -> f64 {
        let offset = i128::from(ticks) - i128::from(self.window.start);
        #[expect(clippy::cast_precision_loss, reason = "places on a screen")]
        let offset = offset as f64;
        offset
    }
}
