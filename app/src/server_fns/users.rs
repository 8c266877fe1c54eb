//! What administrators do to users.

use domain::account::{ManagedUser, User, UserColumn};
use domain::listing::{ListPage, ListQuery};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::notice::DoneNotice;
use crate::error::AppError;

/// A user name that came over the wire.
#[cfg(feature = "ssr")]
fn parsed(name: &str) -> Result<domain::account::UserName, AppError> {
    name.parse()
        .map_err(|_| super::guard::unfit(AppError::InvalidUserName))
}

#[cfg(feature = "ssr")]
pub(super) fn role(text: &str) -> Result<domain::role::Role, AppError> {
    text.parse().map_err(|_| {
        super::guard::unfit(AppError::InvalidParameter(domain::audit::InvalidParameter {
            parameter: "role".to_owned(),
            given: text.chars().take(60).collect(),
            wanted: "viewer, operator or admin".to_owned(),
        }))
    })
}

#[cfg(feature = "ssr")]
async fn managing() -> Result<(backend::console::Console, backend::auth::Granted), AppError> {
    super::guard::demand(domain::role::Permission::ManageUsers, "users").await
}

#[cfg(feature = "ssr")]
fn leave_link(
    console: &backend::console::Console,
    user: &str,
    token: &backend::random::SecretToken,
    hours: u32,
) -> Result<(), AppError> {
    super::notice::leave_notice(&DoneNotice::Link {
        user: user.to_owned(),
        url: format!("{}/setup?token={}", console.public_address(), token.expose()),
        hours,
    })
}

#[cfg(feature = "ssr")]
fn done(words: String) -> DoneNotice {
    DoneNotice::Done(words)
}

/// Loads one page of the list of users.
#[server(prefix = "/fn", endpoint = "list_users", input = leptos::server_fn::codec::Json)]
pub async fn list_users(query: ListQuery<UserColumn>) -> Result<ListPage<User>, AppError> {
    let (console, granted) = managing().await?;
    let users = console
        .users(&granted)
        .await
        .map_err(|error| super::guard::refused("listing users", error))?;
    Ok(query.checked().apply(&users))
}

/// Loads one user, and what of this page would be refused.
#[server(prefix = "/fn", endpoint = "load_user", input = leptos::server_fn::codec::GetUrl)]
pub async fn load_user(name: String) -> Result<ManagedUser, AppError> {
    let (console, granted) = managing().await?;
    let name = name.parse().map_err(|_| super::guard::not_found())?;
    console
        .managed_user(&granted, &name)
        .await
        .map_err(|error| super::guard::refused("loading a user", error))
}

/// Invites a user; the next page shows the link.
#[server(prefix = "/fn", endpoint = "invite_user")]
pub async fn invite_user(name: String, role: String) -> Result<(), AppError> {
    let (console, granted) = managing().await?;
    let (name, role) = (parsed(&name)?, self::role(&role)?);
    let token = console
        .invite_user(&granted, name.clone(), role)
        .await
        .map_err(|error| super::guard::refused("inviting a user", error))?;
    leave_link(
        &console,
        name.as_str(),
        &token,
        backend::accounts::INVITATION_HOURS,
    )
}

/// Gives a user another role.
#[server(prefix = "/fn", endpoint = "change_role")]
pub async fn change_role(name: String, role: String) -> Result<(), AppError> {
    let (console, granted) = managing().await?;
    let (name, role) = (parsed(&name)?, self::role(&role)?);
    console
        .change_role(&granted, &name, role)
        .await
        .map_err(|error| super::guard::refused("changing a role", error))?;
    super::notice::leave_notice(&done(format!("{name} is {role} now, and signed out everywhere.")))
}

/// Shuts a user out.
#[server(prefix = "/fn", endpoint = "disable_user")]
pub async fn disable_user(name: String) -> Result<(), AppError> {
    let (console, granted) = managing().await?;
    let name = parsed(&name)?;
    console
        .disable_user(&granted, &name)
        .await
        .map_err(|error| super::guard::refused("disabling a user", error))?;
    super::notice::leave_notice(&done(format!("{name} is disabled, and signed out everywhere.")))
}

/// Lets a disabled user in again.
#[server(prefix = "/fn", endpoint = "enable_user")]
pub async fn enable_user(name: String) -> Result<(), AppError> {
    let (console, granted) = managing().await?;
    let name = parsed(&name)?;
    console
        .enable_user(&granted, &name)
        .await
        .map_err(|error| super::guard::refused("enabling a user", error))?;
    super::notice::leave_notice(&done(format!("{name} can sign in again.")))
}

/// Signs a user out everywhere.
#[server(prefix = "/fn", endpoint = "end_user_sessions")]
pub async fn end_user_sessions(name: String) -> Result<(), AppError> {
    let (console, granted) = managing().await?;
    let name = parsed(&name)?;
    console
        .end_user_sessions(&granted, &name)
        .await
        .map_err(|error| super::guard::refused("ending a user's sessions", error))?;
    super::notice::leave_notice(&done(format!("{name} is signed out everywhere.")))
}

/// Signs everybody out everywhere, whoever asks too.
#[server(prefix = "/fn", endpoint = "end_everyones_sessions")]
pub async fn end_everyones_sessions(password: String) -> Result<(), AppError> {
    let (console, granted) = managing().await?;
    console
        .end_everyones_sessions(&granted, &super::guard::client()?, &password.into())
        .await
        .map_err(|error| super::guard::refused("ending everyone's sessions", error))?;
    super::notice::clear_notice();
    leptos_axum::redirect("/login");
    Ok(())
}

/// Takes a user's password away; the next page shows the link to choose another.
#[server(prefix = "/fn", endpoint = "reset_password")]
pub async fn reset_password(name: String) -> Result<(), AppError> {
    let (console, granted) = managing().await?;
    let name = parsed(&name)?;
    let token = console
        .reset_password(&granted, &name)
        .await
        .map_err(|error| super::guard::refused("resetting a password", error))?;
    leave_link(&console, name.as_str(), &token, backend::accounts::RESET_HOURS)
}
