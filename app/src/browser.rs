//! What only the browser can do. On the server these do nothing, so that views need no conditions.

pub(crate) mod place;
pub(crate) mod stream;

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

/// Between a change of the password and the answer with the new session, a page that asks is told that its session has
/// ended. It asks once more before it believes that.
#[cfg(feature = "hydrate")]
const DOUBT: std::time::Duration = std::time::Duration::from_secs(1);

/// To the login, and back to this page afterwards; where the session goes on after all, this page anew.
pub(crate) fn sign_in_again() {
    #[cfg(feature = "hydrate")]
    {
        use std::cell::Cell;

        thread_local! {
            /// Every part of the page may be told so.
            static IS_DOUBTED: Cell<bool> = const { Cell::new(false) };
        }
        if IS_DOUBTED.replace(true) {
            return;
        }
    }
    #[cfg(feature = "hydrate")]
    set_timeout(
        || {
            leptos::task::spawn_local(async {
                if crate::server_fns::load_status(None).await == Err(crate::error::AppError::NotSignedIn) {
                    leave_for_login();
                } else {
                    let _ = window().location().reload();
                }
            });
        },
        DOUBT,
    );
}

#[cfg(feature = "hydrate")]
fn leave_for_login() {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let query = location.search().unwrap_or_default();
    let next = domain::listing::escape_parameter(&format!("{path}{query}"));
    // Outside the router: what is in memory is gone. Fails only for addresses that are none.
    let _ = location.set_href(&format!("/login?ended=1&next={next}"));
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

/// Sends a form as the browser would, without leaving the page. `done` is told whether it was answered: what the answer
/// changed, the page loads anew.
pub(crate) fn send_form(event: leptos::ev::SubmitEvent, done: impl FnOnce(bool) + 'static) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;

        let Some(form) = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok())
        else {
            return;
        };
        let Ok(fields) = form_fields(&form, event.submitter()) else {
            return;
        };
        event.prevent_default();
        let request = web_sys::RequestInit::new();
        request.set_method("POST");
        request.set_body(&fields);
        let answer = window().fetch_with_str_and_init(&form.action(), &request);
        leptos::task::spawn_local(async move {
            let is_answered = answer.await.is_ok_and(|answer| {
                answer
                    .dyn_into::<web_sys::Response>()
                    .is_ok_and(|answer| answer.status() < 500)
            });
            done(is_answered);
        });
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (event, done);
    }
}

/// What a form sends, the button that sent it included.
#[cfg(feature = "hydrate")]
fn form_fields(
    form: &web_sys::HtmlFormElement,
    button: Option<web_sys::HtmlElement>,
) -> Result<web_sys::UrlSearchParams, wasm_bindgen::JsValue> {
    use wasm_bindgen::JsCast;

    let fields = web_sys::FormData::new_with_form(form)?;
    let fields = web_sys::UrlSearchParams::new_with_str_sequence_sequence(&fields)?;
    if let Some(button) = button.and_then(|button| button.dyn_into::<web_sys::HtmlButtonElement>().ok())
        && !button.name().is_empty()
    {
        fields.append(&button.name(), &button.value());
    }
    Ok(fields)
}

/// A field that somebody may have used before the app took the page over; `None` once it has.
#[cfg(feature = "hydrate")]
fn field_before_hydration(id: &str) -> Option<web_sys::HtmlInputElement> {
    use wasm_bindgen::JsCast;

    let root = document().document_element()?;
    if root.has_attribute("data-hydrated") {
        return None;
    }
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// What was typed into a field before the app took the page over.
pub(crate) fn typed_before_hydration(id: &str) -> Option<String> {
    #[cfg(feature = "hydrate")]
    {
        field_before_hydration(id).map(|field| field.value())
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = id;
        None
    }
}

/// Whether a box was checked before the app took the page over.
pub(crate) fn checked_before_hydration(id: &str) -> bool {
    #[cfg(feature = "hydrate")]
    {
        field_before_hydration(id).is_some_and(|field| field.checked())
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = id;
        false
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
    if let Some(field) = field.get_untracked() {
        field.select();
        copy(&field.value(), report);
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (field, report);
    }
}

/// Copies a text; reports whether the browser took it.
pub(crate) fn copy(text: &str, report: impl FnOnce(bool) + 'static) {
    #[cfg(feature = "hydrate")]
    {
        // Elsewhere there is no clipboard, and asking for it would end the app.
        if !window().is_secure_context() {
            report(false);
            return;
        }
        let copied = window().navigator().clipboard().write_text(text);
        leptos::task::spawn_local(async move { report(copied.await.is_ok()) });
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (text, report);
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

/// The field that filters the page's own list.
pub(crate) const FILTER_FIELD: &str = "filter";
/// The field that searches everything; not shown on a narrow screen.
pub(crate) const SEARCH_FIELD: &str = "search";
/// What leads to the page that searches everything, where the field is not shown.
pub(crate) const SEARCH_LINK: &str = "search-link";
/// What opens the list of keys.
pub(crate) const KEYS_BUTTON: &str = "keys-button";

/// The key `?` opens and closes the list of keys, unless somebody is typing. The key `/` moves the focus to the page's own filter, unless somebody is typing; where there is none, or typed into
/// it while it is empty, to the search. So does Ctrl+K anywhere.
pub(crate) fn focus_on_keys() {
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        use wasm_bindgen::JsCast;

        let shown = |id: &str| {
            document()
                .get_element_by_id(id)
                .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
                .filter(|element| element.offset_parent().is_some())
        };
        let handle = window_event_listener(leptos::ev::keydown, move |event| {
            let has_control = event.ctrl_key() || event.meta_key();
            let target = event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
            let is_typing = target.as_ref().is_some_and(|element| {
                matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            });
            if event.key() == "?" && !has_control && !event.alt_key() && !is_typing {
                let button = document().get_element_by_id(KEYS_BUTTON);
                if let Some(button) = button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok())
                {
                    event.prevent_default();
                    button.click();
                }
                return;
            }
            let is_in_empty_filter = target
                .and_then(|element| element.dyn_into::<web_sys::HtmlInputElement>().ok())
                .is_some_and(|field| field.id() == FILTER_FIELD && field.value().is_empty());
            let wants_search = match event.key().as_str() {
                "k" | "K" if has_control && !event.alt_key() && !event.shift_key() => true,
                "/" if has_control || event.alt_key() || (is_typing && !is_in_empty_filter) => return,
                "/" => is_in_empty_filter,
                _ => return,
            };
            let filter = || shown(FILTER_FIELD).filter(|_| !wants_search);
            if let Some(field) = filter().or_else(|| shown(SEARCH_FIELD)) {
                event.prevent_default();
                let _ = field.focus();
            } else if let Some(link) = shown(SEARCH_LINK) {
                event.prevent_default();
                link.click();
            }
        });
        on_cleanup(move || handle.remove());
    });
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

/// Where a pointer is in the element that listens: pixels from its left end, and its width.
pub(crate) fn place_in_element(event: &leptos::ev::PointerEvent) -> Option<(f64, f64)> {
    #[cfg(feature = "hydrate")]
    {
        let rectangle = listening(event)?.get_bounding_client_rect();
        Some((f64::from(event.client_x()) - rectangle.left(), rectangle.width()))
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = event;
        None
    }
}

/// What the pointer does from here on belongs to the element that listens, also outside of it.
pub(crate) fn capture_pointer(event: &leptos::ev::PointerEvent) {
    #[cfg(feature = "hydrate")]
    if let Some(element) = listening(event) {
        // Fails only for a pointer that is already gone.
        let _ = element.set_pointer_capture(event.pointer_id());
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = event;
    }
}

/// Width in pixels of the element that listens.
pub(crate) fn width_of_element(event: &leptos::ev::KeyboardEvent) -> Option<f64> {
    #[cfg(feature = "hydrate")]
    {
        listening(event).map(|element| element.get_bounding_client_rect().width())
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = event;
        None
    }
}

#[cfg(feature = "hydrate")]
fn listening(event: &web_sys::Event) -> Option<web_sys::Element> {
    use wasm_bindgen::JsCast;

    event
        .current_target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
}

/// Pixels of this many rows of this height.
pub(crate) fn pixels(rows: usize, row_height: f64) -> f64 {
    f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) * row_height
}

/// What a region that scrolls shows of its rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Viewport {
    /// Pixels of the rows that are scrolled out at the top.
    pub(crate) top: f64,
    /// Pixels that are shown.
    pub(crate) height: f64,
    /// Pixels of one row.
    pub(crate) row_height: f64,
}

impl Viewport {
    /// The row at this many pixels from the top of the first.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of rows"
    )]
    pub(crate) fn row_at(&self, pixels: f64) -> usize {
        (pixels / self.row_height).max(0.0) as usize
    }
}

#[cfg(feature = "hydrate")]
impl Viewport {
    /// Measured on the rows that are there.
    fn of(region: &web_sys::Element) -> Option<Self> {
        let row = region
            .query_selector("tbody tr:not(.spacer)")
            .ok()
            .flatten()?
            .get_bounding_client_rect()
            .height();
        (row > 0.0).then(|| Self {
            top: f64::from(region.scroll_top()),
            height: f64::from(region.client_height()),
            row_height: row,
        })
    }
}

/// Calls back at once and whenever a region is scrolled or the window changes its size.
pub(crate) fn on_scroll(region: NodeRef<leptos::html::Div>, callback: impl Fn(&Viewport) + Clone + 'static) {
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        use wasm_bindgen::JsCast;
        use wasm_bindgen::closure::Closure;

        let Some(element) = region.get() else {
            return;
        };
        let callback = callback.clone();
        let look = {
            let element = element.clone();
            move || {
                if let Some(viewport) = Viewport::of(&element) {
                    callback(&viewport);
                }
            }
        };
        look();
        let resized = {
            let look = look.clone();
            window_event_listener(leptos::ev::resize, move |_| look())
        };
        let listener = Closure::<dyn Fn()>::new(look);
        // Fails for no event there is.
        let _ = element.add_event_listener_with_callback("scroll", listener.as_ref().unchecked_ref());
        let listener = StoredValue::new_local(Some((element, listener)));
        on_cleanup(move || {
            resized.remove();
            listener.update_value(|listener| {
                if let Some((element, listener)) = listener.take() {
                    let _ = element
                        .remove_event_listener_with_callback("scroll", listener.as_ref().unchecked_ref());
                }
            });
        });
    });
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (region, callback);
    }
}

/// Scrolls a region to a row, after `make_room` gave the rows above it their room.
pub(crate) fn scroll_to(region: NodeRef<leptos::html::Div>, row: usize, make_room: impl FnOnce(&Viewport)) {
    #[cfg(feature = "hydrate")]
    if let Some(element) = region.get_untracked()
        && let Some(viewport) = Viewport::of(&element)
    {
        make_room(&viewport);
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a page")]
        element.set_scroll_top(pixels(row, viewport.row_height) as i32);
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (region, row, make_room);
    }
}

/// Gives a row of a table a height in pixels.
pub(crate) fn set_height(row: NodeRef<leptos::html::Tr>, pixels: f64) {
    #[cfg(feature = "hydrate")]
    if let Some(row) = row.get_untracked() {
        use wasm_bindgen::JsCast;

        let row: &web_sys::HtmlElement = row.unchecked_ref();
        // Fails for no number of pixels.
        let _ = row.style().set_property("height", &format!("{pixels}px"));
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (row, pixels);
    }
}
