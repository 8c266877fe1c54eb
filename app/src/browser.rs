//! What only the browser can do. On the server these do nothing, so that views need no conditions.

use leptos::prelude::*;

/// Milliseconds on a clock that never jumps; 0 on the server.
pub(crate) fn monotonic_ms() -> f64 {
    #[cfg(feature = "hydrate")]
    {
        window()
            .performance()
            .map_or(0.0, |performance| performance.now())
    }
    #[cfg(not(feature = "hydrate"))]
    {
        0.0
    }
}

/// Whether somebody can see the page.
pub(crate) fn is_visible() -> bool {
    #[cfg(feature = "hydrate")]
    {
        document().visibility_state() == web_sys::VisibilityState::Visible
    }
    #[cfg(not(feature = "hydrate"))]
    {
        false
    }
}

/// Calls back at this interval until the component is gone.
pub(crate) fn every(interval: std::time::Duration, callback: impl Fn() + 'static) {
    let callback = std::rc::Rc::new(callback);
    // Effects run in the browser only; this one has nothing to subscribe to, so it runs once.
    Effect::new(move |_| {
        let callback = std::rc::Rc::clone(&callback);
        if let Ok(handle) = set_interval_with_handle(move || callback(), interval) {
            on_cleanup(move || handle.clear());
        }
    });
}

/// To the login, and back to this page afterwards.
pub(crate) fn sign_in_again() {
    #[cfg(feature = "hydrate")]
    {
        let location = window().location();
        let path = location.pathname().unwrap_or_default();
        let query = location.search().unwrap_or_default();
        let next = domain::listing::escape_parameter(&format!("{path}{query}"));
        // Outside the router: what is in memory is gone. Fails only for addresses that are none.
        let _ = location.set_href(&format!("/login?next={next}"));
    }
}

/// Colours the page that is open, before the next one comes from the server coloured.
pub(crate) fn apply_theme(theme: &str) {
    #[cfg(feature = "hydrate")]
    {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", theme);
        }
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = theme;
    }
}

/// The key `/` moves the focus to the element of this id, unless somebody is typing.
pub(crate) fn focus_on_slash(id: &'static str) {
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        use wasm_bindgen::JsCast;

        let handle = window_event_listener(leptos::ev::keydown, move |event| {
            let is_typing = event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
                .is_some_and(|element| {
                    matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
                });
            if event.key() != "/" || is_typing || event.ctrl_key() || event.meta_key() || event.alt_key() {
                return;
            }
            let found = document()
                .get_element_by_id(id)
                .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
            if let Some(element) = found {
                event.prevent_default();
                let _ = element.focus();
            }
        });
        on_cleanup(move || handle.remove());
    });
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = id;
    }
}
