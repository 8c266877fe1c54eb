//! What the colours and shapes of a chart mean.

use charts::{Key, Mark};
use leptos::prelude::*;

/// The entries of a legend.
#[component]
pub(super) fn ChartLegend(keys: Vec<Key>) -> impl IntoView {
    (!keys.is_empty()).then(|| {
        let keys = keys
            .into_iter()
            .map(|key| view! { <span class="key"><KeyMark mark=key.mark class=key.class /> {key.label}</span> })
            .collect_view();
        view! { <span class="legend">{keys}</span> }
    })
}

#[component]
fn KeyMark(mark: Mark, class: String) -> impl IntoView {
    // Lines take the colour of the class, which fills; so they are drawn as shapes.
    let shape = match mark {
        Mark::Square => "M1 0h8a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1h-8a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1z",
        Mark::Line => "M0 4h10v2h-10z",
        Mark::Dashed => "M0 4h2v2h-2zM4 4h2v2h-2zM8 4h2v2h-2z",
        // The upper part of what is split has a colour of its own.
        Mark::Half | Mark::Split => "M0 5h10v5h-10z",
        Mark::Outline => "M0 0h10v1.5h-10zM0 8.5h10v1.5h-10z",
        Mark::Dot => "M5 1.5a3.5 3.5 0 0 1 0 7a3.5 3.5 0 0 1 0-7z",
        Mark::Cross => "M1.5 0 5 3.5 8.5 0 10 1.5 6.5 5 10 8.5 8.5 10 5 6.5 1.5 10 0 8.5 3.5 5 0 1.5z",
        Mark::Triangle => "M5 1 10 9.5H0z",
    };
    view! {
        <svg class="key-mark" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true" focusable="false">
            {(mark == Mark::Split).then(|| view! { <path class="raw" d="M0 0h10v3h-10z" /> })}
            <path class=class d=shape />
        </svg>
    }
}
