//! Creating the first administrator, with the link from the log.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::components::{Logo, Notice, Tone};
use crate::error::AppError;
use crate::server_fns::{SetUp, SetupLink, check_setup_link};

/// The card that stands alone on the pages before the login.
#[component]
pub(super) fn Gate(title: &'static str, children: Children) -> impl IntoView {
    view! {
        <main class="gate">
            <section class="card gate-card">
                <p class="brand"><Logo /> "Tidemark"</p>
                <h1>{title}</h1>
                {children()}
            </section>
        </main>
    }
}

/// Why a form was refused: from the action, or, without JavaScript, from the address it was sent back to.
#[component]
pub(super) fn FormError(
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
                .map(|encoded| leptos::server_fn::error::ServerFnUrlError::<AppError>::decode_err(&encoded))
        }),
    };
    view! {
        <div role="alert">
            {move || error().map(|error| view! { <p class="form-error">{error.to_string()}</p> })}
        </div>
    }
}

/// Name and password of the first administrator.
#[component]
pub(crate) fn SetupPage() -> impl IntoView {
    let query = use_query_map();
    let token = Memo::new(move |_| query.read().get("token").unwrap_or_default());
    let link = Resource::new(move || token.get(), check_setup_link);
    view! {
        <Title text="Set up · Tidemark" />
        <Gate title="Create the first administrator">
            <Suspense fallback=|| ()>
                {move || Suspend::new(async move {
                    match link.await {
                        Ok(SetupLink::Valid) => view! { <SetupForm token=token.get() /> }.into_any(),
                        Ok(SetupLink::Invalid) => view! {
                            <Notice tone=Tone::Warn title="This setup link is not valid any more">
                                <p>"It was used, replaced by a newer one, or is older than a day. Start the console again to get a new one, or create a user on the command line:"</p>
                                <pre><code>"tidemark user add NAME --role admin"</code></pre>
                                <p><a href="/login">"Sign in"</a></p>
                            </Notice>
                        }.into_any(),
                        Err(error) => view! { <p class="form-error">{error.to_string()}</p> }.into_any(),
                    }
                })}
            </Suspense>
        </Gate>
    }
}

#[component]
fn SetupForm(token: String) -> impl IntoView {
    let action = ServerAction::<SetUp>::new();
    view! {
        <ActionForm action>
            <input type="hidden" name="token" value=token />
            <FormError outcome=action.value().into() path="/fn/set_up" />
            <label>
                <span>"Name"</span>
                <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64" autofocus />
            </label>
            <label>
                <span>"Password"</span>
                <input name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="512" aria-describedby="password-hint" />
            </label>
            <p class="hint" id="password-hint">"At least 12 characters. A sentence is easier to remember than a puzzle."</p>
            <label>
                <span>"The same again"</span>
                <input name="again" type="password" autocomplete="new-password" required minlength="12" maxlength="512" />
            </label>
            <button type="submit" class="btn primary" disabled=move || action.pending().get()>"Create and sign in"</button>
        </ActionForm>
    }
}
