//! The collector: reads one database and publishes what it saw. Fast facts come on a fixed beat, sizes on a slower one
//! that adapts to what they cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::database::DatabaseName;
use domain::observation::Observation;
use domain::problem::Problem;
use domain::snapshot::Snapshot;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::clock::SharedClock;
use crate::made::Published;
use crate::timescale::{ConnectionUrl, Failure, Reader, Scope, WithoutSizes};

/// After a failure the next attempt follows after this, doubled each time up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Short enough that a database which is back is seen within 15 s, connecting included.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Reading takes at most a tenth of the time: what took long is read again after this many times as long.
const REST_PER_READING: u32 = 9;
/// However long a reading took, the next follows within this (or the beat, if that is longer).
const LONGEST_REST: Duration = Duration::from_mins(1);
/// However much they cost, sizes are read again within this.
const LONGEST_REST_OF_SIZES: Duration = Duration::from_mins(5);
/// Between two readings that were asked for there is at least this.
const SHORTEST_BREATH: Duration = Duration::from_millis(100);
/// Who asks for a reading waits at most this long; then the page is answered with what there is.
const LONGEST_REFRESH: Duration = Duration::from_secs(10);

/// One watched database, as the rest of the console sees it.
#[derive(Debug, Clone)]
pub struct Watched {
    name: DatabaseName,
    published: watch::Receiver<Published>,
    requests: Arc<Requests>,
    answered: watch::Receiver<u64>,
    urls: Option<Urls>,
}

/// How the console connects.
#[derive(Debug, Clone)]
struct Urls {
    reading: ConnectionUrl,
    changing: ConnectionUrl,
}

/// Requests to read everything now: numbered, so that a reading knows which of them it answers.
#[derive(Debug, Default)]
struct Requests {
    made: AtomicU64,
    wake: Notify,
}

impl Watched {
    /// Shows this and nothing newer: nobody reads. For tests and benchmarks of what is shown.
    pub fn still(name: DatabaseName, observation: Observation) -> Self {
        let (_, published) = watch::channel(observation.into());
        let (_, answered) = watch::channel(u64::MAX);
        Self {
            name,
            published,
            requests: Arc::default(),
            answered,
            urls: None,
        }
    }

    /// Changes connect with this, instead of as the collector does.
    #[must_use]
    pub fn changing_with(mut self, changing: ConnectionUrl) -> Self {
        let reading = self.urls.map_or_else(|| changing.clone(), |urls| urls.reading);
        self.urls = Some(Urls { reading, changing });
        self
    }

    /// How changes connect; `None` where nobody said.
    pub(crate) fn change_url(&self) -> Option<&ConnectionUrl> {
        self.urls.as_ref().map(|urls| &urls.changing)
    }

    /// How the collector connects.
    pub(crate) fn reading_url(&self) -> Option<&ConnectionUrl> {
        self.urls.as_ref().map(|urls| &urls.reading)
    }

    /// The console's name for it.
    pub fn name(&self) -> &DatabaseName {
        &self.name
    }

    /// What is known now.
    pub fn observation(&self) -> Observation {
        self.published.borrow().observation.clone()
    }

    /// The same with what was made of it.
    pub(crate) fn published(&self) -> Published {
        self.published.borrow().clone()
    }

    /// What is known now; [`Self::changed`] waits for what is published after it.
    pub fn take_observation(&mut self) -> Observation {
        self.published.borrow_and_update().observation.clone()
    }

    /// Resolves when something new was published; `false` when the collector has ended.
    pub async fn changed(&mut self) -> bool {
        self.published.changed().await.is_ok()
    }

    /// Asks for a reading of everything that begins after this call, and waits until it is published. Requests made
    /// while one is under way share the next.
    pub async fn refresh(&self) {
        let mine = self.requests.made.fetch_add(1, Ordering::SeqCst) + 1;
        self.requests.wake.notify_one();
        let mut answered = self.answered.clone();
        let _ = tokio::time::timeout(LONGEST_REFRESH, answered.wait_for(|answered| *answered >= mine)).await;
    }
}

/// Starts watching a database; ends when the task is aborted or the last [`Watched`] is dropped.
pub fn watch_database(
    name: DatabaseName,
    url: ConnectionUrl,
    beat: Duration,
    clock: SharedClock,
) -> (Watched, impl Future<Output = ()> + Send) {
    let (publisher, readings) = watch::channel(Published::default());
    let (answers, answered) = watch::channel(0);
    let requests = Arc::new(Requests::default());
    let watched = Watched {
        name: name.clone(),
        published: readings,
        requests: Arc::clone(&requests),
        answered,
        urls: Some(Urls {
            reading: url.clone(),
            changing: url.clone(),
        }),
    };
    let collector = Collector {
        name,
        reader: Reader::new(url, Arc::clone(&clock)),
        beat,
        clock,
        publisher,
        requests,
        answers,
        sizes_due: Instant::now(),
        sizes_took: Duration::ZERO,
        sizes_problem: None,
        failures: 0,
    };
    (watched, collector.collect())
}

struct Collector {
    name: DatabaseName,
    reader: Reader,
    beat: Duration,
    clock: SharedClock,
    publisher: watch::Sender<Published>,
    requests: Arc<Requests>,
    answers: watch::Sender<u64>,
    sizes_due: Instant,
    /// How long the last reading of sizes took, failed or not.
    sizes_took: Duration,
    /// Why that failed; `None` where it did not.
    sizes_problem: Option<Problem>,
    failures: u32,
}

impl Collector {
    async fn collect(mut self) {
        loop {
            let pause = self.read_once().await;
            // A request that came meanwhile is answered by a reading of its own, after a short breath: asked for
            // without end, reading takes half of the time.
            let is_asked = self.is_asked();
            let rest = tokio::time::sleep(if is_asked { pause.min(self.breath()) } else { pause });
            tokio::pin!(rest);
            loop {
                tokio::select! {
                    () = &mut rest => break,
                    () = self.publisher.closed() => return,
                    // What woke it may have been answered by the reading that just ended.
                    () = self.requests.wake.notified(), if !is_asked => if self.is_asked() { break },
                }
            }
        }
    }

    fn is_asked(&self) -> bool {
        self.requests.made.load(Ordering::SeqCst) > *self.answers.borrow()
    }

    /// As long as the last reading of sizes took.
    fn breath(&self) -> Duration {
        SHORTEST_BREATH.max(self.sizes_took)
    }

    /// One reading, published. Returns how long to rest.
    async fn read_once(&mut self) -> Duration {
        let asked = self.requests.made.load(Ordering::SeqCst);
        let started = Instant::now();
        let everything = asked > *self.answers.borrow()
            || started >= self.sizes_due
            || self.publisher.borrow().observation.snapshot.is_none();
        let scope = if everything {
            Scope::Everything
        } else {
            Scope::Fast
        };
        let pause = match self.reader.read_scope(scope).await {
            Ok(snapshot) => {
                if everything {
                    let took = Duration::from_millis(snapshot.sizes_duration_ms);
                    self.note_sizes(took, None);
                }
                self.publish(snapshot, started, everything)
            }
            Err(Failure {
                problem,
                without_sizes: Some(WithoutSizes { took, snapshot }),
            }) => {
                self.note_sizes(took, Some(problem.clone()));
                if let Some(snapshot) = snapshot {
                    self.publish(*snapshot, started, true)
                } else {
                    self.publish_failure(problem);
                    // There is nothing to show without sizes: the next reading is one of sizes as well.
                    self.rest(took, LONGEST_REST_OF_SIZES)
                }
            }
            Err(Failure { problem, .. }) => {
                // What is back is read whole.
                self.sizes_due = Instant::now();
                self.publish_failure(problem);
                (FIRST_PAUSE * 2_u32.saturating_pow(self.failures - 1).min(64)).min(LONGEST_PAUSE)
            }
        };
        if everything {
            self.answers.send_replace(asked);
        }
        pause
    }

    /// Sizes are read again after a rest by what they cost, whether that was in vain or not.
    fn note_sizes(&mut self, took: Duration, problem: Option<Problem>) {
        if let Some(problem) = &problem
            && self.sizes_problem.is_none()
        {
            tracing::warn!(database = %self.name, problem = problem.title(), detail = problem.evidence(), "cannot read the sizes");
        } else if problem.is_none() && self.sizes_problem.is_some() {
            tracing::info!(database = %self.name, "reading the sizes again");
        }
        self.sizes_problem = problem;
        self.sizes_took = took;
        self.sizes_due = Instant::now() + self.rest(took, LONGEST_REST_OF_SIZES);
    }

    /// Publishes a reading; `with_sizes` where it read sizes, or tried to.
    fn publish(&mut self, snapshot: Snapshot, started: Instant, with_sizes: bool) -> Duration {
        if self.failures > 0 || self.publisher.borrow().observation.snapshot.is_none() {
            tracing::info!(
                database = %self.name,
                hypertables = snapshot.hypertables.len(),
                timescaledb = snapshot.server.timescaledb_version,
                duration_ms = snapshot.duration_ms,
                "reading the database"
            );
        }
        self.failures = 0;
        // Of a reading of everything the sizes take most: their rest is counted by themselves.
        let sizes_took = if with_sizes {
            self.sizes_took
        } else {
            Duration::ZERO
        };
        let fast_took = started.elapsed().saturating_sub(sizes_took);
        let observation = match &self.sizes_problem {
            None => Observation::succeeded(snapshot),
            // Told as long as the sizes are those of before.
            Some(problem) => {
                let before = self.publisher.borrow();
                before
                    .observation
                    .succeeded_without_sizes(snapshot, problem.clone(), self.clock.now())
            }
        };
        self.show(observation);
        self.rest(fast_took, LONGEST_REST)
    }

    /// Whoever asks from now on gets this. What was shown before may be a lot to let go of: that keeps nobody waiting.
    fn show(&self, observation: Observation) {
        let next = self.publisher.borrow().followed_by(observation);
        let before = self.publisher.send_replace(next);
        tokio::task::spawn_blocking(move || drop(before));
    }

    /// The beat, or longer after something that took long.
    fn rest(&self, took: Duration, longest: Duration) -> Duration {
        self.beat.max((took * REST_PER_READING).min(longest))
    }

    fn publish_failure(&mut self, problem: Problem) {
        if self.failures == 0 {
            tracing::warn!(database = %self.name, problem = problem.title(), detail = problem.evidence(), "cannot read the database");
        }
        self.failures = self.failures.saturating_add(1);
        let failed = self
            .publisher
            .borrow()
            .observation
            .failed(problem, self.clock.now());
        self.show(failed);
    }
}
