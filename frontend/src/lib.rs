//! The wasm entry point: hydrates the app, nothing else.

#![recursion_limit = "512"]

use std::time::Duration;

use leptos::mount::hydrate_from_async;
use leptos::prelude::{document, set_timeout};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

/// Called by the page's script once the wasm is loaded. The page's own part of the code is loaded before anything is taken
/// over. Marks the document as soon as it is alive: `data-hydrated`.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    let Some(body) = document().body() else {
        return;
    };
    spawn_local(async move {
        hydrate_from_async(body, app::App).await.forget();
        // After what hydration has put off: from then on everything on the page answers.
        set_timeout(
            || {
                if let Some(root) = document().document_element() {
                    let _ = root.set_attribute("data-hydrated", "");
                }
            },
            Duration::ZERO,
        );
    });
}
