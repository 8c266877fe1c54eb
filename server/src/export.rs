//! What every file that is taken away has in common: its format, its name, who is refused it, and for how long.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use backend::auth::{Denied, Granted, SessionKey, SignedIn};
use domain::export::Format;
use futures::{Stream, StreamExt};
use http::{HeaderValue, StatusCode, header};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, timeout_at};

use crate::places::{Place, Places};

/// Exports of one session that are under way.
const OF_A_SESSION: usize = 4;
/// Exports of everybody. Each holds what was read when it began: some 100 MB with 100,000 chunks, unless several began
/// with the same.
const OF_ALL: usize = 16;

/// The parameters of an address; a name that stands twice counts once.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn of(query: Option<String>) -> Self {
        Self(
            url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    }
}

/// The answer to who may not have it. `what` is the end of a sentence.
pub(crate) fn refuse(denied: Denied, what: &str) -> Response {
    match denied {
        Denied::NotSignedIn => (StatusCode::UNAUTHORIZED, "Sign in first.").into_response(),
        Denied::Forbidden(_) => {
            (StatusCode::FORBIDDEN, format!("Your role may not see {what}.")).into_response()
        }
    }
}

/// The places for exports.
#[derive(Debug, Clone)]
pub(crate) struct Exports(Arc<Places<SessionKey>>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Places::new(OF_A_SESSION, OF_ALL)))
    }
}

/// The place of one export.
pub(crate) type ExportPlace = Place<SessionKey>;

impl Exports {
    /// A place for one more, or the answer that there is none.
    pub(crate) fn take(&self, granted: &Granted) -> Result<ExportPlace, Box<Response>> {
        // Here nobody comes in without a session: tokens open the API only.
        let Some(session) = granted.user().map(SignedIn::session) else {
            return Err(Box::new(refuse(Denied::NotSignedIn, "")));
        };
        self.0.take(session).map_err(|full| {
            Box::new(full.turn_away(
                "This session exports enough already. Wait until a download has ended.",
                "Too much is exported at the moment.",
            ))
        })
    }
}

/// How long an export may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    /// From one piece to the next.
    pub(crate) stalled: Duration,
    /// All of it.
    pub(crate) whole: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            stalled: Duration::from_mins(1),
            whole: Duration::from_mins(15),
        }
    }
}

/// Why an export ends before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BrokenOff {
    #[error("the browser went away")]
    GoneAway,
    #[error("the browser took nothing for too long")]
    Stalled,
    #[error("the download took too long")]
    TooLong,
}

enum Piece {
    Text(String),
    End,
}

/// The end that writes. It belongs into a task of its own: what it holds is let go in time, though whoever reads asks for
/// nothing any more. Dropped before [`Self::end`] was called, it breaks the transfer off.
pub(crate) struct Writing<P = ExportPlace> {
    deadlines: Deadlines,
    until: Instant,
    asked: Receiver<()>,
    pieces: Sender<Piece>,
    _place: P,
}

impl<P> Writing<P> {
    /// Waits until the next piece is asked for: one is made when the one before is on its way.
    pub(crate) async fn wanted(&mut self) -> Result<(), BrokenOff> {
        let stalled = Instant::now() + self.deadlines.stalled;
        match timeout_at(stalled.min(self.until), self.asked.recv()).await {
            Ok(Some(())) => Ok(()),
            Ok(None) => Err(BrokenOff::GoneAway),
            Err(_) if stalled < self.until => Err(BrokenOff::Stalled),
            Err(_) => Err(BrokenOff::TooLong),
        }
    }

    /// Hands over the piece that was asked for.
    pub(crate) async fn write(&mut self, text: String) -> Result<(), BrokenOff> {
        self.hand_over(Piece::Text(text)).await
    }

    /// Everything was handed over, and the last of it is on its way.
    pub(crate) async fn end(mut self) -> Result<(), BrokenOff> {
        self.hand_over(Piece::End).await
    }

    async fn hand_over(&mut self, piece: Piece) -> Result<(), BrokenOff> {
        self.pieces.send(piece).await.map_err(|_| BrokenOff::GoneAway)
    }
}

/// What a file is written with, and its body: a transfer that is broken off does not look whole.
pub(crate) fn begin_writing<P>(
    place: P,
    deadlines: Deadlines,
) -> (
    Writing<P>,
    impl Stream<Item = Result<Bytes, std::io::Error>> + Send + use<P>,
) {
    let (ask, asked) = channel(1);
    let (pieces, taken) = channel(1);
    let writing = Writing {
        deadlines,
        until: Instant::now() + deadlines.whole,
        asked,
        pieces,
        _place: place,
    };
    let body = futures::stream::try_unfold((ask, taken), async |(ask, mut taken)| {
        // Fails where the other end is gone; then nothing comes.
        let _ = ask.send(()).await;
        match taken.recv().await {
            Some(Piece::Text(text)) => Ok(Some((Bytes::from(text), (ask, taken)))),
            Some(Piece::End) => Ok(None),
            None => Err(std::io::Error::other("the export was broken off")),
        }
    });
    // Compression asks once more after the end.
    (writing, body.fuse())
}

/// A file that comes in pieces. `name` is without its ending: letters, digits, `_`, `-` and `.` only.
pub(crate) fn attachment(
    name: &str,
    format: Format,
    pieces: impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static,
) -> Response {
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.ending());
    let Ok(disposition) = HeaderValue::from_str(&disposition) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.media_type()),
    );
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_hours(1);

    fn deadlines(stalled: Duration, whole: Duration) -> Deadlines {
        Deadlines { stalled, whole }
    }

    #[tokio::test]
    async fn a_file_comes_whole_and_its_place_is_free_again() {
        let place = Arc::new(());
        let (mut writing, body) = begin_writing(Arc::clone(&place), deadlines(LONG, LONG));
        let written = tokio::spawn(async move {
            for text in ["a,b\r\n", "1,2\r\n"] {
                writing.wanted().await?;
                writing.write(text.to_owned()).await?;
            }
            writing.wanted().await?;
            writing.end().await
        });
        let pieces: Vec<_> = body.map(|piece| piece.expect("a piece")).collect().await;
        assert_eq!(pieces, ["a,b\r\n", "1,2\r\n"]);
        assert_eq!(written.await.expect("no panic"), Ok(()));
        assert_eq!(Arc::strong_count(&place), 1);
    }

    #[tokio::test]
    async fn a_file_that_nobody_takes_is_broken_off_and_does_not_look_whole() {
        for (deadlines, why) in [
            (deadlines(NONE, LONG), BrokenOff::Stalled),
            (deadlines(LONG, NONE), BrokenOff::TooLong),
        ] {
            let place = Arc::new(());
            let (mut writing, body) = begin_writing(Arc::clone(&place), deadlines);
            let written = tokio::spawn(async move { writing.wanted().await });
            assert_eq!(written.await.expect("no panic"), Err(why));
            assert_eq!(Arc::strong_count(&place), 1, "the place is free: {why}");
            let pieces: Vec<_> = body.collect().await;
            assert!(matches!(&pieces[..], [Err(_)]), "{pieces:?}");
        }
    }

    #[tokio::test]
    async fn whoever_goes_away_ends_the_writing() {
        let (mut writing, body) = begin_writing((), deadlines(LONG, LONG));
        drop(body);
        assert_eq!(writing.wanted().await, Err(BrokenOff::GoneAway));
    }
}
