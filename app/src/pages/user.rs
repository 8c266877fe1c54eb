//! One user, and what an administrator can do about it.

use domain::account::{ManagedUser, User, UserState};
use domain::quantity::counted;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::users::StatePill;
use crate::components::{
    DoneNotices, FormError, LoadFailed, Moment, PageTitle, Question, RoleChoice, Withheld,
};
use crate::error::AppError;
use crate::loading::load;
use crate::server_fns::{ChangeRole, DisableUser, EnableUser, EndUserSessions, ResetPassword, load_user};

const LAST_ADMINISTRATOR: &str =
    "This is the last administrator who can sign in. Make somebody else an administrator first.";

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
    let user = load(move || (name.get(), forms.version()), |(name, _)| load_user(name));
    view! {
        <PageTitle text=Signal::derive(move || format!("{} · Users · Tidemark", name.get())) />
        <DoneNotices version=Signal::derive(move || forms.version()) />
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                match user.await {
                    Ok(managed) => view! { <UserBody managed forms /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn UserBody(managed: ManagedUser, forms: Forms) -> impl IntoView {
    let user = managed.user.clone();
    let is_oneself = managed.is_oneself;
    let name = user.name.to_string();
    view! {
        <div class="head">
            <h1>{name.clone()}</h1>
            <span class="pill plain">{user.role.as_str()}</span>
            <StatePill state=user.state />
        </div>
        <div class="grid g21">
            <div class="stack">
                <RoleCard managed=managed.clone() forms />
                <PasswordCard managed=managed.clone() forms />
                <AccessCard managed forms />
            </div>
            <Facts user is_oneself forms />
        </div>
    }
}

#[component]
fn RoleCard(managed: ManagedUser, forms: Forms) -> impl IntoView {
    let ManagedUser {
        user,
        is_last_administrator,
        ..
    } = managed;
    let (described_by, hint) = if is_last_administrator {
        (Some("role-reason"), LAST_ADMINISTRATOR)
    } else {
        (
            None,
            "Ends all sessions of this user, and voids a link that was given out.",
        )
    };
    view! {
        <section class="card form-card">
            <header><h2>"Role"</h2></header>
            <ActionForm action=forms.role>
                <FormError outcome=forms.role.value().into() path="/fn/change_role" />
                <input type="hidden" name="name" value=user.name.to_string() />
                <div class="fields">
                    <RoleChoice chosen=user.role is_open=!is_last_administrator />
                    <button type="submit" class="btn" disabled=move || is_last_administrator || forms.role.pending().get() aria-describedby=described_by>"Change role"</button>
                </div>
                <p class="hint" id="role-reason">{hint}</p>
            </ActionForm>
        </section>
    }
}

/// Why a password is not reset.
fn reset_withheld(managed: &ManagedUser) -> Option<&'static str> {
    if managed.is_oneself {
        Some("This is your own account: change your password on your account page.")
    } else if managed.is_last_administrator {
        Some(LAST_ADMINISTRATOR)
    } else if managed.user.state == UserState::Disabled {
        Some("A disabled user cannot choose a password. Enable the user first.")
    } else {
        None
    }
}

/// Why a user is not shut out.
fn disable_withheld(managed: &ManagedUser) -> Option<&'static str> {
    if managed.is_oneself {
        Some("This is your own account: another administrator can disable it.")
    } else if managed.is_last_administrator {
        Some(LAST_ADMINISTRATOR)
    } else {
        None
    }
}

#[component]
fn PasswordCard(managed: ManagedUser, forms: Forms) -> impl IntoView {
    let withheld = reset_withheld(&managed);
    let name = managed.user.name.to_string();
    let (title, button, answer, words) = match managed.user.state {
        UserState::WithoutPassword => (
            "Link to choose a password",
            "Make a new link",
            format!("Make a new link for {name}"),
            format!("A new link is made for {name}; the one before is void from then on."),
        ),
        _ => (
            "Password",
            "Reset the password",
            format!("Reset the password of {name}"),
            format!(
                "The password of {name} is taken away at once and all sessions end. You get a link with which {name} chooses another."
            ),
        ),
    };
    view! {
        <section class="card form-card">
            <header><h2>{title}</h2></header>
            <div class="form-body">
                <FormError outcome=forms.reset.value().into() path="/fn/reset_password" />
                {match withheld {
                    Some(reason) => view! { <Withheld button id="reset-reason" reason /> }.into_any(),
                    None => view! {
                        <Question ask=button>
                            <ActionForm action=forms.reset>
                                <input type="hidden" name="name" value=name.clone() />
                                <p>{words}</p>
                                <button type="submit" class="btn" disabled=move || forms.reset.pending().get()>{answer}</button>
                            </ActionForm>
                        </Question>
                    }.into_any(),
                }}
            </div>
        </section>
    }
}

#[component]
fn AccessCard(managed: ManagedUser, forms: Forms) -> impl IntoView {
    let withheld = disable_withheld(&managed);
    let is_disabled = managed.user.state == UserState::Disabled;
    let name = managed.user.name.to_string();
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
                <FormError outcome path=if is_disabled { "/fn/enable_user" } else { "/fn/disable_user" } />
                {match withheld {
                    _ if is_disabled => view! {
                        <ActionForm action=forms.enable>
                            <input type="hidden" name="name" value=name />
                            <p>"This user is shut out. Its password, if it has one, works again once it is enabled."</p>
                            <button type="submit" class="btn" disabled=move || forms.enable.pending().get()>"Enable"</button>
                        </ActionForm>
                    }.into_any(),
                    Some(reason) => view! { <Withheld button="Disable" id="disable-reason" reason /> }.into_any(),
                    None => view! {
                        <Question ask="Disable" is_grave=true>
                            <ActionForm action=forms.disable>
                                <input type="hidden" name="name" value=name.clone() />
                                <p>{format!("All sessions of {name} end at once, and {name} cannot sign in until enabled again. Tokens that {name} has created go on working: revoke them on the Tokens page.")}</p>
                                <button type="submit" class="btn danger" disabled=move || forms.disable.pending().get()>{format!("Disable {name}")}</button>
                            </ActionForm>
                        </Question>
                    }.into_any(),
                }}
            </div>
        </section>
    }
}

#[component]
fn Facts(user: User, is_oneself: bool, forms: Forms) -> impl IntoView {
    let name = user.name.to_string();
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
                {if is_oneself {
                    view! { <Withheld button="Sign out everywhere" id="sessions-reason" reason="This is your own account: sign out everywhere on your account page." /> }.into_any()
                } else if user.sessions == 0 {
                    view! { <Withheld button="Sign out everywhere" id="sessions-reason" reason="No session is open." /> }.into_any()
                } else {
                    view! {
                        <Question ask="Sign out everywhere">
                            <ActionForm action=forms.sign_out>
                                <input type="hidden" name="name" value=name.clone() />
                                <p>{format!("All sessions of {name} end at once, on every device.")}</p>
                                <button type="submit" class="btn" disabled=move || forms.sign_out.pending().get()>{format!("Sign {name} out everywhere")}</button>
                            </ActionForm>
                        </Question>
                    }.into_any()
                }}
            </div>
        </section>
    }
}
