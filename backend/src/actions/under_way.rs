//! What is under way in this process, so that stopping can wait for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::console::Console;
use crate::state::StateError;

/// So often is asked whether something is to end, and written down that it lives.
const BEAT: Duration = Duration::from_secs(1);

/// Why something ends before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Somebody asked for it.
    Cancelled,
    /// The console is being stopped.
    Stopped,
    /// Another console took it for left behind, and wrote down how it ended.
    Elsewhere,
}

/// Whether something that is under way goes on, by the state store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pulse {
    /// It does.
    GoesOn,
    /// Somebody asked for its end.
    IsToEnd,
    /// Somebody else ended it.
    HasEnded,
}

impl Pulse {
    /// Of whether its end was asked for; `None` where it has ended.
    pub(crate) fn of(is_to_end: Option<bool>) -> Self {
        match is_to_end {
            Some(false) => Self::GoesOn,
            Some(true) => Self::IsToEnd,
            None => Self::HasEnded,
        }
    }
}

/// How many things are under way, and whether they are to end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Operations(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    stopping: watch::Sender<bool>,
    count: watch::Sender<usize>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            stopping: watch::Sender::new(false),
            count: watch::Sender::new(0),
        }
    }
}

/// One of them; ends when it is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Inner>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.count.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Operations {
    /// Begins one; `None` where everything is to end.
    pub(crate) fn begin(&self) -> Option<UnderWay> {
        if *self.0.stopping.borrow() {
            return None;
        }
        self.0.count.send_modify(|count| *count += 1);
        Some(UnderWay(Arc::clone(&self.0)))
    }

    /// How many are under way.
    pub(crate) fn count(&self) -> usize {
        *self.0.count.borrow()
    }

    /// Whether they are to end.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.subscribe()
    }

    /// Has everything end, and waits until it has, at most so long.
    pub(crate) async fn stop(&self, at_most: Duration) {
        self.0.stopping.send_replace(true);
        let mut count = self.0.count.subscribe();
        let _ = tokio::time::timeout(at_most, count.wait_for(|count| *count == 0)).await;
    }
}

/// Resolves once it is true; never where nobody can say so any more.
pub(crate) async fn once(mut flag: watch::Receiver<bool>) {
    if flag.wait_for(|is_set| *is_set).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Resolves once something is to end.
pub(crate) async fn to_end(mut ending: watch::Receiver<Option<Ending>>) {
    if ending.wait_for(Option::is_some).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Says every second that something lives, and sets `ending` once it is to end. `note` writes it down, and tells whether
/// it goes on. Never resolves.
pub(crate) async fn keep_alive<F>(
    console: &Console,
    ending: &watch::Sender<Option<Ending>>,
    note: impl Fn() -> F + Send,
) where
    F: Future<Output = Result<Pulse, StateError>> + Send,
{
    let end = |why: Ending| {
        ending.send_if_modified(|ending| ending.is_none() && ending.replace(why).is_none());
    };
    let stopped = once(console.operations.stopping());
    tokio::pin!(stopped);
    let mut is_stopped = false;
    loop {
        tokio::select! {
            () = &mut stopped, if !is_stopped => {
                is_stopped = true;
                end(Ending::Stopped);
            }
            () = tokio::time::sleep(BEAT) => {}
        }
        match note().await {
            Ok(Pulse::IsToEnd) => end(Ending::Cancelled),
            Ok(Pulse::HasEnded) => end(Ending::Elsewhere),
            Ok(Pulse::GoesOn) => {}
            Err(error) => tracing::warn!(%error, "that something is under way could not be written down"),
        }
    }
}
