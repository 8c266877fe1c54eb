//! One-time links: the first administrator's, invitations, resets.

use domain::account::Account;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// What a link opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Name and password of the first administrator.
    FirstAdministrator,
    /// A first password for this user.
    Invitation(Account),
    /// Another password for this user.
    Reset(Account),
    /// Used up, replaced, out of date or made up.
    Invalid,
}

/// What a link opens, so that the page can say so before anything is typed.
#[server(prefix = "/fn", endpoint = "check_link")]
pub async fn check_link(token: String) -> Result<LinkState, AppError> {
    use backend::accounts::OpenLink;

    use super::guard;

    match guard::console()?.open_link(&token).await {
        Ok(Some(OpenLink::FirstAdministrator)) => Ok(LinkState::FirstAdministrator),
        Ok(Some(OpenLink::Invitation(account))) => Ok(LinkState::Invitation(account)),
        Ok(Some(OpenLink::Reset(account))) => Ok(LinkState::Reset(account)),
        Ok(None) => Ok(LinkState::Invalid),
        Err(error) => Err(guard::failed("checking a link", &error)),
    }
}

/// Creates the first administrator with a setup link and signs in.
#[server(prefix = "/fn", endpoint = "set_up")]
pub async fn set_up(token: String, name: String, password: String, again: String) -> Result<(), AppError> {
    use super::{arrival, guard};

    let (console, session, client) = (guard::console()?, guard::session()?, guard::client()?);
    if password != again {
        return Err(guard::unfit(AppError::PasswordsDiffer));
    }
    let signed_in = console
        .set_up(&session, &client, &token, &name, &password.into())
        .await
        .map_err(|error| guard::refused("setting up", error))?;
    arrival::arrive(&console, &signed_in, None)
}

/// Chooses a password with an invitation or a reset, and signs in.
#[server(prefix = "/fn", endpoint = "choose_password")]
pub async fn choose_password(token: String, password: String, again: String) -> Result<(), AppError> {
    use super::{arrival, guard};

    let (console, session, client) = (guard::console()?, guard::session()?, guard::client()?);
    if password != again {
        return Err(guard::unfit(AppError::PasswordsDiffer));
    }
    let signed_in = console
        .use_password_link(&session, &client, &token, &password.into())
        .await
        .map_err(|error| guard::refused("choosing a password", error))?;
    arrival::arrive(&console, &signed_in, None)
}
