//! The first line of every server function.

use backend::auth::{Denied, Granted, Principal, Session};
use backend::console::Console;
use domain::role::Permission;
use http::request::Parts;
use http::{Method, StatusCode, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::error::AppError;

/// The console, as the server put it into the context.
pub(super) fn console() -> Result<Console, AppError> {
    use_context::<Console>().ok_or(AppError::Failed)
}

/// The request's session.
pub(super) fn session() -> Result<Session, AppError> {
    use_context::<Parts>()
        .and_then(|parts| parts.extensions.get::<Session>().cloned())
        .ok_or(AppError::Failed)
}

/// Demands a permission of whoever asks. The principal was found out once, when the request came in.
pub(super) fn demand(permission: Permission) -> Result<(Console, Granted), AppError> {
    let principal = use_context::<Parts>()
        .and_then(|parts| parts.extensions.get::<Principal>().cloned())
        .unwrap_or(Principal::Anonymous);
    match principal.demand(permission) {
        Ok(granted) => Ok((console()?, granted)),
        Err(Denied::NotSignedIn) => Err(refuse(StatusCode::UNAUTHORIZED, AppError::NotSignedIn)),
        Err(Denied::Forbidden(_)) => Err(refuse(StatusCode::FORBIDDEN, AppError::Forbidden)),
    }
}

/// The error, with its HTTP status. A form without JavaScript is answered by a redirect, whose status must stay.
pub(super) fn refuse(status: StatusCode, error: AppError) -> AppError {
    let is_form = use_context::<Parts>().is_some_and(|parts| {
        parts.method != Method::GET
            && parts
                .headers
                .get(header::ACCEPT)
                .and_then(|value| value.to_str().ok())
                .is_some_and(|accept| accept.contains("text/html"))
    });
    if let Some(response) = use_context::<ResponseOptions>().filter(|_| !is_form) {
        response.set_status(status);
    }
    error
}

/// A failure of the console's own: its words go to the log only.
pub(super) fn failed(what: &str, error: &dyn std::error::Error) -> AppError {
    tracing::error!(error = %error, "{what} failed");
    refuse(StatusCode::INTERNAL_SERVER_ERROR, AppError::Failed)
}

/// No such database, page or object.
pub(super) fn not_found() -> AppError {
    refuse(StatusCode::NOT_FOUND, AppError::NotFound)
}
