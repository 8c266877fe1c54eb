//! Events as they happen: a page that listens learns at once that there is something new.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use backend::auth::{Caller, Denied, SessionKey, SignedIn};
use backend::console::{Console, NotShown};
use backend::feed::{FeedEnded, StatusFeed};
use domain::overview::DatabaseStatus;
use domain::role::Permission;
use futures::Stream;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::middleware::reference::Reference;
use crate::places::{Place, Places};
use crate::problem::{Wanted, failure_page};

/// Streams of one session: a browser needs one for each database that it shows.
const OF_A_SESSION: usize = 20;
/// Streams of everybody. Each is a connection and some kilobytes.
const OF_ALL: usize = 2048;
/// A browser whose stream broke off asks again after this.
const RETRY: Duration = Duration::from_secs(5);
/// Proxies close what is silent for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The places for streams.
#[derive(Debug, Clone)]
pub(crate) struct Streams(Arc<Places<SessionKey>>);

impl Default for Streams {
    fn default() -> Self {
        Self(Arc::new(Places::new(OF_A_SESSION, OF_ALL)))
    }
}

/// `GET /events/{database}`: an event named `snapshot` at once, and each time a reading succeeded or failed.
pub(crate) async fn listen(
    State(console): State<Console>,
    Extension(streams): Extension<Streams>,
    Extension(caller): Extension<Caller>,
    Extension(reference): Extension<Reference>,
    Path(database): Path<String>,
) -> Response {
    let granted = match console.demand(&caller, Permission::ViewStatus, "events").await {
        Ok(granted) => granted,
        Err(Denied::NotSignedIn) => return (StatusCode::UNAUTHORIZED, "Sign in first.").into_response(),
        Err(Denied::Forbidden(_)) => {
            return (StatusCode::FORBIDDEN, "Your role may not see the status.").into_response();
        }
    };
    // Here nobody comes in without a session: tokens open the API only.
    let Some(session) = granted.user().map(SignedIn::session).cloned() else {
        return (StatusCode::UNAUTHORIZED, "Sign in first.").into_response();
    };
    let feed = match console.status_feed(granted, &database) {
        Ok(feed) => feed,
        Err(NotShown::UnknownDatabase(_)) => {
            return (StatusCode::NOT_FOUND, "There is no such database.").into_response();
        }
        Err(error @ NotShown::WrongGrant(_)) => {
            tracing::error!(%error, "a stream of events could not begin");
            return failure_page(StatusCode::INTERNAL_SERVER_ERROR, Wanted::Text, &reference);
        }
    };
    let place = match streams.0.take(&session) {
        Ok(place) => place,
        Err(full) => {
            return full.turn_away(
                "This session listens often enough already.",
                "Too many listen at the moment.",
            );
        }
    };
    let mut response = Sse::new(events(feed, place))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would collect events until it has a buffer full of them.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// Holds its place until it ends, or whoever listens goes away.
fn events(feed: StatusFeed, place: Place<SessionKey>) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold((feed, place), async |(mut feed, place)| match feed.next().await {
        Ok(status) => Some((Ok(event(&status)), (feed, place))),
        Err(FeedEnded::State(error)) => {
            tracing::error!(%error, "a stream of events ended: whether it is still granted is not known");
            None
        }
        Err(FeedEnded::Revoked | FeedEnded::Stopping) => None,
    })
}

/// What a viewer may see, and nothing else.
fn event(status: &DatabaseStatus) -> Event {
    let event = Event::default().event("snapshot").retry(RETRY);
    let event = match &status.freshness {
        Some(freshness) => event.id(freshness.collected_at.to_string()),
        None => event,
    };
    match event.json_data(status) {
        Ok(event) => event,
        Err(error) => {
            tracing::error!(%error, "a status could not be written as JSON");
            Event::default().comment("unwritable")
        }
    }
}
