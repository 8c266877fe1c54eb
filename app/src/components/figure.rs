//! Figures: at most three digits on the face, the exact value on hover and for screen readers.

use domain::hypertable::Exactness;
use domain::quantity::{bytes, exact_bytes, minute, moment, thousands};
use domain::timestamp::Timestamp;
use leptos::prelude::*;

fn prefix(exactness: Exactness) -> &'static str {
    match exactness {
        Exactness::Exact => "",
        Exactness::Approximate => "≈ ",
    }
}

fn title(exact: String, exactness: Exactness) -> String {
    match exactness {
        Exactness::Exact => exact,
        Exactness::Approximate => format!("≈ {exact}, from statistics that may lag behind"),
    }
}

/// Bytes with their unit.
#[component]
pub(crate) fn Bytes(
    /// The exact number.
    value: u64,
    /// Approximate figures carry ≈.
    #[prop(default = Exactness::Exact)]
    exactness: Exactness,
) -> impl IntoView {
    let measure = bytes(value);
    view! {
        <data value=value.to_string() title=title(exact_bytes(value), exactness)>
            {prefix(exactness)}
            {measure.figure}
            <small>" " {measure.unit}</small>
        </data>
    }
}

/// A count, thousands separated.
#[component]
pub(crate) fn Count(
    /// The number.
    value: u64,
    /// Approximate figures carry ≈.
    #[prop(default = Exactness::Exact)]
    exactness: Exactness,
) -> impl IntoView {
    view! {
        <data value=value.to_string() title=title(thousands(value), exactness)>
            {prefix(exactness)}
            {thousands(value)}
        </data>
    }
}

/// "None", with the reason on hover and for screen readers.
#[component]
pub(crate) fn Dash(
    /// Why there is none.
    reason: &'static str,
) -> impl IntoView {
    view! {
        <span class="none" title=reason>
            <span aria-hidden="true">"—"</span>
            <span class="visually-hidden">{reason}</span>
        </span>
    }
}

/// A table's name, which may break after an underscore where the column is narrow.
#[component]
pub(crate) fn TableName(name: String) -> impl IntoView {
    name.split_inclusive('_')
        .map(|part| view! { {part.to_owned()} <wbr /> })
        .collect_view()
}

/// A moment to the minute; the second is in its title.
#[component]
pub(crate) fn Moment(
    at: Option<Timestamp>,
    /// What stands there without one.
    none: &'static str,
) -> impl IntoView {
    match at {
        Some(at) => view! { <time datetime=at.to_string() title=moment(at)>{minute(at)}</time> }.into_any(),
        None => view! { <span class="muted">{none}</span> }.into_any(),
    }
}
