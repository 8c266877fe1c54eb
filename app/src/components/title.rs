//! The page's title.

use leptos::prelude::*;
use leptos_meta::Title;

/// Sets the title. On the server it is a plain text from the beginning: `leptos_meta` asks for it when the page is
/// otherwise done, and what is reactive may be gone by then. It also writes it into the document as it is, so that what
/// stands in an address could end the element: it is escaped here. The browser sets a text, again and again.
#[component]
pub(crate) fn PageTitle(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    if cfg!(feature = "ssr") {
        let text = text.get_untracked();
        let escaped = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        view! { <Title text=escaped /> }.into_any()
    } else {
        view! { <Title text=move || text.get() /> }.into_any()
    }
}
