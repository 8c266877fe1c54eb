//! Forms that work with and without JavaScript.

use domain::role::Role;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::notice::DoneNoticeView;
use crate::browser::close_question;
use crate::error::AppError;
use crate::loading::load;
use crate::server_fns::take_notice;

/// Why a form was refused: from the action, or, without JavaScript, from the address it was sent back to.
#[component]
pub(crate) fn FormError(
    /// The action's outcome.
    outcome: Signal<Option<Result<(), AppError>>>,
    /// The server function's path.
    path: &'static str,
) -> impl IntoView {
    let query = use_query_map();
    let error = move || match outcome.get() {
        Some(Err(error)) => Some(error),
        Some(Ok(())) => None,
        None => query.with(|query| {
            (query.get_str("__path") == Some(path))
                .then(|| query.get("__err"))
                .flatten()
                .map(|encoded| {
                    leptos::server_fn::error::ServerFnUrlError::<AppError>::decode_err(&encoded)
                        .without_foreign_words()
                })
        }),
    };
    view! {
        <div role="alert">
            {move || error().map(|error| view! { <p class="form-error">{error.to_string()}</p> })}
        </div>
    }
}

/// A button that asks first: it opens a sentence about what will happen, and the form with the button that does it.
#[component]
pub(crate) fn Question(
    /// What the button says.
    ask: &'static str,
    /// What it is called where several say the same; begins with what it says.
    #[prop(optional, into)]
    label: Option<String>,
    /// Whether what follows takes something away.
    #[prop(optional)]
    is_grave: bool,
    /// The sentence and the form.
    children: Children,
) -> impl IntoView {
    let question = NodeRef::<leptos::html::Details>::new();
    let class = if is_grave { "btn danger" } else { "btn" };
    view! {
        // Of the questions on a page one is open at a time.
        <details class="question" name="question" node_ref=question on:submit=move |_| close_question(question)>
            <summary class=class aria-label=label>{ask}</summary>
            <div class="question-body">{children()}</div>
        </details>
    }
}

/// A button that is of no use now, and why.
#[component]
pub(crate) fn Withheld(
    /// What the button says.
    button: &'static str,
    /// Names the reason in the page.
    id: &'static str,
    /// Why, and what to do.
    reason: &'static str,
) -> impl IntoView {
    view! {
        <button type="button" class="btn" disabled aria-describedby=id>{button}</button>
        <p class="hint" id=id>{reason}</p>
    }
    .into_any()
}

/// The password once more: whoever finds an open session must not end the others with it.
#[component]
pub(crate) fn OwnPassword() -> impl IntoView {
    view! {
        <label>
            <span>"Your password"</span>
            <input name="password" type="password" autocomplete="current-password" required />
        </label>
    }
    .into_any()
}

/// A new password, twice.
#[component]
pub(crate) fn NewPassword() -> impl IntoView {
    view! {
        <label>
            <span>"New password"</span>
            <input name="password" type="password" autocomplete="new-password" required minlength="12" aria-describedby="password-hint" />
        </label>
        <p class="hint" id="password-hint">"At least 12 characters, and none of the common ones. A sentence is easier to remember than a puzzle."</p>
        <label>
            <span>"The same again"</span>
            <input name="again" type="password" autocomplete="new-password" required minlength="12" />
        </label>
    }
    .into_any()
}

/// What the last form has done, shown once. Taken again whenever `version` changes: give it the sum of the versions
/// of the page's actions.
#[component]
pub(crate) fn DoneNotices(
    /// Changes with each form that was sent.
    #[prop(into)]
    version: Signal<usize>,
) -> impl IntoView {
    let notice = load(move || version.get(), |_| take_notice());
    view! {
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                notice.await.ok().flatten().map(|notice| view! { <DoneNoticeView notice /> })
            })}
        </Transition>
    }
}

/// Empties a form once what it sent was done.
pub(crate) fn emptied_when(is_done: impl Fn() -> bool + 'static) -> NodeRef<leptos::html::Form> {
    let form = NodeRef::<leptos::html::Form>::new();
    Effect::new(move |_| {
        if is_done()
            && let Some(form) = form.get_untracked()
        {
            form.reset();
        }
    });
    form
}

/// A role to choose, with what each is for.
#[component]
pub(crate) fn RoleChoice(
    /// The one that is chosen at first.
    chosen: Role,
    /// Whether another can be chosen.
    #[prop(default = true)]
    is_open: bool,
) -> impl IntoView {
    view! {
        <label>
            <span>"Role"</span>
            <select name="role" disabled=!is_open>
                {Role::ALL
                    .into_iter()
                    .map(|role| view! {
                        <option value=role.as_str() selected=role == chosen>{format!("{role}: {}", role.label())}</option>
                    })
                    .collect_view()}
            </select>
        </label>
    }
    .into_any()
}
