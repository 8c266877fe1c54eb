//! Links to the ranges of the time axis. The range stands in the address, beside everything else that stands there.

use domain::chart_range::ChartRange;
use domain::history::Range;
use domain::time_axis::TimeAxis;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// `24h · 7d · 30d · 90d · 1y · all`, the one that is shown marked.
#[component]
pub fn RangeLinks(
    /// What the page shows.
    range: ChartRange,
    /// Its time axis.
    #[prop(optional)]
    axis: TimeAxis,
) -> impl IntoView {
    let location = use_location();
    let links = Range::ALL
        .into_iter()
        // Days mean nothing to integer time.
        .filter(|last| axis == TimeAxis::Moments || *last == Range::All)
        .map(|last| {
            let current = (range == ChartRange::Last(last)).then_some("true");
            let href = move || {
                let query = ChartRange::Last(last).replaced_in(axis, &location.search.get());
                format!("{}{query}", location.pathname.get())
            };
            view! {
                <a href=href data-noscroll="" aria-current=current title=format!("Show {}", last.label())>
                    {last.as_str()}
                </a>
            }
        })
        .collect_view();
    view! { <nav class="ranges" aria-label="Time range">{links}</nav> }
}
