//! Search over everything, in the top bar.

use std::time::Duration;

use domain::listing::escape_parameter;
use domain::search::Hit;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::icon::{Icon, Symbol};
use crate::browser::{SEARCH_FIELD, SEARCH_LINK, typed_before_hydration};
use crate::server_fns::search;

/// Nobody types slower than this between two letters of a word.
const PAUSE: Duration = Duration::from_millis(150);

/// What is offered below the field.
#[derive(Debug, Clone, Copy)]
struct Offers {
    hits: RwSignal<Vec<Hit>>,
    /// The one the arrow keys have chosen.
    chosen: RwSignal<Option<usize>>,
    is_open: RwSignal<bool>,
    /// What stands in the field.
    typed: RwSignal<String>,
}

impl Offers {
    fn new() -> Self {
        Self {
            hits: RwSignal::new(Vec::new()),
            chosen: RwSignal::new(None),
            is_open: RwSignal::new(false),
            typed: RwSignal::new(typed_before_hydration(SEARCH_FIELD).unwrap_or_default()),
        }
    }

    fn is_shown(self) -> bool {
        self.is_open.get() && self.hits.with(|hits| !hits.is_empty())
    }

    fn close(self) {
        self.chosen.set(None);
        self.is_open.set(false);
    }

    /// Takes what was found, unless it comes too late: more was typed since.
    fn take(self, asked: &str, found: Vec<Hit>) {
        if self.typed.try_get_untracked().as_deref() == Some(asked) {
            // The choice stays where it is among them.
            let chosen = self.chosen.get_untracked().and_then(|at| {
                let chosen = self
                    .hits
                    .with_untracked(|hits| hits.get(at).map(|hit| hit.href.clone()))?;
                found.iter().position(|hit| hit.href == chosen)
            });
            self.hits.set(found);
            self.chosen.set(chosen);
            self.is_open.set(true);
        }
    }

    /// Returns where Enter leads.
    fn follow_key(self, event: &leptos::ev::KeyboardEvent) -> Option<String> {
        let count = self.hits.with_untracked(Vec::len);
        match (event.key().as_str(), self.is_open.get_untracked()) {
            ("ArrowDown", true) if count > 0 => {
                event.prevent_default();
                self.chosen
                    .update(|at| *at = Some(at.map_or(0, |at| (at + 1) % count)));
            }
            ("ArrowUp", true) if count > 0 => {
                event.prevent_default();
                self.chosen
                    .update(|at| *at = Some(at.map_or(count - 1, |at| (at + count - 1) % count)));
            }
            ("ArrowDown", false) if count > 0 && !self.typed.with_untracked(String::is_empty) => {
                event.prevent_default();
                self.is_open.set(true);
            }
            ("Enter", true) => {
                let at = self.chosen.get_untracked()?;
                let href = self
                    .hits
                    .with_untracked(|hits| hits.get(at).map(|hit| hit.href.clone()))?;
                event.prevent_default();
                return Some(href);
            }
            ("Escape", true) => {
                event.prevent_default();
                self.close();
            }
            _ => {}
        }
        None
    }
}

/// A field that offers what it finds: arrow keys choose, Enter goes there, Escape closes. Without JavaScript it leads to
/// the page that shows the same; on a narrow screen only a link does.
/// <https://www.w3.org/WAI/ARIA/apg/patterns/combobox/>
#[component]
pub(super) fn SearchField(database: String) -> impl IntoView {
    let page = format!("/db/{database}/search");
    let offers = Offers::new();
    let navigate = StoredValue::new(use_navigate());
    let go = move |href: &str| {
        offers.close();
        offers.typed.set(String::new());
        navigate.with_value(|navigate| navigate(href, NavigateOptions::default()));
    };
    let mut look = debounce(PAUSE, move |asked: String| {
        let database = database.clone();
        leptos::task::spawn_local(async move {
            if let Ok(found) = search(database, asked.clone()).await {
                offers.take(&asked, found);
            }
        });
    });
    let follow_typing = move |event| {
        let text = event_target_value(&event);
        offers.typed.set(text.clone());
        if text.trim().is_empty() {
            offers.close();
        } else {
            look(text);
        }
    };
    let follow_keys = move |event: leptos::ev::KeyboardEvent| {
        if let Some(href) = offers.follow_key(&event) {
            go(&href);
        }
    };
    let results = page.clone();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let query = escape_parameter(offers.typed.get_untracked().trim());
        go(&format!("{results}?q={query}"));
    };
    view! {
        <form class="search wide-only" method="get" action=page.clone() role="search" aria-label="Everything" on:submit=submit>
            <label class="search-field">
                <Icon symbol=Symbol::Search />
                <span class="visually-hidden">"Search everything"</span>
                <input
                    type="text"
                    name="q"
                    id=SEARCH_FIELD
                    placeholder="Search"
                    maxlength="200"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    role="combobox"
                    aria-autocomplete="list"
                    aria-controls="hits"
                    aria-expanded=move || offers.is_shown().to_string()
                    aria-activedescendant=move || offers.chosen.get().filter(|_| offers.is_shown()).map(|at| format!("hit-{at}"))
                    prop:value=offers.typed
                    on:input=follow_typing
                    on:keydown=follow_keys
                    on:blur=move |_| offers.close()
                />
                <kbd aria-hidden="true">"Ctrl K"</kbd>
            </label>
            <ul id="hits" class="hits-offered" role="listbox" aria-label="Found" hidden=move || !offers.is_shown()>
                {move || offers.hits.get().into_iter().enumerate().map(|(at, hit)| view! { <Offer hit at chosen=offers.chosen go /> }).collect_view()}
            </ul>
            <FoundCount offers />
        </form>
        <a class="search-link narrow-only" id=SEARCH_LINK href=page aria-label="Search"><Icon symbol=Symbol::Search /></a>
    }
    .into_any()
}

/// Said aloud; where nothing was found, shown too.
#[component]
fn FoundCount(offers: Offers) -> impl IntoView {
    let count = move || offers.is_open.get().then(|| offers.hits.with(Vec::len));
    let class = move || {
        if count() == Some(0) {
            "hits-offered"
        } else {
            "visually-hidden"
        }
    };
    view! {
        <span class=class role="status">
            {move || count().map(|count| match count {
                0 => "Nothing found.".to_owned(),
                count => format!("{count} found."),
            })}
        </span>
    }
}

#[component]
fn Offer(
    hit: Hit,
    at: usize,
    chosen: RwSignal<Option<usize>>,
    go: impl Fn(&str) + Copy + 'static,
) -> impl IntoView {
    let href = hit.href;
    view! {
        <li
            id=format!("hit-{at}")
            role="option"
            aria-selected=move || (chosen.get() == Some(at)).to_string()
            // The field keeps the focus, or the list would be gone before the click.
            on:mousedown=|event| event.prevent_default()
            on:click=move |_| go(&href)
        >
            <span class="hit-title">{hit.title}</span>
            <span class="hit-kind">{hit.kind.label()}</span>
            <span class="hit-context">{hit.context}</span>
        </li>
    }
}
