//! Errors as programs and people read them: RFC 9457 problem+json for the API, a plain page for a browser.

use axum::response::{IntoResponse, Response};
use backend::auth::Denied;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::middleware::reference::Reference;

/// How the answer is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A page.
    Page,
    /// problem+json.
    Problem,
    /// A line of text.
    Text,
}

impl Wanted {
    /// What a request wants.
    pub(crate) fn by(headers: &HeaderMap, path: &str) -> Self {
        let takes_html = headers
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"));
        if path.starts_with("/api/") {
            Self::Problem
        } else if takes_html {
            Self::Page
        } else {
            Self::Text
        }
    }
}

/// A field of what was sent, and what is wrong with it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Its name.
    pub(crate) field: String,
    /// What is wrong, and what would be right.
    pub(crate) detail: String,
}

/// An error of the API.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `about:blank`: the status says it all; the detail is for people.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    /// The parameter that is not right.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    parameter: Option<Box<str>>,
    /// Fields of what was sent that are not right.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
    /// What the console's log has it under.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reference: Option<Box<str>>,
}

impl Problem {
    /// A problem of this status.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            parameter: None,
            errors: Vec::new(),
            reference: None,
        }
    }

    /// With the reference that is in the log.
    pub(crate) fn under(self, reference: &Reference) -> Self {
        Self {
            reference: Some(reference.to_string().into()),
            ..self
        }
    }

    /// Something is wrong with a parameter.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self {
            parameter: Some(name.into()),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
    }

    /// What a parameter names is not there.
    pub(crate) fn missing(name: &str, detail: impl Into<String>) -> Self {
        Self {
            parameter: Some(name.into()),
            ..Self::new(StatusCode::NOT_FOUND, detail)
        }
    }

    /// Something is wrong with what was sent.
    pub(crate) fn fields(errors: Vec<FieldProblem>) -> Self {
        let all: Vec<String> = errors
            .iter()
            .map(|error| format!("{}: {}", error.field, error.detail))
            .collect();
        Self {
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{}.", all.join("; ")))
        }
    }

    /// A failure of the console's own; its words are in the log.
    pub(crate) fn failed(reference: &Reference) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The console could not do this. Its log says why, under the reference.",
        )
        .under(reference)
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotSignedIn => Self::new(
                StatusCode::UNAUTHORIZED,
                "Sign in, or send a token that is valid: Authorization: Bearer tdm_…",
            ),
            Denied::Forbidden(permission) => Self::new(
                StatusCode::FORBIDDEN,
                format!("This needs the permission {permission}."),
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The answer to a request that the console failed at.
pub(crate) fn failure_page(status: StatusCode, wanted: Wanted, reference: &Reference) -> Response {
    match wanted {
        Wanted::Problem => Problem {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Error"),
            ..Problem::failed(reference)
        }
        .into_response(),
        Wanted::Text => (
            status,
            format!("The console could not do this. Its log says why, under the reference {reference}.\n"),
        )
            .into_response(),
        // Stands without styles and scripts: whatever draws the other pages may be what failed.
        Wanted::Page => {
            let page = format!(
                "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
                 <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
                 <title>Something went wrong · Tidemark</title></head><body><main><h1>Something went wrong</h1>\
                 <p>The console could not do this. That is a mistake of the console's, and its log says more.</p>\
                 <p>Reference: <strong><code>{reference}</code></strong></p>\
                 <p><a href=\"/\">Go to the overview</a></p>\
                 <form method=\"post\" action=\"/fn/sign_out\"><button type=\"submit\">Sign out</button></form>\
                 </main></body></html>"
            );
            let policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
            (
                status,
                [(header::CONTENT_SECURITY_POLICY, policy)],
                axum::response::Html(page),
            )
                .into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_page_after_a_failure_offers_to_sign_out() {
        let reference = Reference::generate();
        let response = failure_page(StatusCode::INTERNAL_SERVER_ERROR, Wanted::Page, &reference);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .expect("text")
            .to_owned();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .expect("the body");
        let page = String::from_utf8_lossy(&body);
        assert!(page.contains("action=\"/fn/sign_out\""), "{page}");
        assert!(page.contains(reference.as_str()), "{page}");
        assert!(policy.contains("form-action 'self'"), "{policy}");
    }
}
