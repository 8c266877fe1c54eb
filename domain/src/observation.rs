//! What the console knows of a database right now: the last snapshot, its age, and what is wrong.

use std::sync::Arc;

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::judgement::{Judgement, judge};
use crate::problem::Problem;
use crate::snapshot::Snapshot;

/// The last good snapshot and, while readings fail, why.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// The last good reading; `None` until the first one. Where only its sizes failed, the last one with older sizes.
    pub snapshot: Option<Arc<Snapshot>>,
    /// What is true of its policies, judged when it was read.
    pub judgement: Arc<Judgement>,
    /// Why readings fail now, and since when; `None` while they succeed.
    pub failing: Option<Failing>,
}

/// A run of failed readings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// The newest failure.
    pub problem: Problem,
    /// When the first failure of this run was seen.
    pub since: Timestamp,
}

/// Whether the console's picture of a database can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// The last reading succeeded.
    Healthy,
    /// The first reading is under way.
    Starting,
    /// Readings fail, or their sizes do, but there is an older snapshot, or the rest of a new one.
    Stale,
    /// Readings fail and there is none.
    Unavailable,
}

impl Observation {
    /// Whether the picture can be relied on.
    pub fn health(&self) -> Health {
        match (&self.snapshot, &self.failing) {
            (Some(_), None) => Health::Healthy,
            (None, None) => Health::Starting,
            (Some(_), Some(_)) => Health::Stale,
            (None, Some(_)) => Health::Unavailable,
        }
    }

    /// After a good reading.
    #[must_use]
    pub fn succeeded(snapshot: Snapshot) -> Self {
        Self {
            judgement: Arc::new(judge(&snapshot, snapshot.collected_at)),
            snapshot: Some(Arc::new(snapshot)),
            failing: None,
        }
    }

    /// After a failed reading: the last snapshot stays.
    #[must_use]
    pub fn failed(&self, problem: Problem, now: Timestamp) -> Self {
        let since = self.failing.as_ref().map_or(now, |failing| failing.since);
        Self {
            snapshot: self.snapshot.clone(),
            judgement: Arc::clone(&self.judgement),
            failing: Some(Failing { problem, since }),
        }
    }

    /// After a reading whose sizes failed: the snapshot is new but for its sizes, which are those of before.
    #[must_use]
    pub fn succeeded_without_sizes(&self, snapshot: Snapshot, problem: Problem, now: Timestamp) -> Self {
        Self {
            failing: self.failed(problem, now).failing,
            ..Self::succeeded(snapshot)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ProblemKind;
    use crate::snapshot::example;

    fn snapshot() -> Snapshot {
        example::empty()
    }

    fn problem() -> Problem {
        Problem {
            kind: ProblemKind::Unreachable,
            detail: "connection refused".into(),
            sqlstate: None,
        }
    }

    #[test]
    fn a_failure_keeps_the_last_snapshot_and_remembers_when_it_began() {
        let first = Timestamp::from_second(10).expect("in range");
        let second = Timestamp::from_second(20).expect("in range");
        let observation = Observation::succeeded(snapshot())
            .failed(problem(), first)
            .failed(problem(), second);
        assert_eq!(observation.health(), Health::Stale);
        assert_eq!(observation.failing.expect("failing").since, first);
        assert!(observation.snapshot.is_some());
    }

    #[test]
    fn sizes_that_fail_leave_the_rest_new_and_the_picture_stale() {
        let first = Timestamp::from_second(10).expect("in range");
        let second = Timestamp::from_second(20).expect("in range");
        let newer = |collected_at| Snapshot {
            collected_at,
            ..snapshot()
        };
        let observation = Observation::succeeded(snapshot())
            .succeeded_without_sizes(newer(first), problem(), first)
            .succeeded_without_sizes(newer(second), problem(), second);
        assert_eq!(observation.health(), Health::Stale);
        assert_eq!(observation.failing.expect("failing").since, first);
        assert_eq!(observation.snapshot.expect("a snapshot").collected_at, second);
    }

    #[test]
    fn without_any_reading_a_failure_is_unavailable_and_none_is_starting() {
        assert_eq!(Observation::default().health(), Health::Starting);
        assert_eq!(
            Observation::default()
                .failed(problem(), Timestamp::UNIX_EPOCH)
                .health(),
            Health::Unavailable
        );
    }

    #[test]
    fn a_good_reading_ends_the_failure() {
        assert_eq!(Observation::succeeded(snapshot()).health(), Health::Healthy);
    }
}
