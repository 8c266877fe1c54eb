//! A chart: title and legend, its drawings (of which the style sheet shows the one that fits), the readout below, and
//! everything once more in words and numbers.

use charts::{Drawing, Readout};
use domain::chart_range::{ChartRange, without_choice};
use domain::time_axis::Window;
use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::drawn::DrawnChart;
use super::held::pointing_in;
use super::overlay::{Overlay, Pointing};
use crate::browser::{capture_pointer, place_in_element, width_of_element};
use crate::components::Fragment;

/// A drag shorter than this many pixels is a click.
const SHORTEST_BRUSH: f64 = 6.0;
/// Places that an arrow key moves by with Shift.
const STRIDE: usize = 10;

/// A chart in a card of its own.
#[component]
pub fn Chart(
    /// What the server drew.
    figure: DrawnChart,
    /// Whether dragging over the chart shows that part of the axis (`from` and `to` in the address).
    #[prop(default = true)]
    zoom: bool,
    /// Called with the index of the place that Enter was pressed on: a bin of a chunk map. A click picks nothing, as two of
    /// them show everything again.
    #[prop(optional, into)]
    on_pick: Option<Callback<usize>>,
    /// What else stands beside the title: links to ranges, an export.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let DrawnChart {
        title,
        label,
        drawings,
        legend,
        readout,
        numbers,
    } = figure;
    let is_live = !readout.at.is_empty();
    let drawn = drawings
        .iter()
        .map(|drawing| view! { <div class=format!("at at-{}", drawing.width) inner_html=drawing.svg.to_string()></div> })
        .collect_view();
    let plot = if is_live {
        let readout = StoredValue::new(readout);
        let reader = Reader {
            pointing: pointing_in(&title, readout),
            drawings: StoredValue::new(drawings),
            readout,
            zoom,
            on_pick,
        };
        view! { <LivePlot reader label>{drawn}</LivePlot> }.into_any()
    } else {
        view! { <div class="chart-plot" role="img" aria-label=label>{drawn}</div> }.into_any()
    };
    view! {
        <figure class="card chart-card">
            <figcaption>
                <h2>{title}</h2>
                <span class="end"><span class="fragment" inner_html=legend.to_string()></span> {children.map(|children| children())}</span>
            </figcaption>
            <div class="chart">{plot}</div>
            <details class="numbers">
                <summary>"Numbers"</summary>
                <Fragment markup=numbers />
            </details>
        </figure>
    }
}

/// What a plot that answers to pointer and keys needs.
#[derive(Clone, Copy)]
struct Reader {
    pointing: RwSignal<Pointing>,
    drawings: StoredValue<Vec<Drawing>>,
    readout: StoredValue<Readout>,
    zoom: bool,
    on_pick: Option<Callback<usize>>,
}

impl Reader {
    /// The drawing that is on screen and where in it the pointer is, in its pixels.
    fn position(self, event: &PointerEvent) -> Option<(usize, f64)> {
        let (x, width) = place_in_element(event)?;
        self.drawings.with_value(|drawings| {
            let index = Pointing::drawing_for(width, drawings.len());
            let scale = f64::from(drawings.get(index)?.width) / width.max(1.0);
            Some((index, x * scale))
        })
    }

    fn place_at(self, drawing: usize, x: f64) -> Option<usize> {
        let ticks = self
            .drawings
            .with_value(|drawings| Some(drawings.get(drawing)?.plot?.ticks(x)))?;
        self.readout.with_value(|readout| readout.nearest(ticks))
    }

    fn begin(self, event: &PointerEvent) {
        if let Some((_, x)) = self.position(event).filter(|_| self.zoom && event.button() == 0) {
            capture_pointer(event);
            self.pointing.update(|pointing| pointing.brush = Some((x, x)));
        }
    }

    fn follow(self, event: &PointerEvent) {
        if let Some((drawing, x)) = self.position(event) {
            let place = self.place_at(drawing, x);
            self.pointing.update(|pointing| {
                *pointing = Pointing {
                    drawing,
                    place,
                    brush: pointing.brush.map(|(start, _)| (start, x)),
                };
            });
        }
    }

    /// The part of the axis that was brushed; `None` after a click.
    fn end(self) -> Option<Window> {
        let pointing = self.pointing.get_untracked();
        self.pointing.update(|pointing| pointing.brush = None);
        let (from, to) = pointing
            .brush
            .filter(|(from, to)| (from - to).abs() >= SHORTEST_BRUSH)?;
        self.drawings.with_value(|drawings| {
            let plot = drawings.get(pointing.drawing)?.plot?;
            Some(Window::new(plot.ticks(from.min(to)), plot.ticks(from.max(to))))
        })
    }

    fn leave(self) {
        // The browser tells of what leaves a page that is gone, too.
        let _ = self.pointing.try_update(|pointing| {
            pointing.place = None;
            pointing.brush = None;
        });
    }

    /// Moves by keys; whether the key meant something here.
    fn step(self, event: &KeyboardEvent) -> bool {
        let last = self
            .readout
            .with_value(|readout| readout.at.len())
            .saturating_sub(1);
        let place = self.pointing.with_untracked(|pointing| pointing.place);
        let stride = if event.shift_key() { STRIDE } else { 1 };
        let next = match event.key().as_str() {
            "ArrowLeft" => place.map_or(last, |place| place.saturating_sub(stride)),
            "ArrowRight" => place.map_or(0, |place| (place + stride).min(last)),
            "Home" => 0,
            "End" => last,
            "Enter" => {
                if let (Some(on_pick), Some(place)) = (self.on_pick, place) {
                    on_pick.run(place);
                }
                return place.is_some();
            }
            "Escape" => {
                self.leave();
                return place.is_some();
            }
            _ => return false,
        };
        let drawings = self.drawings.with_value(Vec::len);
        self.pointing.update(|pointing| {
            if let Some(width) = width_of_element(event) {
                pointing.drawing = Pointing::drawing_for(width, drawings);
            }
            pointing.place = Some(next);
        });
        true
    }
}

/// A plot with its readout.
#[component]
fn LivePlot(reader: Reader, label: String, children: Children) -> impl IntoView {
    let location = use_location();
    let navigate = use_navigate();
    let go = move |query: String| {
        let options = NavigateOptions {
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&format!("{}{query}", location.pathname.get_untracked()), options);
    };
    let zoom_to = {
        let go = go.clone();
        move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            if let Some(window) = reader.end() {
                let axis = reader.readout.with_value(|readout| readout.axis);
                let query = location.search.get_untracked();
                go(ChartRange::Between(window).replaced_in(axis, &query));
            }
        }
    };
    let zoom_out = move |_| {
        let query = location.search.get_untracked();
        if reader.zoom && query.contains("from=") {
            go(without_choice(&query));
        }
    };
    view! {
        <div
            class="chart-plot"
            class:zooms=reader.zoom
            role="img"
            tabindex="0"
            aria-label=label
            on:pointerdown=move |event| reader.begin(&event)
            on:pointermove=move |event| reader.follow(&event)
            on:pointerup=zoom_to
            on:pointerleave=move |_| reader.leave()
            on:pointercancel=move |_| reader.leave()
            on:dblclick=zoom_out
            on:keydown=move |event| if reader.step(&event) { event.prevent_default() }
            on:blur=move |_| reader.leave()
        >
            {children()}
            <Overlay pointing=reader.pointing drawings=reader.drawings readout=reader.readout />
        </div>
        <ReadoutLine reader />
    }
}

/// The values of the place that is pointed at; of the last one while none is. It has its room whether it is full or not.
#[component]
fn ReadoutLine(reader: Reader) -> impl IntoView {
    let place = Memo::new(move |_| reader.pointing.with(|pointing| pointing.place));
    let parts = move || {
        reader.readout.with_value(|readout| {
            let index = place.get().unwrap_or(readout.at.len().saturating_sub(1));
            let values = readout
                .texts(index)
                .map(|(name, class, text)| {
                    let mark = (!class.is_empty()).then(|| {
                        view! {
                            <svg class="key-mark" viewBox="0 0 10 10" width="8" height="8" aria-hidden="true" focusable="false">
                                <circle class=class.to_owned() cx="5" cy="5" r="5" />
                            </svg>
                        }
                    });
                    view! { <span class="key">{mark} {name.to_owned()} " " <strong>{text}</strong></span> }
                })
                .collect_view();
            view! { <span class="readout-at">{readout.title(index)}</span> {values} }
        })
    };
    view! { <p class="readout" role="status">{parts}</p> }
}
