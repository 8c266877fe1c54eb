//! What is to be said of a reading before its facts: that it failed, or is still under way.

use domain::reading::Reading;
use leptos::prelude::*;

use super::notice::{Notice, ProblemNotice, Tone};

/// Notices about the source of a page; none while all is well.
#[component]
pub(crate) fn SourceNotices<T: 'static>(
    /// The reading; its facts are left alone.
    reading: Reading<T>,
    /// What appears on the page as soon as there is a reading, with its verb: `The jobs appear`.
    what: &'static str,
) -> impl IntoView {
    let is_starting = reading.is_starting();
    let has_figures = reading.facts.is_some();
    view! {
        {reading.problem.map(|report| view! { <ProblemNotice report has_figures /> })}
        {is_starting.then(|| view! {
            <Notice tone=Tone::Plain title="The first reading is under way">
                <p>{format!("{what} here as soon as it is done.")}</p>
            </Notice>
        })}
    }
    .into_any()
}
