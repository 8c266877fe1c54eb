//! A request that changes something must come from one of the console's own pages.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use backend::auth::Client;
use backend::console::Console;
use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use super::authenticate::bearer;
use crate::problem::{Problem, Wanted};

/// The origins of the console's own pages.
#[derive(Debug, Clone)]
pub(crate) struct AllowedOrigins(Arc<[String]>);

impl AllowedOrigins {
    /// The public address; without one, the loopback addresses of the port.
    pub(crate) fn of(public_url: Option<&Url>, address: SocketAddr) -> Self {
        let origins = match public_url {
            Some(url) => vec![url.origin().ascii_serialization()],
            None => ["127.0.0.1", "localhost", "[::1]"]
                .into_iter()
                .map(|host| format!("http://{host}:{}", address.port()))
                .chain([format!("http://{address}")])
                .collect(),
        };
        Self(origins.into())
    }

    /// `Origin` decides; without it, what the browser says of the site it comes from; without both, no.
    fn admit(&self, headers: &HeaderMap) -> bool {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &http::HeaderValue| value.to_str().ok())
        };
        match (headers.contains_key(header::ORIGIN), text("sec-fetch-site")) {
            (true, _) => text("origin").is_some_and(|origin| self.0.iter().any(|own| own == origin)),
            (false, Some(site)) => site == "same-origin",
            (false, None) => false,
        }
    }
}

/// Runs before routing: a foreign request is answered 403 on any path.
pub(crate) async fn check_origin(
    State((allowed, console)): State<(AllowedOrigins, Console)>,
    request: Request,
    next: Next,
) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // No foreign page can send a token; and where one is sent, the session's cookie counts for nothing.
    let has_token = request.uri().path().starts_with("/api/") && bearer(request.headers()).is_some();
    if is_safe || has_token || allowed.admit(request.headers()) {
        next.run(request).await
    } else {
        tracing::warn!(
            path = request.uri().path(),
            "a change from a foreign page, or from none, was refused"
        );
        if let Some(client) = request.extensions().get::<Client>() {
            console.note_foreign_page(&client.address);
        }
        let words = "This request does not come from the console's own pages.";
        match Wanted::by(request.headers(), request.uri().path()) {
            Wanted::Problem => Problem::new(StatusCode::FORBIDDEN, words).into_response(),
            _ => (StatusCode::FORBIDDEN, words).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(allowed: &AllowedOrigins, pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    http::HeaderValue::from_static(value),
                )
            })
            .collect();
        allowed.admit(&headers)
    }

    #[test]
    fn only_the_consoles_own_pages_may_change_something() {
        let own = AllowedOrigins::of(None, SocketAddr::from(([127, 0, 0, 1], 3000)));
        assert!(admitted(&own, &[("origin", "http://127.0.0.1:3000")]));
        assert!(admitted(&own, &[("origin", "http://localhost:3000")]));
        assert!(admitted(&own, &[("sec-fetch-site", "same-origin")]));
        assert!(!admitted(&own, &[]));
        assert!(!admitted(&own, &[("origin", "null")]));
        assert!(!admitted(&own, &[("origin", "http://evil.example")]));
        assert!(!admitted(
            &own,
            &[
                ("origin", "http://evil.example"),
                ("sec-fetch-site", "same-origin")
            ]
        ));
        assert!(!admitted(&own, &[("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn a_public_address_is_the_only_one_that_counts() {
        let url = Url::parse("https://console.example/").expect("a URL");
        let own = AllowedOrigins::of(Some(&url), SocketAddr::from(([127, 0, 0, 1], 3000)));
        assert!(admitted(&own, &[("origin", "https://console.example")]));
        assert!(!admitted(&own, &[("origin", "http://127.0.0.1:3000")]));
    }
}
