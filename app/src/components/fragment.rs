//! Parts of pages that the server has drawn.

use charts::Markup;
use leptos::prelude::*;

/// Draws it.
#[cfg(feature = "ssr")]
pub(crate) fn markup(view: impl IntoView) -> Markup {
    view.into_view().to_html().into()
}

/// Shows it as it is. It lies in the page as if there were nothing around it.
#[component]
pub(crate) fn Fragment(markup: Markup) -> impl IntoView {
    view! { <div class="fragment" inner_html=markup.to_string()></div> }
}
