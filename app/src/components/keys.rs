//! What can be done by keyboard alone.

use leptos::prelude::*;

use crate::browser::KEYS_BUTTON;

/// What the button below names.
const KEYS: &str = "keys";

/// What to press, and what it does.
const DONE_BY_KEYS: [(&[&str], &str); 7] = [
    (&["/"], "Filter the list; without one, search"),
    (&["Ctrl K"], "Search everything"),
    (
        &["←", "→"],
        "Read a chart, place by place; ten at once with Shift",
    ),
    (&["Home", "End"], "Its beginning and end"),
    (&["Enter"], "Go to that place, where it leads somewhere"),
    (&["Esc"], "Close what is open, leave a chart's place"),
    (&["?"], "Show this"),
];

/// Opens the list of keys: by the browser itself, so that it works without JavaScript. The key `?` clicks it.
#[component]
pub(super) fn KeysButton() -> impl IntoView {
    view! { <button type="button" class="menu-item" id=KEYS_BUTTON popovertarget=KEYS>"Keyboard"</button> }
}

/// The list of keys, hidden until it is asked for. The browser closes it with Escape and with a click elsewhere.
#[component]
pub(super) fn Keys() -> impl IntoView {
    let rows = DONE_BY_KEYS
        .into_iter()
        .map(|(keys, what)| {
            let keys = keys
                .iter()
                .map(|key| view! { <kbd>{*key}</kbd> " " })
                .collect_view();
            view! { <div><dt>{keys}</dt><dd>{what}</dd></div> }
        })
        .collect_view();
    view! {
        <div id=KEYS class="keys" role="dialog" aria-labelledby="keys-title" tabindex="-1" popover="auto" autofocus>
            <h2 id="keys-title">"Keyboard"</h2>
            <dl>{rows}</dl>
        </div>
    }
    .into_any()
}
