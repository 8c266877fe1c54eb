//! A table's bytes as a bar: as long as its share of the largest one, divided into what it is made of.

use domain::hypertable::TableSize;
use leptos::prelude::*;

/// Length of a full bar in the drawing's own unit; the page scales it.
const FULL: u64 = 960;

/// Bars are drawn in SVG: the content security policy allows no inline style.
#[component]
pub(crate) fn SizeBar(
    /// This one.
    size: TableSize,
    /// Bytes of the full length.
    largest_bytes: u64,
) -> impl IntoView {
    let length = move |bytes: u64| {
        let scaled = u128::from(bytes) * u128::from(FULL) / u128::from(largest_bytes.max(1));
        u64::try_from(scaled).unwrap_or(FULL).min(FULL)
    };
    let heap = length(size.heap_bytes);
    let with_indexes = length(size.heap_bytes + size.index_bytes);
    let all = length(size.total_bytes());
    view! {
        <svg class="bar" viewBox="0 0 960 60" preserveAspectRatio="none" aria-hidden="true" focusable="false">
            <rect class="bar-track" width=FULL.to_string() height="60" />
            <rect class="bar-toast" width=all.to_string() height="60" />
            <rect class="bar-index" width=with_indexes.to_string() height="60" />
            <rect class="bar-heap" width=heap.to_string() height="60" />
        </svg>
    }
}

/// What the parts of a [`SizeBar`] mean.
#[component]
pub(crate) fn SizeLegend() -> impl IntoView {
    let key = |class: &'static str, label: &'static str| {
        view! {
            <span class="key">
                <svg class="key-mark" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true" focusable="false">
                    <rect class=class width="10" height="10" rx="2" />
                </svg>
                {label}
            </span>
        }
    };
    view! {
        <span class="legend">
            {key("bar-heap", "heap")}
            {key("bar-index", "indexes")}
            {key("bar-toast", "TOAST")}
        </span>
    }
}
