//! Crosshair, dots and brush over a drawing, in the drawing's own pixels.

use charts::{Drawing, Readout};
use leptos::prelude::*;

/// What somebody points at.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Pointing {
    /// Which drawing is on screen.
    pub(super) drawing: usize,
    /// The place of the readout.
    pub(super) place: Option<usize>,
    /// Both ends of what is being brushed, in the drawing's pixels.
    pub(super) brush: Option<(f64, f64)>,
}

impl Pointing {
    /// The drawing that the style sheet shows in a plot of this width: the same steps as in `style/_charts.scss`.
    pub(super) fn drawing_for(width: f64, drawings: usize) -> usize {
        let step = [460.0, 650.0, 930.0]
            .iter()
            .filter(|step| width >= **step)
            .count();
        step.min(drawings.saturating_sub(1))
    }
}

/// The overlay of the drawing that is on screen.
#[component]
pub(super) fn Overlay(
    pointing: RwSignal<Pointing>,
    drawings: StoredValue<Vec<Drawing>>,
    readout: StoredValue<Readout>,
) -> impl IntoView {
    move || {
        let Pointing {
            drawing,
            place,
            brush,
        } = pointing.get();
        let (size, plot) = drawings.with_value(|drawings| {
            let drawing = drawings.get(drawing)?;
            Some(((drawing.width, drawing.height), drawing.plot?))
        })?;
        let crosshair = place.map(|place| {
            let (middle, dots) = readout.with_value(|readout| {
                let dots: Vec<_> = readout
                    .dots(place)
                    .into_iter()
                    .map(|(value, class)| (plot.y(value), class.to_owned()))
                    .collect();
                (readout.middle(place), dots)
            });
            let x = plot.x(middle).clamp(plot.left, plot.right);
            let dots = dots
                .into_iter()
                .map(|(y, class)| view! { <circle class=class cx=pixels(x) cy=pixels(y) r="3.5" /> })
                .collect_view();
            view! {
                <line class="crosshair" x1=pixels(x) x2=pixels(x) y1=pixels(plot.top) y2=pixels(plot.bottom) />
                {dots}
            }
        });
        let brushed = brush.map(|(from, to)| {
            let (left, right) = (from.min(to).max(plot.left), from.max(to).min(plot.right));
            let (width, height) = ((right - left).max(0.0), plot.bottom - plot.top);
            view! { <rect class="brush" x=pixels(left) y=pixels(plot.top) width=pixels(width) height=pixels(height) /> }
        });
        Some(view! {
            <svg class="overlay" viewBox=format!("0 0 {} {}", size.0, size.1) aria-hidden="true" focusable="false">
                {brushed}
                {crosshair}
            </svg>
        })
    }
}

fn pixels(value: f64) -> String {
    format!("{value:.1}")
}
