//! One's own account: password and sessions.

use domain::account::OpenSession;
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::components::{
    DoneNotices, FormError, LoadFailed, Moment, NewPassword, OwnPassword, PageTitle, Question, emptied_when,
};
use crate::loading::load;
use crate::server_fns::{ChangePassword, EndSession, list_own_sessions};

/// The page.
#[component]
pub(crate) fn AccountPage() -> impl IntoView {
    let change = ServerAction::<ChangePassword>::new();
    let end = ServerAction::<EndSession>::new();
    let version = Signal::derive(move || change.version().get() + end.version().get());
    let sessions = load(move || version.get(), |_| list_own_sessions());
    let form = emptied_when(move || matches!(change.value().get(), Some(Ok(()))));
    view! {
        <PageTitle text="Account · Tidemark" />
        <div class="head"><h1>"Account"</h1></div>
        <DoneNotices version />
        <section class="card">
            <header><h2>"Sessions"</h2></header>
            <FormError outcome=end.value().into() path="/fn/end_session" />
            <FormError outcome=Signal::derive(|| None) path="/fn/end_all_sessions" />
            <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
                {move || Suspend::new(async move {
                    match sessions.await {
                        Ok(sessions) => view! { <Sessions sessions end /> }.into_any(),
                        Err(error) => view! { <LoadFailed error /> }.into_any(),
                    }
                })}
            </Transition>
            <div class="form-body">
                <Question ask="Sign out everywhere" is_grave=true>
                    // Leaves the app for good: what is in memory goes with the page.
                    <form method="post" action="/fn/end_all_sessions">
                        <p>"All your sessions end at once, in this browser too: you sign in again to go on."</p>
                        <OwnPassword />
                        <button type="submit" class="btn danger">"End all my sessions"</button>
                    </form>
                </Question>
            </div>
        </section>
        <section class="card form-card password-card">
            <header><h2>"Password"</h2></header>
            <ActionForm action=change node_ref=form>
                <FormError outcome=change.value().into() path="/fn/change_password" />
                <label>
                    <span>"Old password"</span>
                    <input name="old" type="password" autocomplete="current-password" required />
                </label>
                <NewPassword />
                <div><button type="submit" class="btn primary" disabled=move || change.pending().get()>"Change password"</button></div>
                <p class="hint">"Ends your other sessions."</p>
            </ActionForm>
        </section>
    }
}

#[component]
fn Sessions(sessions: Vec<OpenSession>, end: ServerAction<EndSession>) -> impl IntoView {
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Sessions">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Browser"</th>
                        <th scope="col" class="wide-only">"Address"</th>
                        <th scope="col" class="wide-only">"Signed in"</th>
                        <th scope="col" class="wide-only">"Last used"</th>
                        <td></td>
                    </tr>
                </thead>
                <tbody>
                    {sessions.into_iter().map(|session| view! { <Row session end /> }).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(session: OpenSession, end: ServerAction<EndSession>) -> impl IntoView {
    let label = format!("End the session in {} from {}", session.browser, session.address);
    view! {
        <tr>
            <th scope="row" class="name">
                {session.browser}
                <span class="under narrow-only">
                    {session.address.clone()} ", signed in " <Moment at=Some(session.signed_in_at) none="" /> ", last used " <Moment at=Some(session.used_at) none="" />
                </span>
            </th>
            <td class="wide-only">{session.address}</td>
            <td class="wide-only"><Moment at=Some(session.signed_in_at) none="" /></td>
            <td class="wide-only"><Moment at=Some(session.used_at) none="" /></td>
            <td class="num">
                {if session.is_current {
                    view! { <span class="pill plain">"this one"</span> }.into_any()
                } else {
                    view! {
                        <Question ask="End" label>
                            <ActionForm action=end>
                                <input type="hidden" name="id" value=session.id.to_string() />
                                <OwnPassword />
                                <button type="submit" class="btn danger">"End this session"</button>
                            </ActionForm>
                        </Question>
                    }.into_any()
                }}
            </td>
        </tr>
    }
}
