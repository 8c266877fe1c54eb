//! Targets, page by page.

use domain::quantity::{bytes, thousands};
use leptos::prelude::*;

/// Targets that are listed at once.
pub(crate) const TARGETS_A_PAGE: u32 = 200;

/// Which part of the targets is shown, and the way to the others.
#[component]
pub(super) fn Pages(
    /// The address of the first page.
    base: String,
    /// The page, from one.
    page: u64,
    /// Targets there are.
    total: u64,
) -> impl IntoView {
    let size = u64::from(TARGETS_A_PAGE);
    if total <= size && page == 1 {
        return ().into_any();
    }
    let last = total.div_ceil(size).max(1);
    let joint = if base.contains('?') { '&' } else { '?' };
    let shown = if page > last {
        format!("The last page is {}.", thousands(last))
    } else {
        format!(
            "{} to {} of {}",
            thousands((page - 1) * size + 1),
            thousands((page * size).min(total)),
            thousands(total)
        )
    };
    let step = |page: Option<u64>, rel: &'static str, label: &'static str| match page {
        Some(page) => {
            let href = format!("{base}{joint}page={page}");
            view! { <a class="btn" href=href rel=rel>{label}</a> }.into_any()
        }
        None => view! { <span class="btn" aria-disabled="true">{label}</span> }.into_any(),
    };
    view! {
        <nav class="pager" aria-label="Pages of the list">
            <span>{shown}</span>
            <span class="pager-steps">
                {step((page > 1).then(|| (page - 1).min(last)), "prev", "Previous")}
                {step((page < last).then_some(page + 1), "next", "Next")}
            </span>
        </nav>
    }
    .into_any()
}

/// Bytes, as far as they are known.
pub(super) fn size(value: Option<u64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| bytes(value).to_string())
}
