//! How long files may be kept.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, header};

/// Files whose name holds a hash of their content never change.
pub(crate) async fn cache_forever(request: Request, next: Next) -> Response {
    keep(next.run(request).await, "public, max-age=31536000, immutable")
}

/// Files that change with a release.
pub(crate) async fn cache_a_day(request: Request, next: Next) -> Response {
    keep(next.run(request).await, "public, max-age=86400")
}

/// Files that must fit the rest of the front end: asked for again each time, and sent only where they changed.
pub(crate) async fn ask_each_time(request: Request, next: Next) -> Response {
    keep(next.run(request).await, "no-cache")
}

fn keep(mut response: Response, policy: &'static str) -> Response {
    if response.status().is_success() {
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static(policy));
    }
    response
}
