//! Events that come in numbers: reads, and attempts that were kept away. One row for each person, address, resource
//! and minute, with how many there were, the first and the last.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::audit::{ActorKind, Outcome};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{Entry, emit};
use crate::auth::network;
use crate::state::audit::{NewRow, insert};
use crate::state::{StateError, StateStore};

/// Events that wait to be counted. More than this at once, and the rest is counted as lost.
const QUEUE: usize = 4_096;
/// Different rows in one minute. A flood from ever new addresses must not take the console's memory.
const ROWS_A_MINUTE: usize = 10_000;
/// Different rows in one minute of people who have not signed in; further addresses are counted together.
const ROWS_OF_NOBODY: usize = 200;
const WRITTEN_EVERY: Duration = Duration::from_mins(1);

struct Noted {
    entry: Entry,
    outcome: Outcome,
    at: Timestamp,
}

/// Where events are handed in. Never waits.
#[derive(Debug, Clone)]
pub struct ReadLog {
    queue: mpsc::Sender<Noted>,
    lost: Arc<AtomicU64>,
}

/// The other end of a [`ReadLog`].
#[derive(Debug)]
pub struct ReadQueue {
    queue: mpsc::Receiver<Noted>,
    lost: Arc<AtomicU64>,
}

impl std::fmt::Debug for Noted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Noted({:?})", self.entry.action)
    }
}

impl ReadLog {
    /// Both ends.
    pub fn new() -> (Self, ReadQueue) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        (
            Self {
                queue: sender,
                lost: Arc::clone(&lost),
            },
            ReadQueue {
                queue: receiver,
                lost,
            },
        )
    }

    pub(crate) fn note(&self, entry: Entry, outcome: Outcome, at: Timestamp) {
        if self.queue.try_send(Noted { entry, outcome, at }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Events that were not written down since the console started.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Clone, Copy)]
struct Tally {
    events: u64,
    first: Timestamp,
    last: Timestamp,
}

type Counts = HashMap<(Entry, Outcome), Tally>;

/// Counts what comes in and writes it once a minute, and once more when every [`ReadLog`] is gone.
pub async fn write_reads(mut queue: ReadQueue, state: StateStore, stop: tokio::sync::watch::Receiver<bool>) {
    let mut counts = Counts::new();
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + WRITTEN_EVERY, WRITTEN_EVERY);
    let mut stop = stop;
    loop {
        tokio::select! {
            noted = queue.queue.recv() => match noted {
                Some(noted) => queue.lost.fetch_add(add(&mut counts, noted), Ordering::Relaxed),
                None => break,
            },
            _ = beat.tick() => {
                write(&mut counts, &state, &queue.lost).await;
                0
            }
            _ = stop.changed() => break,
        };
    }
    while let Ok(noted) = queue.queue.try_recv() {
        add(&mut counts, noted);
    }
    write(&mut counts, &state, &queue.lost).await;
}

/// Returns how many were lost.
fn add(counts: &mut Counts, mut noted: Noted) -> u64 {
    let is_full = counts.len() >= ROWS_A_MINUTE;
    if noted.entry.actor_kind == ActorKind::Nobody {
        noted.entry.address = network(&noted.entry.address);
        let is_new = !counts.contains_key(&(noted.entry.clone(), noted.outcome));
        let of_nobody = || {
            counts
                .keys()
                .filter(|(entry, _)| entry.actor_kind == ActorKind::Nobody)
        };
        if is_new && of_nobody().count() >= ROWS_OF_NOBODY {
            "many addresses".clone_into(&mut noted.entry.address);
        }
    }
    match counts.entry((noted.entry, noted.outcome)) {
        Slot::Occupied(mut slot) => {
            let tally = slot.get_mut();
            tally.events += 1;
            tally.last = tally.last.max(noted.at);
            0
        }
        Slot::Vacant(_) if is_full => 1,
        Slot::Vacant(slot) => {
            slot.insert(Tally {
                events: 1,
                first: noted.at,
                last: noted.at,
            });
            0
        }
    }
}

async fn write(counts: &mut Counts, state: &StateStore, lost: &AtomicU64) {
    if counts.is_empty() {
        return;
    }
    let taken = std::mem::take(counts);
    if let Err(error) = write_all(&taken, state).await {
        let events = taken.values().map(|tally| tally.events).sum();
        lost.fetch_add(events, Ordering::Relaxed);
        tracing::error!(%error, events, "reads could not be written into the audit trail");
    }
}

async fn write_all(counts: &Counts, state: &StateStore) -> Result<(), StateError> {
    let mut transaction = state.begin().await?;
    for ((entry, outcome), tally) in counts {
        let row = NewRow {
            entry,
            at: tally.first,
            outcome: Some(*outcome),
            intent_id: None,
            detail: "",
            count: tally.events,
            last_at: tally.last,
        };
        insert(&mut transaction, &row).await?;
    }
    transaction.commit().await?;
    for ((entry, outcome), tally) in counts {
        emit(entry, Some(*outcome), "", tally.events);
    }
    Ok(())
}
