//! One's own account.

use domain::account::OpenSession;
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::notice::DoneNotice;
use crate::error::AppError;

/// The sessions one has open.
#[server(prefix = "/fn", endpoint = "list_own_sessions", input = leptos::server_fn::codec::GetUrl)]
pub async fn list_own_sessions() -> Result<Vec<OpenSession>, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ManageOwnAccount, "account").await?;
    console
        .own_sessions(&granted)
        .await
        .map_err(|error| guard::refused("listing sessions", error))
}

/// Says that somebody works with the page. Nothing else the page asks by itself puts off the end of the session.
#[server(prefix = "/fn", endpoint = "note_use")]
pub async fn note_use() -> Result<(), AppError> {
    use super::guard;

    guard::demand(domain::role::Permission::ManageOwnAccount, "account")
        .await
        .map(drop)
}

/// Ends one of one's own sessions.
#[server(prefix = "/fn", endpoint = "end_session")]
pub async fn end_session(id: i64, password: String) -> Result<(), AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ManageOwnAccount, "account").await?;
    console
        .end_own_session(&granted, &guard::client()?, &password.into(), id)
        .await
        .map_err(|error| guard::refused("ending a session", error))?;
    super::notice::leave_notice(&DoneNotice::Done("The session has ended.".to_owned()))
}

/// Signs out everywhere, here too.
#[server(prefix = "/fn", endpoint = "end_all_sessions")]
pub async fn end_all_sessions(password: String) -> Result<(), AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ManageOwnAccount, "account").await?;
    console
        .end_all_own_sessions(&granted, &guard::client()?, &password.into(), &guard::session()?)
        .await
        .map_err(|error| guard::refused("ending all sessions", error))?;
    super::notice::clear_notice();
    leptos_axum::redirect("/login");
    Ok(())
}

/// Changes one's own password; every other session ends.
#[server(prefix = "/fn", endpoint = "change_password")]
pub async fn change_password(old: String, password: String, again: String) -> Result<(), AppError> {
    use super::{arrival, guard};

    let (console, granted) = guard::demand(domain::role::Permission::ManageOwnAccount, "account").await?;
    if password != again {
        return Err(guard::unfit(AppError::PasswordsDiffer));
    }
    let signed_in = console
        .change_own_password(
            &granted,
            &guard::session()?,
            &guard::client()?,
            &old.into(),
            &password.into(),
        )
        .await
        .map_err(|error| guard::refused("changing a password", error))?;
    arrival::remember_browser(&signed_in)?;
    super::notice::leave_notice(&DoneNotice::Done(
        "Your password is changed. Your other sessions have ended.".to_owned(),
    ))
}
