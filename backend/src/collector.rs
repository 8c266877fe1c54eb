//! The collector: reads one database on a fixed beat and publishes what it saw.

use std::time::Duration;

use domain::database::DatabaseName;
use domain::observation::Observation;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::clock::SharedClock;
use crate::timescale::{ConnectionUrl, Reader};
use std::sync::Arc;

/// After a failure the next attempt follows after this, doubled each time up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Short enough that a database which is back is seen within 15 s, connecting included.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A reading may take at most this share of the time: after one that took long, the next waits longer than the beat.
const REST_PER_READING: u32 = 9;
/// A whole reading is given up after this, whatever the server does: a server that vanished says nothing.
const READING_TIMEOUT: Duration = Duration::from_secs(30);
/// However long a reading took, the next follows within this (or the beat, if that is longer).
const LONGEST_REST: Duration = Duration::from_mins(1);

/// One watched database, as the rest of the console sees it.
#[derive(Debug, Clone)]
pub struct Watched {
    name: DatabaseName,
    observation: watch::Receiver<Observation>,
    refresh: Arc<Notify>,
}

impl Watched {
    /// The console's name for it.
    pub fn name(&self) -> &DatabaseName {
        &self.name
    }

    /// What is known now.
    pub fn observation(&self) -> Observation {
        self.observation.borrow().clone()
    }

    /// Resolves when something new was published; `false` when the collector has ended.
    pub async fn changed(&mut self) -> bool {
        self.observation.changed().await.is_ok()
    }

    /// Asks for a reading now and waits until it is published. Requests made meanwhile are answered by the same one.
    pub async fn refresh(&self) {
        let mut published = self.observation.clone();
        published.mark_unchanged();
        self.refresh.notify_one();
        // Bounded: the page is answered with what there is.
        let _ = tokio::time::timeout(Duration::from_secs(10), published.changed()).await;
    }
}

/// Starts watching a database; ends when the task is aborted or the last [`Watched`] is dropped.
pub fn watch_database(
    name: DatabaseName,
    url: ConnectionUrl,
    beat: Duration,
    clock: SharedClock,
) -> (Watched, impl Future<Output = ()> + Send) {
    let (publisher, observation) = watch::channel(Observation::default());
    let refresh = Arc::new(Notify::new());
    let watched = Watched {
        name: name.clone(),
        observation,
        refresh: Arc::clone(&refresh),
    };
    (watched, collect(name, url, beat, clock, publisher, refresh))
}

async fn collect(
    name: DatabaseName,
    url: ConnectionUrl,
    beat: Duration,
    clock: SharedClock,
    publisher: watch::Sender<Observation>,
    refresh: Arc<Notify>,
) {
    let mut reader = Reader::new(url, Arc::clone(&clock));
    let mut failures: u32 = 0;
    loop {
        let started = Instant::now();
        let outcome = tokio::time::timeout(READING_TIMEOUT, reader.read())
            .await
            .unwrap_or_else(|_| {
                Err(domain::problem::Problem {
                    kind: domain::problem::ProblemKind::TimedOut,
                    detail: format!("a reading was given up after {} s", READING_TIMEOUT.as_secs()),
                    sqlstate: None,
                })
            });
        let pause = match outcome {
            Ok(snapshot) => {
                if failures > 0 || publisher.borrow().snapshot.is_none() {
                    tracing::info!(
                        database = %name,
                        hypertables = snapshot.hypertables.len(),
                        timescaledb = snapshot.server.timescaledb_version,
                        duration_ms = snapshot.duration_ms,
                        "reading the database"
                    );
                }
                failures = 0;
                publisher.send_replace(Observation::succeeded(snapshot));
                beat.max((started.elapsed() * REST_PER_READING).min(LONGEST_REST))
            }
            Err(problem) => {
                if failures == 0 {
                    tracing::warn!(database = %name, problem = problem.title(), detail = problem.evidence(), "cannot read the database");
                }
                failures = failures.saturating_add(1);
                let failed = publisher.borrow().failed(problem, clock.now());
                publisher.send_replace(failed);
                (FIRST_PAUSE * 2_u32.saturating_pow(failures - 1).min(64)).min(LONGEST_PAUSE)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = refresh.notified() => {}
            () = publisher.closed() => return,
        }
    }
}
