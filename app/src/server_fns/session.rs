//! Signing in and out.

use leptos::prelude::*;

use crate::error::AppError;

/// Signs in and goes to the page that was asked for, or to the first database's Overview.
#[server(prefix = "/fn", endpoint = "sign_in")]
pub async fn sign_in(name: String, password: String, next: Option<String>) -> Result<(), AppError> {
    use backend::auth::SignInRefused;
    use http::StatusCode;

    use super::{arrival, guard};

    let (console, session, client) = (guard::console()?, guard::session()?, guard::client()?);
    match console.sign_in(&session, &client, &name, &password.into()).await {
        Ok(signed_in) => arrival::arrive(&console, &signed_in, next.as_deref()),
        Err(SignInRefused::WrongCredentials) => Err(guard::refuse(
            StatusCode::UNAUTHORIZED,
            AppError::WrongCredentials,
        )),
        Err(SignInRefused::TooManyAttempts { retry_after_s }) => Err(guard::refuse(
            StatusCode::TOO_MANY_REQUESTS,
            AppError::TooManyAttempts { retry_after_s },
        )),
        Err(SignInRefused::Failed(error)) => Err(guard::failed("signing in", &error)),
    }
}

/// Ends the session.
#[server(prefix = "/fn", endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ManageOwnAccount, "session").await?;
    console
        .sign_out(granted.caller(), &guard::session()?)
        .await
        .map_err(|error| guard::failed("signing out", &error))?;
    super::notice::clear_notice();
    leptos_axum::redirect("/login");
    Ok(())
}
