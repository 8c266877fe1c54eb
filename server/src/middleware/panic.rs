//! A panic is a mistake of ours: it costs the one request, and says where to look.

use std::any::Any;
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::StatusCode;
use tokio::sync::mpsc;
use tracing::Instrument;

use super::limit_requests::Place;
use super::reference::Reference;
use crate::problem::failure_page;

thread_local! {
    /// Where the last panic on this thread was; the unwinding itself does not say.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Has every panic's place remembered on its thread. The default hook goes on printing what it prints.
pub(crate) fn remember_places() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PLACE.with_borrow_mut(|place| *place = panic.location().map(ToString::to_string));
        default(panic);
    }));
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words")
}

/// What went wrong in a task of a request.
#[derive(Debug)]
struct Panic {
    place: String,
    words: String,
}

impl Panic {
    fn of(payload: &(dyn Any + Send)) -> Self {
        Self {
            place: PLACE.with_borrow_mut(Option::take).unwrap_or_default(),
            words: words(payload).to_owned(),
        }
    }
}

tokio::task_local! {
    /// Where a task that belongs to a request reports its panic.
    static REPORT: mpsc::Sender<Panic>;
}

/// Runs what pages load, so that a panic there ends the request instead of leaving it waiting for what never comes.
struct PageTasks;

impl PageTasks {
    fn watch<F: Future<Output = ()>>(task: F) -> impl Future<Output = ()> {
        let report = REPORT.try_with(Clone::clone).ok();
        let span = tracing::Span::current();
        async move {
            let Some(report) = report else {
                return task.await;
            };
            let task = REPORT.scope(report.clone(), task);
            if let Err(payload) = AssertUnwindSafe(task).catch_unwind().await {
                // Full: the request knows already.
                let _ = report.try_send(Panic::of(&*payload));
            }
        }
        .instrument(span)
    }
}

impl CustomExecutor for PageTasks {
    fn spawn(&self, task: PinnedFuture<()>) {
        tokio::spawn(Self::watch(task));
    }

    fn spawn_local(&self, task: PinnedLocalFuture<()>) {
        tokio::task::spawn_local(Self::watch(task));
    }

    fn poll_local(&self) {}
}

/// Has pages load what they show in tasks whose panics are answered. Once a process; further calls change nothing.
pub(crate) fn run_page_tasks() {
    let _ = Executor::init_custom_executor(PageTasks);
}

/// Answers in a task of its own: a browser that goes away, or a request that takes too long, neither stops a change half-way
/// nor takes from under a page what it is being made of.
pub(crate) async fn in_own_task(answering: impl Future<Output = Response> + Send + 'static) -> Response {
    let report = REPORT.try_with(Clone::clone).ok();
    let answering = async move {
        let Some(report) = report else {
            return answering.await;
        };
        let answering = REPORT.scope(report.clone(), answering);
        match AssertUnwindSafe(answering).catch_unwind().await {
            Ok(response) => response,
            // Here, for only this thread knows the place.
            Err(payload) => {
                let _ = report.try_send(Panic::of(&*payload));
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    };
    match tokio::spawn(answering.in_current_span()).await {
        Ok(response) => response,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}

/// Has a page answered so, which ends after `longest` at the latest: what a page waits for may never come.
pub(crate) async fn page_in_own_task(longest: Duration, mut request: Request, next: Next) -> Response {
    let place = request.extensions_mut().remove::<Place>();
    in_own_task(async move {
        let _place = place;
        tokio::time::timeout(longest, next.run(request))
            .await
            .unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())
    })
    .await
}

/// Answers 500 with the reference that is in the log, whether the request's own task panics or one it waits for.
pub(crate) async fn catch_panic(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let wants = crate::problem::Wanted::by(&parts.headers, parts.uri.path());
    let reference = parts.extensions.get::<Reference>().cloned().unwrap_or_default();
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let (report, mut reported) = mpsc::channel(1);
    let answering = REPORT.scope(report.clone(), next.run(Request::from_parts(parts, body)));
    let panic = tokio::select! {
        // First, for what a page shows of a task that panicked is no answer.
        biased;
        Some(panic) = reported.recv() => panic,
        answer = AssertUnwindSafe(answering).catch_unwind() => match answer {
            Ok(response) => return response,
            Err(payload) => Panic::of(&*payload),
        },
    };
    let Panic { place, words } = panic;
    tracing::error!(%reference, %method, path, place, panic = words, "a request panicked");
    failure_page(StatusCode::INTERNAL_SERVER_ERROR, wants, &reference)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::Body;
    use axum::middleware::{from_fn, from_fn_with_state};
    use axum::routing::get;
    use http::header;
    use tower::ServiceExt;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;
    use crate::middleware::limit_requests::{Places, limit_requests};
    use crate::middleware::reference::give_reference;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("the log").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Log {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    async fn handler() -> &'static str {
        panic!("the secret of the handler")
    }

    /// As a page does: it loads in a task, and waits for what the task brings.
    async fn page() -> &'static str {
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        Executor::spawn(async move {
            tokio::task::yield_now().await;
            Executor::spawn(async move {
                tokio::task::yield_now().await;
                let _sender = sender;
                panic!("the secret of the handler");
            });
        });
        let _ = receiver.await;
        std::future::pending().await
    }

    async fn answer(path: &str, accept: &str) -> (Response, String, String) {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_ansi(false)
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        remember_places();
        run_page_tasks();
        let router = Router::new()
            .route("/broken", get(handler))
            .route("/loading", get(page))
            .route("/api/v1/broken", get(handler))
            .route(
                "/page",
                get(handler).layer(from_fn(|request, next| {
                    page_in_own_task(Duration::from_secs(30), request, next)
                })),
            )
            .layer(from_fn(catch_panic))
            .layer(from_fn(give_reference));
        let request = Request::get(path)
            .header(header::ACCEPT, accept)
            .body(Body::empty())
            .expect("a request");
        let response = router.oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("the body");
        let body = String::from_utf8(bytes.to_vec()).expect("text");
        let log = String::from_utf8(log.0.lock().expect("the log").clone()).expect("text");
        (Response::from_parts(parts, Body::empty()), body, log)
    }

    #[tokio::test]
    async fn a_panic_is_a_clean_500_with_a_reference_that_is_in_the_log() {
        for (path, accept, kind) in [
            ("/broken", "text/html", "text/html; charset=utf-8"),
            ("/loading", "text/html", "text/html; charset=utf-8"),
            ("/page", "text/html", "text/html; charset=utf-8"),
            ("/broken", "*/*", "text/plain; charset=utf-8"),
            ("/api/v1/broken", "*/*", "application/problem+json"),
        ] {
            let (response, body, log) = answer(path, accept).await;
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(response.headers()[header::CONTENT_TYPE], kind);
            let reference = response.headers()["x-request-id"].to_str().expect("text");
            assert_eq!(reference.len(), 10);
            assert!(body.contains(reference), "{body}");
            assert!(!body.contains("secret"), "{body}");
            assert!(
                log.contains(reference) && log.contains("the secret of the handler"),
                "{log}"
            );
            assert!(log.contains("panic.rs"), "the place too: {log}");
        }
    }

    #[tokio::test]
    async fn a_page_that_nobody_waits_for_keeps_its_place_until_its_time_is_over() {
        let places = Places::of(1);
        let longest = Duration::from_millis(500);
        let never = get(async || std::future::pending::<&'static str>().await).layer(from_fn(
            move |request, next| page_in_own_task(longest, request, next),
        ));
        let router = Router::new()
            .route("/never", never)
            .route("/", get(async || "served"))
            .layer(from_fn_with_state(places, limit_requests));
        let send = |path: &str| {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            router.clone().oneshot(request)
        };
        let waited = tokio::time::timeout(Duration::from_millis(20), send("/never")).await;
        waited.expect_err("the browser goes");
        let status = async || send("/").await.expect("infallible").status();
        assert_eq!(status().await, StatusCode::SERVICE_UNAVAILABLE);
        while status().await != StatusCode::OK {
            tokio::task::yield_now().await;
        }
    }
}
