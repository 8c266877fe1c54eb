//! How many requests are answered at the same time. More would not be faster: they would only wait, in memory.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::reference::Reference;
use crate::problem::{Wanted, failure_page};

/// Requests that are answered at once. Their bodies are here, and but for "refresh now" none waits for a database.
const AT_ONCE: usize = 512;

/// The places there are.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self::of(AT_ONCE)
    }
}

impl Places {
    pub(crate) fn of(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }
}

/// A request's place. What goes on when nobody waits for it any more takes it along.
#[derive(Debug, Clone)]
pub(crate) struct Place(#[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

/// Answers 503 at once where every place is taken.
pub(crate) async fn limit_requests(
    State(places): State<Places>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Ok(permit) = Arc::clone(&places.0).try_acquire_owned() {
        let place = Place(Arc::new(permit));
        request.extensions_mut().insert(place.clone());
        let response = next.run(request).await;
        drop(place);
        return response;
    }
    let reference = request
        .extensions()
        .get::<Reference>()
        .cloned()
        .unwrap_or_default();
    tracing::warn!("turned away: every place is taken");
    let wanted = Wanted::by(request.headers(), request.uri().path());
    let mut response = failure_page(StatusCode::SERVICE_UNAVAILABLE, wanted, &reference);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn where_every_place_is_taken_a_request_is_turned_away_at_once_and_served_afterwards() {
        let places = Places::of(1);
        let router = Router::new()
            .route("/", get(async || "served"))
            .layer(from_fn_with_state(places.clone(), limit_requests));
        let status = async || {
            let request = Request::get("/").body(Body::empty()).expect("a request");
            router
                .clone()
                .oneshot(request)
                .await
                .expect("infallible")
                .status()
        };
        let place = places.0.acquire().await.expect("a place");
        assert_eq!(status().await, StatusCode::SERVICE_UNAVAILABLE);
        drop(place);
        assert_eq!(status().await, StatusCode::OK);
    }
    #[tokio::test]
    async fn an_answer_that_is_still_being_sent_holds_no_place() {
        let never = || Body::from_stream(futures::stream::pending::<Result<String, std::io::Error>>());
        let router = Router::new()
            .route("/", get(async move || never()))
            .layer(from_fn_with_state(Places::of(1), limit_requests));
        let request = || Request::get("/").body(Body::empty()).expect("a request");
        let under_way = router.clone().oneshot(request()).await.expect("infallible");
        let next = router.oneshot(request()).await.expect("infallible");
        assert_eq!(under_way.status(), StatusCode::OK);
        assert_eq!(next.status(), StatusCode::OK);
    }
}
