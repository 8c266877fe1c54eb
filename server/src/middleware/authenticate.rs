//! Finds out who is asking, once a request, and turns away those who have not signed in.

use app::error::AppError;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use backend::auth::{Caller, Client, Denied, Principal, Session};
use backend::console::Console;
use domain::listing::query_string;
use http::{HeaderMap, Method, StatusCode, header};

use super::client::cookie;
use super::reference::Reference;
use crate::problem::{Problem, Wanted, failure_page};

/// What answers without a login, beside what is routed past this middleware.
pub(crate) const OPEN_PATHS: [&str; 6] = [
    "/login",
    "/setup",
    "/fn/sign_in",
    "/fn/set_up",
    "/fn/choose_password",
    "/fn/check_link",
];

/// The cookie that holds a session's id.
pub(crate) const SESSION_COOKIE: &str = "__Host-tidemark";

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Logged out, a page leads to /login and comes back afterwards; anything else is answered 401. A token counts under
/// /api/ only, and there it goes before a session.
pub(crate) async fn authenticate(
    State(console): State<Console>,
    mut request: Request,
    next: Next,
) -> Response {
    let (Some(session), Some(client)) = (
        request.extensions().get::<Session>().cloned(),
        request.extensions().get::<Client>().cloned(),
    ) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let path = request.uri().path();
    // What a page that is left open asks by itself does not put off the end of its session.
    let client = Client {
        is_background: path.starts_with("/events/") || (path.starts_with("/fn/") && path != "/fn/note_use"),
        ..client
    };
    let token = bearer(request.headers()).filter(|_| path.starts_with("/api/"));
    let found = match token {
        Some(token) => console
            .token_principal(token, &client.address)
            .await
            .map_err(Into::into),
        None => console.principal(&session, &client).await,
    };
    let principal = match found {
        Ok(principal) => principal,
        Err(error) => {
            let reference = request
                .extensions()
                .get::<Reference>()
                .cloned()
                .unwrap_or_default();
            tracing::error!(%error, "finding out who is asking failed");
            let wanted = Wanted::by(request.headers(), path);
            return failure_page(StatusCode::SERVICE_UNAVAILABLE, wanted, &reference);
        }
    };
    if principal == Principal::Anonymous && !OPEN_PATHS.contains(&path) {
        return turn_away(&request);
    }
    // Who is signed in has no use for the login page.
    if principal != Principal::Anonymous && path == "/login" && request.method() == Method::GET {
        return Redirect::to("/").into_response();
    }
    request
        .extensions_mut()
        .insert(Caller::new(principal, client.address));
    next.run(request).await
}

fn turn_away(request: &Request) -> Response {
    let wanted = Wanted::by(request.headers(), request.uri().path());
    if wanted == Wanted::Problem {
        return Problem::from(Denied::NotSignedIn).into_response();
    }
    if wanted != Wanted::Page {
        // What the console's own code in the browser understands: it leaves for the login then.
        return (StatusCode::UNAUTHORIZED, axum::Json(AppError::NotSignedIn)).into_response();
    }
    if request.method() != Method::GET {
        let page = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in · Tidemark</title>\
                    </head><body><main><h1>Your session has ended</h1><p>What you sent was not done. \
                    <a href=\"/login\">Sign in</a> and send it again.</p></main></body></html>";
        return (StatusCode::UNAUTHORIZED, Html(page)).into_response();
    }
    // A session's cookie without a session: it has ended since.
    let has_ended = cookie(request.headers(), SESSION_COOKIE).is_some();
    let asked_for = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut parameters = Vec::new();
    if asked_for != "/" {
        parameters.push(("next", asked_for.to_owned()));
    }
    if has_ended {
        parameters.push(("ended", "1".to_owned()));
    }
    Redirect::to(&format!("/login{}", query_string(&parameters))).into_response()
}
