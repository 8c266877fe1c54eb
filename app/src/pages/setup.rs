//! Where one-time links lead: the first administrator's, invitations and resets.

use domain::account::Account;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::{FormError, Gate, NewPassword, Notice, PageTitle, Tone};
use crate::loading::load;
use crate::server_fns::{ChoosePassword, LinkState, SetUp, check_link};

/// What the link opens, or that it opens nothing.
#[component]
pub(crate) fn SetupPage() -> impl IntoView {
    let query = use_query_map();
    let token = Memo::new(move |_| query.read().get("token").unwrap_or_default());
    let link = load(move || token.get(), check_link);
    view! {
        <PageTitle text="Set up · Tidemark" />
        <Suspense fallback=|| ()>
            {move || Suspend::new(async move {
                let token = token.get_untracked();
                match link.await {
                    Ok(LinkState::FirstAdministrator) => view! {
                        <Gate title="Create the first administrator"><FirstAdministratorForm token /></Gate>
                    }.into_any(),
                    Ok(LinkState::Invitation(account)) => view! {
                        <Gate title=format!("Welcome, {}", account.name)><PasswordForm token account button="Set password and sign in" /></Gate>
                    }.into_any(),
                    Ok(LinkState::Reset(account)) => view! {
                        <Gate title=format!("A new password for {}", account.name)><PasswordForm token account button="Set password and sign in" /></Gate>
                    }.into_any(),
                    Ok(LinkState::Invalid) => view! { <Gate title="Set up"><InvalidLink /></Gate> }.into_any(),
                    Err(error) => view! { <Gate title="Set up"><p class="form-error">{error.to_string()}</p></Gate> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn InvalidLink() -> impl IntoView {
    view! {
        <Notice tone=Tone::Warn title="This link is not valid any more">
            <p>"It was used, replaced by a newer one, or is too old. Ask an administrator for a new one."</p>
            <p>"There is no administrator yet? Start the console again: its log shows a new link. Or, on its machine:"</p>
            <pre tabindex="0"><code>"tidemark user add NAME --role admin"</code></pre>
            <p><a href="/login">"Sign in"</a></p>
        </Notice>
    }
}

#[component]
fn FirstAdministratorForm(token: String) -> impl IntoView {
    let action = ServerAction::<SetUp>::new();
    view! {
        <ActionForm action>
            <input type="hidden" name="token" value=token />
            <FormError outcome=action.value().into() path="/fn/set_up" />
            <label>
                <span>"Name"</span>
                <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64" autofocus />
            </label>
            <NewPassword />
            <button type="submit" class="btn primary" disabled=move || action.pending().get()>"Create and sign in"</button>
        </ActionForm>
    }
}

#[component]
fn PasswordForm(token: String, account: Account, button: &'static str) -> impl IntoView {
    let action = ServerAction::<ChoosePassword>::new();
    view! {
        <ActionForm action>
            <input type="hidden" name="token" value=token />
            // Password managers keep the new password under this name.
            <input type="text" name="username" value=account.name.to_string() autocomplete="username" class="visually-hidden" tabindex="-1" aria-hidden="true" readonly />
            <p class="muted">{format!("You sign in as {} with the role {}.", account.name, account.role)}</p>
            <FormError outcome=action.value().into() path="/fn/choose_password" />
            <NewPassword />
            <button type="submit" class="btn primary" disabled=move || action.pending().get()>{button}</button>
        </ActionForm>
    }
}
