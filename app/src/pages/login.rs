//! Signing in.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::{FormError, Gate, Notice, PageTitle, Tone};
use crate::error::AppError;
use crate::server_fns::SignIn;

/// Name and password; goes on to the page that was asked for.
#[component]
pub(crate) fn LoginPage() -> impl IntoView {
    let action = ServerAction::<SignIn>::new();
    let query = use_query_map();
    let next = move || query.read().get("next").unwrap_or_default();
    let is_refused =
        Signal::derive(move || matches!(action.value().get(), Some(Err(AppError::WrongCredentials))));
    // What is wrong with what was typed is said in its place.
    let has_ended = move || {
        action.value().with(Option::is_none)
            && query.with(|query| query.get_str("ended").is_some() && query.get_str("__err").is_none())
    };
    view! {
        <PageTitle text="Sign in · Tidemark" />
        <Gate title="Sign in">
            {move || has_ended().then(|| view! { <Notice tone=Tone::Plain title="Your session has ended. Sign in to go on." /> })}
            <ActionForm action>
                <input type="hidden" name="next" value=next />
                <FormError outcome=action.value().into() path="/fn/sign_in" />
                <label>
                    <span>"Name"</span>
                    <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64" autofocus aria-invalid=move || is_refused.get().to_string() />
                </label>
                <label>
                    <span>"Password"</span>
                    <input name="password" type="password" autocomplete="current-password" required aria-invalid=move || is_refused.get().to_string() />
                </label>
                <button type="submit" class="btn primary" disabled=move || action.pending().get()>"Sign in"</button>
            </ActionForm>
        </Gate>
    }
}
