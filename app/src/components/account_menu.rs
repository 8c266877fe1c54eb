//! Who is signed in, the theme, and the way out.

use domain::account::Account;
use leptos::prelude::*;

use super::keys::KeysButton;
use crate::browser::{apply_theme, send_form};
use crate::server_fns::Theme;

/// Opens with a click or Enter, without JavaScript too.
#[component]
pub(crate) fn AccountMenu(account: Account) -> impl IntoView {
    let name = account.name.to_string();
    // Begins with what is to be seen, so that it can be called by voice too.
    let label = format!("{}, account of {name}", account.name.initials());
    view! {
        <details class="menu">
            <summary class="avatar" aria-label=label title=name.clone()>{account.name.initials()}</summary>
            <div class="menu-body">
                <p class="menu-who">
                    <strong>{name}</strong>
                    <span class="muted">{account.role.as_str()}</span>
                </p>
                <ThemeSwitch />
                <a class="menu-item" href="/account">"Account and sessions"</a>
                <KeysButton />
                // Leaves the app for good: what is in memory goes with the page.
                <form method="post" action="/fn/sign_out">
                    <button type="submit" class="menu-item">"Sign out"</button>
                </form>
            </div>
        </details>
    }
    .into_any()
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    view! {
        <form method="post" action="/fn/set_theme" on:submit=|event| send_form(event, |_| ())>
            <fieldset class="segments">
                <legend>"Theme"</legend>
                {Theme::ALL
                    .into_iter()
                    .map(|theme| {
                        view! {
                            <button
                                type="submit"
                                name="theme"
                                value=theme.as_str()
                                on:click=move |_| apply_theme(theme.as_str())
                            >
                                {theme.label()}
                            </button>
                        }
                    })
                    .collect_view()}
            </fieldset>
        </form>
    }
    .into_any()
}
