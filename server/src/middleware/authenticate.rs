//! Finds out who is asking, once a request, and turns away those who have not signed in.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use backend::auth::{Principal, Session};
use backend::console::Console;
use domain::listing::escape_parameter;
use http::{Method, StatusCode, header};

/// What answers without a login, beside what is routed past this middleware.
const OPEN_PATHS: [&str; 5] = [
    "/login",
    "/setup",
    "/fn/sign_in",
    "/fn/set_up",
    "/fn/check_setup_link",
];

/// Logged out, a page leads to /login and comes back afterwards; anything else is answered 401.
pub(crate) async fn authenticate(
    State(console): State<Console>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(session) = request.extensions().get::<Session>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let principal = match console.principal(&session).await {
        Ok(principal) => principal,
        Err(error) => {
            tracing::error!(%error, "finding out who is asking failed");
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                "The console's own state cannot be read. Its log says why.",
            )
                .into_response();
        }
    };
    let path = request.uri().path();
    if principal == Principal::Anonymous && !OPEN_PATHS.contains(&path) {
        return turn_away(&request);
    }
    // Who is signed in has no use for the login page.
    if principal != Principal::Anonymous && path == "/login" && request.method() == Method::GET {
        return Redirect::to("/").into_response();
    }
    request.extensions_mut().insert(principal);
    next.run(request).await
}

fn turn_away(request: &Request) -> Response {
    let wants_page = request.method() == Method::GET
        && request
            .headers()
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"));
    if !wants_page {
        return (StatusCode::UNAUTHORIZED, "Sign in first.").into_response();
    }
    let asked_for = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if asked_for == "/" {
        Redirect::to("/login").into_response()
    } else {
        Redirect::to(&format!("/login?next={}", escape_parameter(asked_for))).into_response()
    }
}
