//! One line a request, at the boundary. Paths only: a query may hold a setup token.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

/// Logs method, path, status and duration.
pub(crate) async fn log_request(request: Request, next: Next) -> Response {
    let started = tokio::time::Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let status = response.status();
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if status.is_server_error() {
        tracing::warn!(%method, path, status = status.as_u16(), duration_ms, "answered");
    } else {
        tracing::debug!(%method, path, status = status.as_u16(), duration_ms, "answered");
    }
    response
}
