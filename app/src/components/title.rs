//! The page's title.

use leptos::prelude::*;
use leptos_meta::Title;

/// Sets the title. `leptos_meta` writes it into the document as it is, so that what stands in an address could end the
/// element: here it is escaped.
#[component]
pub(crate) fn PageTitle(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    view! { <Title text=move || on_this_side(text.get()) /> }
}

/// The server writes markup; the browser sets a text.
fn on_this_side(text: String) -> String {
    if cfg!(feature = "ssr") {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    } else {
        text
    }
}
