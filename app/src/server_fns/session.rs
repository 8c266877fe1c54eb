//! Signing in, signing out, and creating the first administrator.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// Whether a setup link can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetupLink {
    /// It can.
    Valid,
    /// Used up, replaced, out of date or made up.
    Invalid,
}

/// Signs in and goes to the page that was asked for, or to the first database's Overview.
#[server(prefix = "/fn", endpoint = "sign_in")]
pub async fn sign_in(name: String, password: String, next: Option<String>) -> Result<(), AppError> {
    use backend::auth::SignInRefused;

    use super::guard;

    let (console, session) = (guard::console()?, guard::session()?);
    match console.sign_in(&session, &name, &password.into()).await {
        Ok(account) => {
            tracing::info!(user = %account.name, "signed in");
            leptos_axum::redirect(&landing(&console, next.as_deref()));
            Ok(())
        }
        Err(SignInRefused::WrongCredentials) => {
            tracing::info!("a sign-in was refused");
            Err(guard::refuse(
                http::StatusCode::UNAUTHORIZED,
                AppError::WrongCredentials,
            ))
        }
        Err(SignInRefused::Failed(error)) => Err(guard::failed("signing in", &error)),
    }
}

/// Ends the session.
#[server(prefix = "/fn", endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), AppError> {
    use super::guard;

    let (console, _) = guard::demand(domain::role::Permission::ManageOwnAccount)?;
    console
        .sign_out(&guard::session()?)
        .await
        .map_err(|error| guard::failed("signing out", &error))?;
    leptos_axum::redirect("/login");
    Ok(())
}

/// Whether a setup link can be used, so that the page can say so before anything is typed.
#[server(prefix = "/fn", endpoint = "check_setup_link")]
pub async fn check_setup_link(token: String) -> Result<SetupLink, AppError> {
    use super::guard;

    match guard::console()?.is_setup_token(&token).await {
        Ok(true) => Ok(SetupLink::Valid),
        Ok(false) => Ok(SetupLink::Invalid),
        Err(error) => Err(guard::failed("checking a setup link", &error)),
    }
}

/// Creates the first administrator with a setup link and signs in.
#[server(prefix = "/fn", endpoint = "set_up")]
pub async fn set_up(token: String, name: String, password: String, again: String) -> Result<(), AppError> {
    use backend::console::SetupFailed;
    use http::StatusCode;

    use super::guard;

    let (console, session) = (guard::console()?, guard::session()?);
    if password != again {
        return Err(guard::refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            AppError::PasswordsDiffer,
        ));
    }
    match console.set_up(&session, &token, &name, &password.into()).await {
        Ok(account) => {
            tracing::info!(user = %account.name, "the first administrator was created with the setup link");
            leptos_axum::redirect(&landing(&console, None));
            Ok(())
        }
        Err(SetupFailed::LinkInvalid) => {
            Err(guard::refuse(StatusCode::FORBIDDEN, AppError::SetupLinkInvalid))
        }
        Err(SetupFailed::Name(_)) => Err(guard::refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            AppError::InvalidUserName,
        )),
        Err(SetupFailed::Password(error)) => Err(guard::refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            AppError::UnfitPassword(error),
        )),
        Err(SetupFailed::Failed(error)) => Err(guard::failed("setting up", &error)),
    }
}

/// Where to go after signing in: the page asked for if it is one of ours, else the first database's Overview.
#[cfg(feature = "ssr")]
fn landing(console: &backend::console::Console, next: Option<&str>) -> String {
    match next.filter(|path| is_own_page(path)) {
        Some(path) => path.to_owned(),
        None => console
            .database_names()
            .first()
            .map_or_else(|| "/".to_owned(), |database| format!("/db/{database}")),
    }
}

/// A path on this console. `//host`, `/\host` and anything with control characters would leave it.
#[cfg(feature = "ssr")]
fn is_own_page(path: &str) -> bool {
    path.starts_with("/db/")
        && path.len() <= 2000
        && !path.contains('\\')
        && path.chars().all(|c| !c.is_control() && c.is_ascii())
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::is_own_page;

    #[test]
    fn only_pages_of_this_console_are_gone_to_after_signing_in() {
        assert!(is_own_page("/db/factory/hypertables?sort=rows&dir=asc"));
        for path in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/db/\\evil",
            "/db/a\r\nSet-Cookie: x=y",
            "javascript:alert(1)",
            "/login",
        ] {
            assert!(!is_own_page(path), "{path:?}");
        }
    }
}
