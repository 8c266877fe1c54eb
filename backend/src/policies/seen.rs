//! What this console has in its hands: what previews saw, and which changes it is at.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::policy::Current;
use domain::policy_change::Progress;
use tokio::sync::{Notify, watch};

/// What this many previews saw is remembered, so that whoever is refused is told what changed. Each takes a few kilobytes.
const REMEMBERED: usize = 500;

/// What this console has in its hands.
#[derive(Debug, Default)]
pub(crate) struct PolicyDesk {
    seen: Mutex<Seen>,
    running: Mutex<HashMap<i64, watch::Receiver<Progress>>>,
    /// A change was left without an end.
    pub(super) unsettled: Notify,
}

#[derive(Debug, Default)]
struct Seen {
    by_fingerprint: HashMap<String, Current>,
    oldest_first: VecDeque<String>,
}

/// A change that is under way, until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay<'a> {
    desk: &'a PolicyDesk,
    id: i64,
}

/// Nothing here is left half-done by a panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PolicyDesk {
    /// Remembers what a preview saw.
    pub(crate) fn remember(&self, current: &Current) {
        let mut seen = locked(&self.seen);
        let fingerprint = current.fingerprint();
        if seen
            .by_fingerprint
            .insert(fingerprint.clone(), current.clone())
            .is_some()
        {
            return;
        }
        seen.oldest_first.push_back(fingerprint);
        if seen.oldest_first.len() > REMEMBERED
            && let Some(oldest) = seen.oldest_first.pop_front()
        {
            seen.by_fingerprint.remove(&oldest);
        }
    }

    /// What a preview saw.
    pub(super) fn recall(&self, fingerprint: &str) -> Option<Current> {
        locked(&self.seen).by_fingerprint.get(fingerprint).cloned()
    }

    /// Takes a change in hand.
    pub(super) fn begin(&self, id: i64, progress: watch::Receiver<Progress>) -> UnderWay<'_> {
        locked(&self.running).insert(id, progress);
        UnderWay { desk: self, id }
    }

    /// How far a change is that this console is at.
    pub(super) fn progress(&self, id: i64) -> Option<watch::Receiver<Progress>> {
        locked(&self.running).get(&id).cloned()
    }

    /// Whether this console is at any change.
    pub(super) fn is_idle(&self) -> bool {
        locked(&self.running).is_empty()
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        locked(&self.desk.running).remove(&self.id);
    }
}
