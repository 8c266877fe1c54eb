//! A reference for each request: what a person reads on an error page and finds again in the log.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use tracing::Instrument;

pub(crate) use backend::reference::Reference;

/// Every line that is logged for the request carries it; so does the answer, in `X-Request-Id`.
pub(crate) async fn give_reference(mut request: Request, next: Next) -> Response {
    let reference = Reference::generate();
    request.extensions_mut().insert(reference.clone());
    let span = tracing::info_span!("request", %reference);
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(reference.as_str()) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}
