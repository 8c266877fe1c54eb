//! Choosing several things of a list, to do something to them: with JavaScript the chosen ones stay chosen whatever the list
//! shows; without, the boxes that are ticked are sent as they are.

use std::collections::BTreeSet;

use leptos::prelude::*;

use crate::browser::is_hydrated;
use crate::pages::MOST_CHOSEN;

/// What is chosen of one list. Lives outside of what is loaded: rows come and go.
#[derive(Clone, Copy)]
pub(crate) struct Choices {
    /// What a chosen thing is called in the address.
    name: &'static str,
    chosen: RwSignal<BTreeSet<String>>,
}

/// Name of the form that the chosen are sent with.
const FORM: &str = "chosen";

/// What can be done to what is chosen: how the address says it, what a button says, why it is of no use here.
pub(crate) type Choosable = (&'static str, &'static str, Option<&'static str>);

impl Choices {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            chosen: RwSignal::default(),
        }
    }

    /// Nothing is chosen any more.
    pub(crate) fn clear(self) {
        if !self.chosen.with_untracked(BTreeSet::is_empty) {
            self.chosen.update(BTreeSet::clear);
        }
    }
}

/// The head of the column of boxes.
#[component]
pub(crate) fn ChoiceHead() -> impl IntoView {
    view! { <th scope="col" class="check"><span class="visually-hidden">"Chosen"</span></th> }.into_any()
}

/// Whether one thing is chosen. Once the page is alive, the form itself says which are: not all of them have to be in the
/// document.
#[component]
pub(crate) fn Choice(
    choices: Choices,
    /// As the address names it.
    value: String,
    /// As people call it.
    label: String,
    /// Why it cannot be chosen.
    #[prop(optional_no_strip)]
    withheld: Option<&'static str>,
) -> impl IntoView {
    let hydrated = is_hydrated();
    let Choices { name, chosen } = choices;
    let (shown, changed) = (value.clone(), value.clone());
    view! {
        <td class="check">
            <input
                type="checkbox"
                form=FORM
                name=move || (!hydrated.get()).then_some(name)
                value=value
                disabled=withheld.is_some()
                title=withheld
                aria-label=format!("Choose {label}")
                prop:checked=move || chosen.with(|chosen| chosen.contains(&shown))
                on:change=move |event| chosen.update(|chosen| {
                    if event_target_checked(&event) {
                        chosen.insert(changed.clone());
                    } else {
                        chosen.remove(&changed);
                    }
                })
            />
        </td>
    }
    .into_any()
}

/// What is to be done to the chosen.
#[component]
pub(crate) fn ChosenForm(
    choices: Choices,
    database: String,
    /// What can be done to them.
    actions: Vec<Choosable>,
) -> impl IntoView {
    let Choices { name, chosen } = choices;
    let hydrated = is_hydrated();
    let action = format!("/db/{database}/actions/preview");
    let withheld = actions.iter().find_map(|(.., reason)| *reason);
    let actions = actions
        .into_iter()
        .map(|(word, label, reason)| view! { <option value=word disabled=reason.is_some()>{label}</option> })
        .collect_view();
    view! {
        <form id=FORM class="filters chosen" method="get" action=action>
            <label>
                <span>"Do to the chosen"</span>
                <select name="action" aria-describedby=withheld.map(|_| "chosen-reason")>{actions}</select>
            </label>
            <button
                type="submit"
                class="btn"
                disabled=move || hydrated.get() && !(1..=MOST_CHOSEN).contains(&chosen.with(BTreeSet::len))
            >"Preview"</button>
            <span class="hint" aria-live="polite">{move || match chosen.with(BTreeSet::len) {
                0 => String::new(),
                count if count > MOST_CHOSEN => format!("{count} chosen; at most {MOST_CHOSEN} at once"),
                count => format!("{count} chosen"),
            }}</span>
            {withheld.map(|reason| view! { <span class="hint" id="chosen-reason">{reason}</span> })}
            {move || chosen
                .get()
                .into_iter()
                .map(|value| view! { <input type="hidden" name=name value=value /> })
                .collect_view()}
        </form>
    }
    .into_any()
}
