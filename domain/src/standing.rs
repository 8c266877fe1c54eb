//! How a database stands, in words that programs tell apart. Names nothing, so that a viewer may know it.

use serde::{Deserialize, Serialize};

use crate::judgement::{Judgement, Light};
use crate::observation::Observation;
use crate::problem::{Problem, ProblemKind};
use crate::quantity::age_ms;
use crate::snapshot::{Edition, Snapshot};
use crate::timestamp::Timestamp;

/// Facts that are read on every beat are stale from this age on, in milliseconds: a reading is due every few seconds, and
/// after failures every 5.
const STALE_AFTER_MS: u64 = 60_000;
/// Sizes, in milliseconds; readings of them rest for five minutes at most.
const SIZES_STALE_AFTER_MS: u64 = 10 * 60_000;

/// How it stands, all in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing is wrong.
    Healthy,
    /// It works, but not all of it.
    Degraded,
    /// It cannot be read, or TimescaleDB is not there.
    Unhealthy,
}

/// Something that is to be known about a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The first reading is under way.
    Starting,
    /// Nothing answers at its address.
    DatabaseUnreachable,
    /// It answers, and cannot be read: it is starting or full, or refuses the console's role.
    DatabaseRefuses,
    /// TimescaleDB is not installed.
    ExtensionMissing,
    /// TimescaleDB is older than the console reads.
    ExtensionTooOld,
    /// The edition has no compression and no policies of its own.
    ApacheEdition,
    /// A job fails.
    JobsFailing,
    /// All of TimescaleDB's background workers are in use, or there are too few.
    WorkersExhausted,
    /// What is known is older than it should be.
    DataStale,
}

impl Condition {
    /// Every condition there is.
    pub const ALL: [Self; 9] = [
        Self::Starting,
        Self::DatabaseUnreachable,
        Self::DatabaseRefuses,
        Self::ExtensionMissing,
        Self::ExtensionTooOld,
        Self::ApacheEdition,
        Self::JobsFailing,
        Self::WorkersExhausted,
        Self::DataStale,
    ];

    /// Its name for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::DatabaseUnreachable => "database_unreachable",
            Self::DatabaseRefuses => "database_refuses",
            Self::ExtensionMissing => "extension_missing",
            Self::ExtensionTooOld => "extension_too_old",
            Self::ApacheEdition => "apache_edition",
            Self::JobsFailing => "jobs_failing",
            Self::WorkersExhausted => "workers_exhausted",
            Self::DataStale => "data_stale",
        }
    }

    /// What it makes of the whole. An edition is what somebody chose: nothing is wrong with it.
    pub fn standing(self) -> Standing {
        match self {
            Self::ApacheEdition => Standing::Healthy,
            Self::Starting | Self::JobsFailing | Self::WorkersExhausted | Self::DataStale => {
                Standing::Degraded
            }
            Self::DatabaseUnreachable
            | Self::DatabaseRefuses
            | Self::ExtensionMissing
            | Self::ExtensionTooOld => Standing::Unhealthy,
        }
    }

    /// Whether it is about TimescaleDB, rather than about the database it is in.
    pub fn is_of_timescaledb(self) -> bool {
        matches!(
            self,
            Self::ExtensionMissing
                | Self::ExtensionTooOld
                | Self::ApacheEdition
                | Self::JobsFailing
                | Self::WorkersExhausted
        )
    }
}

/// What is to be known now.
pub fn conditions(observation: &Observation, now: Timestamp) -> Vec<Condition> {
    let snapshot = observation.snapshot.as_deref();
    let mut all = Vec::new();
    match (&observation.failing, snapshot) {
        (None, None) => all.push(Condition::Starting),
        (Some(failing), snapshot) => all.extend(of_problem(&failing.problem, snapshot, now)),
        (None, Some(_)) => {}
    }
    if let Some(snapshot) = snapshot {
        if snapshot.server.edition == Edition::Apache {
            all.push(Condition::ApacheEdition);
        }
        if any_fails(&observation.judgement) {
            all.push(Condition::JobsFailing);
        }
        if snapshot.health.workers.are_exhausted() {
            all.push(Condition::WorkersExhausted);
        }
        let is_old = age_ms(now, snapshot.collected_at) > STALE_AFTER_MS
            || age_ms(now, snapshot.sizes_collected_at) > SIZES_STALE_AFTER_MS;
        if is_old || observation.failing.is_some() {
            all.push(Condition::DataStale);
        }
    }
    all
}

/// The worst of them.
pub fn standing(conditions: impl IntoIterator<Item = Condition>) -> Standing {
    conditions
        .into_iter()
        .map(Condition::standing)
        .max()
        .unwrap_or(Standing::Healthy)
}

fn of_problem(problem: &Problem, snapshot: Option<&Snapshot>, now: Timestamp) -> Option<Condition> {
    match problem.kind {
        ProblemKind::Unreachable => Some(Condition::DatabaseUnreachable),
        ProblemKind::ExtensionMissing => Some(Condition::ExtensionMissing),
        ProblemKind::ExtensionTooOld { .. } => Some(Condition::ExtensionTooOld),
        ProblemKind::NotReady | ProblemKind::LoginRefused | ProblemKind::DatabaseMissing => {
            Some(Condition::DatabaseRefuses)
        }
        // Where only the sizes fail, the rest is new.
        ProblemKind::RightsMissing | ProblemKind::TimedOut | ProblemKind::Refused => {
            let is_new =
                snapshot.is_some_and(|snapshot| age_ms(now, snapshot.collected_at) <= STALE_AFTER_MS);
            (!is_new).then_some(Condition::DatabaseRefuses)
        }
    }
}

fn any_fails(judgement: &Judgement) -> bool {
    let of_tables = judgement.tables().iter().flat_map(|table| &table.policies);
    of_tables
        .chain(judgement.other_jobs())
        .any(|policy| policy.light == Light::Failing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::Observation;
    use crate::server_health::RunningWorkers;
    use crate::snapshot::example;
    use crate::visible::Visible;

    fn problem(kind: ProblemKind) -> Problem {
        Problem {
            kind,
            detail: String::new(),
            sqlstate: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn words(observation: &Observation, second: i64) -> Vec<&'static str> {
        conditions(observation, at(second))
            .into_iter()
            .map(Condition::as_str)
            .collect()
    }

    #[test]
    fn what_keeps_a_database_from_being_read_is_told_apart() {
        for (kind, word) in [
            (ProblemKind::Unreachable, "database_unreachable"),
            (ProblemKind::ExtensionMissing, "extension_missing"),
            (
                ProblemKind::ExtensionTooOld {
                    version: "2.11.0".into(),
                },
                "extension_too_old",
            ),
            (ProblemKind::LoginRefused, "database_refuses"),
            (ProblemKind::TimedOut, "database_refuses"),
        ] {
            let never_read = Observation::default().failed(problem(kind.clone()), at(1));
            assert_eq!(words(&never_read, 1), [word]);
            assert_eq!(standing(conditions(&never_read, at(1))), Standing::Unhealthy);
            let read_before = Observation::succeeded(example::empty()).failed(problem(kind), at(100));
            assert_eq!(words(&read_before, 100), [word, "data_stale"]);
        }
        assert_eq!(words(&Observation::default(), 1), ["starting"]);
    }

    #[test]
    fn sizes_that_cannot_be_read_make_the_data_stale_and_no_more() {
        let observation = Observation::default().succeeded_without_sizes(
            example::empty(),
            problem(ProblemKind::TimedOut),
            at(1),
        );
        assert_eq!(words(&observation, 1), ["data_stale"]);
        assert_eq!(standing(conditions(&observation, at(1))), Standing::Degraded);
    }

    #[test]
    fn an_old_snapshot_is_stale_even_where_nothing_failed() {
        let observation = Observation::succeeded(example::empty());
        assert_eq!(words(&observation, 60), [""; 0]);
        assert_eq!(words(&observation, 61), ["data_stale"]);
    }

    #[test]
    fn an_edition_is_told_and_nothing_is_wrong_with_it() {
        let mut snapshot = example::empty();
        snapshot.server.edition = Edition::Apache;
        let observation = Observation::succeeded(snapshot);
        assert_eq!(words(&observation, 1), ["apache_edition"]);
        assert_eq!(standing(conditions(&observation, at(1))), Standing::Healthy);
    }

    #[test]
    fn workers_that_are_all_in_use_are_told() {
        let mut snapshot = example::empty();
        snapshot.health.workers.running = Visible::Shown(RunningWorkers {
            schedulers: 2,
            jobs: 14,
            parallel: 0,
            all: 20,
        });
        assert_eq!(words(&Observation::succeeded(snapshot), 1), ["workers_exhausted"]);
    }
}
