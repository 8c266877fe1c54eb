//! What a viewer may see of a database, again and again. It is handed on from the observation that is in memory: a
//! thousand feeds cost the database what none does.

use std::time::Duration;

use domain::overview::DatabaseStatus;
use domain::role::Permission;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::auth::Granted;
use crate::collector::Watched;
use crate::console::{Console, NotShown};
use crate::state::StateError;

/// What was granted is asked for again this often, whether there is something to hand on or not.
const ASK_EVERY: Duration = Duration::from_secs(15);

/// Why a feed ended.
#[derive(Debug, thiserror::Error)]
pub enum FeedEnded {
    /// The session ended, or the role is another now.
    #[error("the permission to see the status was taken back meanwhile")]
    Revoked,
    /// The console stops.
    #[error("the console stops")]
    Stopping,
    /// The state store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The status of one database: now, and each time a reading succeeded or failed. Following it is no use of the session.
#[derive(Debug)]
pub struct StatusFeed {
    console: Console,
    granted: Granted,
    watched: Watched,
    stopping: watch::Receiver<bool>,
    asked_at: Instant,
    has_begun: bool,
}

impl Console {
    /// Begins a feed.
    pub fn status_feed(&self, granted: Granted, database: &str) -> Result<StatusFeed, NotShown> {
        granted.require(Permission::ViewStatus)?;
        Ok(StatusFeed {
            console: self.clone(),
            granted,
            watched: self.watched(database)?.clone(),
            stopping: self.feeds_stop.subscribe(),
            asked_at: Instant::now(),
            has_begun: false,
        })
    }

    /// Ends every feed, and those that are still to begin: whoever waits for the last answers would wait for them.
    pub fn end_feeds(&self) {
        self.feeds_stop.send_replace(true);
    }
}

impl StatusFeed {
    /// How the database stands: at once for the first time, then when something was read. What comes faster than it is
    /// taken is left out, never the newest.
    pub async fn next(&mut self) -> Result<DatabaseStatus, FeedEnded> {
        loop {
            let ask_at = self.asked_at + ASK_EVERY;
            tokio::select! {
                biased;
                () = told_to_stop(&mut self.stopping) => return Err(FeedEnded::Stopping),
                () = tokio::time::sleep_until(ask_at) => self.ask_again().await?,
                is_there = something_new(&mut self.watched, self.has_begun) => {
                    if !is_there {
                        return Err(FeedEnded::Stopping);
                    }
                    self.has_begun = true;
                    let observation = self.watched.take_observation();
                    return Ok(DatabaseStatus::of(self.watched.name(), &observation, self.console.now()));
                }
            }
        }
    }

    async fn ask_again(&mut self) -> Result<(), FeedEnded> {
        if !self.console.still_grants(&self.granted).await? {
            return Err(FeedEnded::Revoked);
        }
        self.asked_at = Instant::now();
        Ok(())
    }
}

async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
}

async fn something_new(watched: &mut Watched, has_begun: bool) -> bool {
    !has_begun || watched.changed().await
}
