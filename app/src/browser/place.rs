//! Keeps what a person holds in a page while it is refreshed: focus, scroll positions, selected text.
//!
//! A refresh changes the page in place: what is drawn the same way stays the same element, and only texts and attributes
//! that differ are written. So most of what a person holds survives by itself. What does not: parts that stand in a
//! closure or come and go are made anew, and rows that change their places leave the focus on another row.

/// Watches over the document for as long as the component is there.
pub(crate) fn keep_place() {
    #[cfg(feature = "hydrate")]
    leptos::prelude::Effect::new(|_| {
        use leptos::prelude::{StoredValue, document};

        // Goes with the effect.
        StoredValue::new_local(document().body().map(|body| keeper::Keeper::watch(body.into())));
    });
}

#[cfg(feature = "hydrate")]
mod keeper {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;

    use leptos::prelude::{document, set_timeout, window};
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::{
        Element, Event, EventTarget, FocusOptions, HtmlElement, MutationObserver, MutationObserverInit, Node,
        js_sys,
    };

    /// How an element is found again: by what it is, and by its number among those that are the same.
    struct Mark {
        tag: String,
        what: String,
        number: usize,
    }

    /// The place of a node below another: the number of a child, and of a child of that one.
    struct Path(Vec<u32>);

    struct Focused {
        element: HtmlElement,
        mark: Mark,
        address: Address,
    }

    struct Scrolled {
        element: Element,
        mark: Mark,
        left: i32,
        top: i32,
    }

    /// One end of what is selected.
    struct End {
        node: Node,
        path: Path,
        offset: u32,
    }

    struct Selected {
        anchor: End,
        focus: End,
        text: String,
    }

    /// What a person holds in the page.
    #[derive(Default)]
    struct Held {
        focused: Option<Focused>,
        scrolled: Vec<Scrolled>,
        selected: Option<Selected>,
    }

    struct Page {
        root: Element,
        held: RefCell<Held>,
    }

    /// Watches over a page until it is dropped.
    pub(super) struct Keeper {
        observer: Option<MutationObserver>,
        _changed: Closure<dyn FnMut(js_sys::Array)>,
        listeners: Vec<Listener>,
    }

    struct Listener {
        target: EventTarget,
        name: &'static str,
        callback: Closure<dyn FnMut(Event)>,
    }

    impl Mark {
        /// Id, target, name and label; of a button that has none of them, its words.
        fn what(element: &Element) -> String {
            let named: Vec<String> = ["id", "href", "name", "aria-label"]
                .iter()
                .filter_map(|name| element.get_attribute(name))
                .collect();
            if named.is_empty() && matches!(element.tag_name().as_str(), "BUTTON" | "SUMMARY") {
                element.text_content().unwrap_or_default()
            } else {
                named.join("\n")
            }
        }

        fn same<'a>(tag: &str, what: &'a str, root: &Element) -> impl Iterator<Item = Element> + use<'a> {
            let found = root.get_elements_by_tag_name(tag);
            (0..found.length())
                .filter_map(move |index| found.item(index))
                .filter(move |element| Self::what(element) == what)
        }

        fn of(element: &Element, root: &Element) -> Self {
            let (tag, what) = (element.tag_name(), Self::what(element));
            let number = Self::same(&tag, &what, root).position(|other| other == *element);
            Self {
                tag,
                what,
                number: number.unwrap_or(0),
            }
        }

        fn find(&self, root: &Element) -> Option<Element> {
            Self::same(&self.tag, &self.what, root).nth(self.number)
        }
    }

    impl Path {
        /// `None` for a node that is not below.
        fn of(node: &Node, root: &Node) -> Option<Self> {
            let mut steps = Vec::new();
            let mut node = node.clone();
            while node != *root {
                let parent = node.parent_node()?;
                let mut number = 0;
                while let Some(before) = node.previous_sibling() {
                    number += 1;
                    node = before;
                }
                steps.push(number);
                node = parent;
            }
            steps.reverse();
            Some(Self(steps))
        }

        fn find(&self, root: &Node) -> Option<Node> {
            self.0
                .iter()
                .try_fold(root.clone(), |node, number| node.child_nodes().item(*number))
        }
    }

    impl End {
        fn of(node: Option<Node>, offset: u32, root: &Node) -> Option<Self> {
            let node = node?;
            let path = Path::of(&node, root)?;
            Some(Self { node, path, offset })
        }
    }

    /// Where a page is: its path, and what is asked of it there.
    #[derive(PartialEq, Eq)]
    struct Address {
        path: String,
        query: String,
    }

    fn address() -> Address {
        let location = window().location();
        Address {
            path: location.pathname().unwrap_or_default(),
            query: location.search().unwrap_or_default(),
        }
    }

    fn target<T: JsCast>(event: &Event) -> Option<T> {
        event.target()?.dyn_into().ok()
    }

    impl Page {
        fn note_focus(&self, element: HtmlElement) {
            let mark = Mark::of(&element, &self.root);
            self.held.borrow_mut().focused = Some(Focused {
                element,
                mark,
                address: address(),
            });
        }

        /// Whoever took the focus elsewhere does not want it back; one that was lost with its element is looked for.
        fn note_focus_left(&self) {
            let mut held = self.held.borrow_mut();
            let has_left = held.focused.as_ref().is_some_and(|focused| {
                focused.element.is_connected()
                    && document().active_element().as_ref() != Some(&*focused.element)
            });
            if has_left {
                held.focused = None;
            }
        }

        fn note_scroll(&self, element: Element) {
            let (left, top) = (element.scroll_left(), element.scroll_top());
            let mut held = self.held.borrow_mut();
            if let Some(known) = held.scrolled.iter_mut().find(|known| known.element == element) {
                (known.left, known.top) = (left, top);
            } else {
                let mark = Mark::of(&element, &self.root);
                held.scrolled.push(Scrolled {
                    element,
                    mark,
                    left,
                    top,
                });
            }
        }

        fn note_selection(&self) {
            let selected = document()
                .get_selection()
                .ok()
                .flatten()
                .filter(|selection| !selection.is_collapsed())
                .and_then(|selection| {
                    Some(Selected {
                        anchor: End::of(selection.anchor_node(), selection.anchor_offset(), &self.root)?,
                        focus: End::of(selection.focus_node(), selection.focus_offset(), &self.root)?,
                        text: String::from(selection.to_string()),
                    })
                });
            self.held.borrow_mut().selected = selected;
        }

        /// After the page has changed.
        fn restore(&self) {
            self.restore_scrolls();
            self.restore_focus();
            self.restore_selection();
        }

        fn restore_scrolls(&self) {
            self.held.borrow_mut().scrolled.retain_mut(|scrolled| {
                if scrolled.element.is_connected() {
                    return true;
                }
                let Some(element) = scrolled.mark.find(&self.root) else {
                    return false;
                };
                element.set_scroll_left(scrolled.left);
                element.set_scroll_top(scrolled.top);
                scrolled.element = element;
                true
            });
        }

        fn restore_focus(&self) {
            let Some(focused) = self.held.borrow_mut().focused.take() else {
                return;
            };
            let active = document().active_element();
            let is_nowhere = active.as_ref().is_none_or(|active| active.tag_name() == "BODY");
            if !focused.element.is_connected() {
                let is_same_page = focused.address.path == address().path;
                if is_nowhere
                    && is_same_page
                    && let Some(element) = focused.mark.find(&self.root)
                {
                    focus(&element);
                }
            } else if Mark::what(&focused.element) == focused.mark.what {
                // A list that puts its rows in another order takes them out for a moment.
                if is_nowhere {
                    focus(&focused.element);
                }
                self.held.borrow_mut().focused = Some(focused);
            } else {
                // What it leads to is elsewhere now, unless something else was asked for.
                let moved = (focused.address == address() && active.as_ref() == Some(&*focused.element))
                    .then(|| focused.mark.find(&self.root))
                    .flatten();
                match moved {
                    Some(element) => focus(&element),
                    None => self.note_focus(focused.element),
                }
            }
        }

        fn restore_selection(&self) {
            let is_lost = self.held.borrow().selected.as_ref().is_some_and(|selected| {
                !(selected.anchor.node.is_connected() && selected.focus.node.is_connected())
            });
            if !is_lost {
                return;
            }
            let (Some(lost), Ok(Some(selection))) =
                (self.held.borrow_mut().selected.take(), document().get_selection())
            else {
                return;
            };
            let (Some(anchor), Some(focus)) = (
                lost.anchor.path.find(&self.root),
                lost.focus.path.find(&self.root),
            ) else {
                return;
            };
            // Refused where the text is shorter now.
            let is_set = selection
                .set_base_and_extent(&anchor, lost.anchor.offset, &focus, lost.focus.offset)
                .is_ok();
            // Another text in its place is not what was selected.
            if is_set && selection.to_string() != lost.text {
                let _ = selection.remove_all_ranges();
            }
        }
    }

    fn focus(element: &Element) {
        if let Some(element) = element.dyn_ref::<HtmlElement>() {
            let options = FocusOptions::new();
            options.set_prevent_scroll(true);
            let _ = element.focus_with_options(&options);
        }
    }

    impl Keeper {
        pub(super) fn watch(root: Element) -> Self {
            let page = Rc::new(Page {
                root: root.clone(),
                held: RefCell::default(),
            });
            let changed = {
                let page = Rc::clone(&page);
                Closure::<dyn FnMut(js_sys::Array)>::new(move |_| page.restore())
            };
            let observer = MutationObserver::new(changed.as_ref().unchecked_ref()).ok();
            let options = MutationObserverInit::new();
            options.set_child_list(true);
            options.set_subtree(true);
            options.set_attributes(true);
            options.set_attribute_filter(&js_sys::Array::of1(&"href".into()));
            if let Some(observer) = &observer {
                // Fails only for options that contradict each other.
                let _ = observer.observe_with_options(&root, &options);
            }
            let on = |target: &EventTarget, name, note: fn(&Rc<Page>, &Event)| {
                let page = Rc::clone(&page);
                Listener::add(target, name, move |event| note(&page, &event))
            };
            let listeners = vec![
                on(&root, "focusin", |page, event| {
                    if let Some(element) = target(event) {
                        page.note_focus(element);
                    }
                }),
                // An element that is being removed loses the focus while it is still there: once the page has changed,
                // the two can be told apart.
                on(&root, "focusout", |page, _| {
                    let page = Rc::clone(page);
                    set_timeout(move || page.note_focus_left(), Duration::ZERO);
                }),
                on(&root, "scroll", |page, event| {
                    if let Some(element) = target(event) {
                        page.note_scroll(element);
                    }
                }),
                on(&document(), "selectionchange", |page, _| page.note_selection()),
            ];
            Self {
                observer,
                _changed: changed,
                listeners,
            }
        }
    }

    impl Listener {
        /// On the way down: what scrolls does not tell those around it.
        fn add(target: &EventTarget, name: &'static str, callback: impl Fn(Event) + 'static) -> Self {
            let callback = Closure::<dyn FnMut(Event)>::new(callback);
            let _ = target.add_event_listener_with_callback_and_bool(
                name,
                callback.as_ref().unchecked_ref(),
                true,
            );
            Self {
                target: target.clone(),
                name,
                callback,
            }
        }
    }

    impl Drop for Listener {
        fn drop(&mut self) {
            let _ = self.target.remove_event_listener_with_callback_and_bool(
                self.name,
                self.callback.as_ref().unchecked_ref(),
                true,
            );
        }
    }

    impl Drop for Keeper {
        fn drop(&mut self) {
            if let Some(observer) = &self.observer {
                observer.disconnect();
            }
            self.listeners.clear();
        }
    }
}
