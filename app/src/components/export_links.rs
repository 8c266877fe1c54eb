//! What a list shows, as a file.

use leptos::prelude::*;

/// Links to the list as CSV and as JSON.
#[component]
pub(crate) fn ExportLinks(
    /// The file's address without its ending.
    #[prop(into)]
    address: String,
    /// What of the list: a query string with its `?`, or nothing.
    #[prop(into)]
    query: String,
) -> impl IntoView {
    let link = |ending: &str, name: &'static str| {
        let label = format!("Export {name}");
        // Not a page of the app: the browser saves it.
        view! { <a href=format!("{address}.{ending}{query}") rel="external" download aria-label=label>{name}</a> }
    };
    view! {
        <span class="exports">
            <span aria-hidden="true">"Export"</span>
            {link("csv", "CSV")}
            {link("json", "JSON")}
        </span>
    }
}
