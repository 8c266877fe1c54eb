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
        let _ = location.set_href(&format!("/login?ended=1&next={next}"));
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

/// Shows that the browser has taken over what the server drew: what only it can do appears then.
pub(crate) fn is_hydrated() -> ReadSignal<bool> {
    let (is_hydrated, take_over) = signal(false);
    Effect::new(move |_| take_over.set(true));
    is_hydrated
}

/// Moves the focus to an element as soon as it is there, so that it is read and the page shows it.
pub(crate) fn focus_when_there(element: NodeRef<leptos::html::Section>) {
    Effect::new(move |_| {
        if let Some(element) = element.get() {
            let _ = element.focus();
        }
    });
}

/// Selects a field's text and copies it; reports whether the browser took it. What it did not take is selected at least.
pub(crate) fn copy_text(field: NodeRef<leptos::html::Input>, report: impl FnOnce(bool) + 'static) {
    #[cfg(feature = "hydrate")]
    {
        let Some(field) = field.get_untracked() else {
            return;
        };
        field.select();
        // Elsewhere there is no clipboard, and asking for it would end the app.
        if !window().is_secure_context() {
            report(false);
            return;
        }
        let copied = window().navigator().clipboard().write_text(&field.value());
        leptos::task::spawn_local(async move { report(copied.await.is_ok()) });
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (field, report);
    }
}

/// Closes a `<details>`; the focus goes back to what opened it, unless it is elsewhere already.
#[cfg(feature = "hydrate")]
fn close_details(details: &web_sys::Element) {
    use wasm_bindgen::JsCast;

    let holds_focus = details.contains(document().active_element().as_deref());
    let _ = details.remove_attribute("open");
    let summary = details.query_selector("summary").ok().flatten();
    if let Some(summary) = summary.and_then(|summary| summary.dyn_into::<web_sys::HtmlElement>().ok())
        && holds_focus
    {
        let _ = summary.focus();
    }
}

/// Closes the question that was answered.
pub(crate) fn close_question(question: NodeRef<leptos::html::Details>) {
    #[cfg(feature = "hydrate")]
    if let Some(question) = question.get_untracked() {
        close_details(&question);
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = question;
    }
}

/// Closes every menu that is open.
pub(crate) fn close_menus() {
    #[cfg(feature = "hydrate")]
    while let Ok(Some(menu)) = document().query_selector("details.menu[open]") {
        close_details(&menu);
    }
}

/// Menus close when somebody clicks elsewhere or the focus leaves them; Escape closes them, and questions too.
pub(crate) fn close_menus_when_left() {
    #[cfg(feature = "hydrate")]
    Effect::new(|_| {
        use wasm_bindgen::JsCast;

        let leave = |target: Option<web_sys::EventTarget>| {
            let target = target.and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            if let Ok(Some(menu)) = document().query_selector("details.menu[open]")
                && !menu.contains(target.as_ref())
            {
                let _ = menu.remove_attribute("open");
            }
        };
        let clicks = window_event_listener(leptos::ev::click, move |event| leave(event.target()));
        let focuses = window_event_listener(leptos::ev::focusin, move |event| leave(event.target()));
        let keys = window_event_listener(leptos::ev::keydown, |event| {
            let open = "details[open]:is(.menu, .question)";
            if event.key() == "Escape"
                && let Ok(Some(details)) = document().query_selector(open)
            {
                close_details(&details);
            }
        });
        on_cleanup(move || {
            clicks.remove();
            focuses.remove();
            keys.remove();
        });
    });
}

/// The fields of a form that hold something, of those with these names. On the server there are none.
pub(crate) fn filled_fields(
    event: &leptos::ev::SubmitEvent,
    names: &[&'static str],
) -> Vec<(&'static str, String)> {
    #[cfg(feature = "hydrate")]
    {
        leptos::form::form_data_from_event(event).map_or_else(
            |_| Vec::new(),
            |data| {
                names
                    .iter()
                    .filter_map(|name| Some((*name, data.get(name).as_string()?)))
                    .filter(|(_, value)| !value.is_empty())
                    .collect()
            },
        )
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (event, names);
        Vec::new()
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

/// Calls back when somebody works with the page: a key, a pointer, a wheel.
pub(crate) fn on_use(callback: impl Fn() + 'static) {
    #[cfg(feature = "hydrate")]
    {
        let callback = std::rc::Rc::new(callback);
        Effect::new(move |_| {
            for name in ["keydown", "pointerdown", "wheel", "click", "input"] {
                let callback = std::rc::Rc::clone(&callback);
                let handle = window_event_listener_untyped(name, move |_| callback());
                on_cleanup(move || handle.remove());
            }
        });
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = callback;
    }
}
