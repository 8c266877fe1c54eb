//! A request's body is here before anything is done for it: one that never ends would hold a place, and what was begun
//! for it, for as long as its sender likes.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};

use super::reference::Reference;
use crate::problem::{Wanted, failure_page};

/// A form is sent within this time.
const WITHIN: Duration = Duration::from_secs(10);

/// Answers 408 where the body takes longer, and 413 where it is larger than `limit_bytes`.
pub(crate) async fn receive_body(limit_bytes: usize, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let status = match tokio::time::timeout(WITHIN, axum::body::to_bytes(body, limit_bytes)).await {
        Ok(Ok(bytes)) => return next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(_)) => StatusCode::PAYLOAD_TOO_LARGE,
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    };
    let reference = parts.extensions.get::<Reference>().cloned().unwrap_or_default();
    failure_page(status, Wanted::by(&parts.headers, parts.uri.path()), &reference)
}
