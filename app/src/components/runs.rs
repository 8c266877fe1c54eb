//! The runs of jobs over time.

use domain::chart_range::ChartRange;
use domain::history::Range;
use domain::time_axis::TimeAxis;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::minutes::minutes;
use crate::charts::{Chart, RangeLinks};
use crate::loading::load_again;
use crate::server_fns::draw_runs;

/// The range that is shown unless the address says otherwise.
const DEFAULT: Range = Range::Day;

/// The range in the page's address.
pub(crate) fn runs_range() -> Memo<ChartRange> {
    let parameters = use_query_map();
    Memo::new(move |_| {
        parameters.with(|map| ChartRange::from_parameters(TimeAxis::Moments, DEFAULT, |name| map.get(name)))
    })
}

/// What an address says of a range, for a list beside the chart to keep; empty for the default.
pub(crate) fn range_query(range: ChartRange) -> String {
    if range == ChartRange::Last(DEFAULT) {
        String::new()
    } else {
        range.replaced_in(TimeAxis::Moments, "")
    }
}

/// The chart. It is drawn anew once a minute: history has no more than that.
#[component]
pub(crate) fn RunsChart(
    /// The database.
    database: Memo<String>,
    /// The job; `None` for those that need attention most.
    job: Signal<Option<i32>>,
    /// What is shown of the time axis.
    range: Memo<ChartRange>,
) -> impl IntoView {
    let minutes = minutes();
    let figure = load_again(
        move || (database.get(), job.get(), range.get()),
        move || minutes.get(),
        |(database, job, range)| draw_runs(database, job, range),
    );
    view! {
        <Transition fallback=|| view! { <div class="skeleton runs"><span class="bone chart-bone"></span></div> }>
            {move || Suspend::new(async move {
                // Why it could not be loaded is said by the page around it.
                figure.await.ok().flatten().map(|figure| {
                    let range = range.get_untracked();
                    view! { <div class="runs"><Chart figure><RangeLinks range /></Chart></div> }
                })
            })}
        </Transition>
    }
    .into_any()
}
