//! One user, and what an administrator can do about it.

use domain::account::{User, UserState};
use domain::quantity::counted;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::users::StatePill;
use crate::components::{DoneNotices, FormError, LoadFailed, Moment, PageTitle, RoleChoice};
use crate::error::AppError;
use crate::server_fns::{ChangeRole, DisableUser, EnableUser, EndUserSessions, ResetPassword, load_user};

/// The page's forms. They live as long as the page, while what they change is loaded anew.
#[derive(Clone, Copy)]
struct Forms {
    role: ServerAction<ChangeRole>,
    disable: ServerAction<DisableUser>,
    enable: ServerAction<EnableUser>,
    reset: ServerAction<ResetPassword>,
    sign_out: ServerAction<EndUserSessions>,
}

impl Forms {
    fn new() -> Self {
        Self {
            role: ServerAction::new(),
            disable: ServerAction::new(),
            enable: ServerAction::new(),
            reset: ServerAction::new(),
            sign_out: ServerAction::new(),
        }
    }

    fn version(self) -> usize {
        self.role.version().get()
            + self.disable.version().get()
            + self.enable.version().get()
            + self.reset.version().get()
            + self.sign_out.version().get()
    }
}

/// The page.
#[component]
pub(crate) fn UserPage() -> impl IntoView {
    let forms = Forms::new();
    let parameters = use_params_map();
    let name = Memo::new(move |_| parameters.read().get("name").unwrap_or_default());
    let user = Resource::new(move || (name.get(), forms.version()), |(name, _)| load_user(name));
    view! {
        <PageTitle text=Signal::derive(move || format!("{} · Users · Tidemark", name.get())) />
        <DoneNotices version=Signal::derive(move || forms.version()) />
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                match user.await {
                    Ok(user) => view! { <UserBody user forms /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn UserBody(user: User, forms: Forms) -> impl IntoView {
    let name = user.name.to_string();
    view! {
        <div class="head">
            <h1>{name.clone()}</h1>
            <span class="pill plain">{user.role.as_str()}</span>
            <StatePill state=user.state />
        </div>
        <div class="grid g21">
            <div class="stack">
                <section class="card form-card">
                    <header><h2>"Role"</h2></header>
                    <ActionForm action=forms.role>
                        <FormError outcome=forms.role.value().into() path="/fn/change_role" />
                        <input type="hidden" name="name" value=name.clone() />
                        <div class="fields">
                            <RoleChoice chosen=user.role />
                            <button type="submit" class="btn" disabled=move || forms.role.pending().get()>"Change role"</button>
                        </div>
                        <p class="hint">"Ends all sessions of this user, and voids a link that was given out."</p>
                    </ActionForm>
                </section>
                <PasswordCard user=user.clone() forms />
                <AccessCard user=user.clone() forms />
            </div>
            <Facts user forms />
        </div>
    }
}

#[component]
fn PasswordCard(user: User, forms: Forms) -> impl IntoView {
    let is_disabled = user.state == UserState::Disabled;
    let (title, words, button) = match user.state {
        UserState::WithoutPassword => (
            "Link to choose a password",
            "Makes a new link; the one before is void from then on.",
            "Make a new link",
        ),
        _ => (
            "Reset the password",
            "Takes the password away at once, ends all sessions, and makes a link with which the user chooses another.",
            "Reset the password",
        ),
    };
    view! {
        <section class="card form-card">
            <header><h2>{title}</h2></header>
            <ActionForm action=forms.reset>
                <FormError outcome=forms.reset.value().into() path="/fn/reset_password" />
                <input type="hidden" name="name" value=user.name.to_string() />
                <p>{words}</p>
                <button type="submit" class="btn" disabled=move || is_disabled || forms.reset.pending().get()>{button}</button>
                {is_disabled.then(|| view! { <p class="hint">"A disabled user cannot choose a password. Enable the user first."</p> })}
            </ActionForm>
        </section>
    }
}

#[component]
fn AccessCard(user: User, forms: Forms) -> impl IntoView {
    let name = user.name.to_string();
    // One component for both, so that a form that was just sent does not take its message along when it goes.
    let outcome: Signal<Option<Result<(), AppError>>> = Signal::derive(move || {
        forms
            .disable
            .value()
            .get()
            .filter(Result::is_err)
            .or(forms.enable.value().get())
    });
    view! {
        <section class="card form-card">
            <header><h2>"Access"</h2></header>
            <div class="form-body">
                <FormError outcome path=if user.state == UserState::Disabled { "/fn/enable_user" } else { "/fn/disable_user" } />
                {if user.state == UserState::Disabled {
                    view! {
                        <ActionForm action=forms.enable>
                            <input type="hidden" name="name" value=name />
                            <p>"This user is shut out. Its password, if it has one, works again once it is enabled."</p>
                            <button type="submit" class="btn" disabled=move || forms.enable.pending().get()>"Enable"</button>
                        </ActionForm>
                    }.into_any()
                } else {
                    view! {
                        <ActionForm action=forms.disable>
                            <input type="hidden" name="name" value=name />
                            <p>"Disabling ends all sessions at once and keeps the user from signing in until it is enabled again. Tokens it has created go on working: revoke them on the Tokens page."</p>
                            <button type="submit" class="btn danger" disabled=move || forms.disable.pending().get()>"Disable"</button>
                        </ActionForm>
                    }.into_any()
                }}
            </div>
        </section>
    }
}

#[component]
fn Facts(user: User, forms: Forms) -> impl IntoView {
    let has_sessions = user.sessions > 0;
    view! {
        <section class="card">
            <header><h2>"Facts"</h2></header>
            <dl class="facts">
                <div><dt>"Last signed in"</dt><dd><Moment at=user.signed_in_at none="never" /></dd></div>
                <div><dt>"Open sessions"</dt><dd>{counted(user.sessions, "session", "sessions")}</dd></div>
                <div><dt>"Password changed"</dt><dd><Moment at=user.password_changed_at none="never" /></dd></div>
                <div><dt>"Link given out until"</dt><dd><Moment at=user.link_expires_at none="none" /></dd></div>
                <div><dt>"Created"</dt><dd><Moment at=Some(user.created_at) none="" /></dd></div>
                <div><dt>"Audit log"</dt><dd><a class="link" href=format!("/audit?person={}", user.name)>"what this user did"</a></dd></div>
            </dl>
            <div class="form-body">
                <FormError outcome=forms.sign_out.value().into() path="/fn/end_user_sessions" />
                <ActionForm action=forms.sign_out>
                    <input type="hidden" name="name" value=user.name.to_string() />
                    <button type="submit" class="btn" disabled=move || !has_sessions || forms.sign_out.pending().get()>"Sign out everywhere"</button>
                </ActionForm>
            </div>
        </section>
    }
}
