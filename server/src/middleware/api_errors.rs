//! Programs get problem+json for whatever is refused before an endpoint is reached: too large, too slow, too much.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::reference::Reference;
use crate::problem::{Problem, Wanted};

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

fn words(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "The body is larger than 256 KiB.",
        StatusCode::SERVICE_UNAVAILABLE => "The console could not answer within 30 s; try again.",
        StatusCode::METHOD_NOT_ALLOWED => "This endpoint does not answer this method.",
        _ => "The request could not be answered.",
    }
}

/// Keeps the headers of the answer, `Allow` and `Retry-After` among them.
pub(crate) async fn answer_problems(request: Request, next: Next) -> Response {
    let is_api = Wanted::by(request.headers(), request.uri().path()) == Wanted::Problem;
    let reference = request
        .extensions()
        .get::<Reference>()
        .cloned()
        .unwrap_or_default();
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_api || !is_error || response.headers().get(header::CONTENT_TYPE) == Some(&PROBLEM) {
        return response;
    }
    let problem = Problem::new(status, words(status)).under(&reference);
    let (mut parts, _) = response.into_parts();
    for name in [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
    ] {
        parts.headers.remove(name);
    }
    let mut answer = problem.into_response();
    answer.headers_mut().extend(parts.headers);
    answer
}
