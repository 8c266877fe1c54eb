//! What a page is given: facts of the last reading, and what is known of their source.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::judgement::Judgement;
use crate::observation::Observation;
use crate::overview::{Freshness, ProblemReport};
use crate::snapshot::{Edition, Snapshot};

/// Facts of the last reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading<T> {
    /// The facts; `None` before the first reading.
    pub facts: Option<T>,
    /// Age of the facts; `None` before the first reading.
    pub freshness: Option<Freshness>,
    /// Age of sizes and rows, which are read less often; `None` before the first reading.
    pub sizes_freshness: Option<Freshness>,
    /// Why readings fail now.
    pub problem: Option<ProblemReport>,
    /// The edition decides what is missing for good; `None` before the first reading.
    pub edition: Option<Edition>,
}

/// What facts are made from.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// What was read.
    pub snapshot: &'a Snapshot,
    /// What is true of its policies.
    pub judgement: &'a Judgement,
    /// The time now.
    pub now: Timestamp,
}

impl<T> Reading<T> {
    /// The facts that `make` takes out of an observation.
    pub fn of(observation: &Observation, now: Timestamp, make: impl FnOnce(Seen<'_>) -> T) -> Self {
        let snapshot = observation.snapshot.as_deref();
        Self {
            facts: snapshot.map(|snapshot| {
                make(Seen {
                    snapshot,
                    judgement: &observation.judgement,
                    now,
                })
            }),
            freshness: snapshot.map(|snapshot| Freshness::of(snapshot, now)),
            sizes_freshness: snapshot.map(|snapshot| Freshness::of_sizes(snapshot, now)),
            problem: ProblemReport::of(observation, now),
            edition: snapshot.map(|snapshot| snapshot.server.edition),
        }
    }

    /// Whether the first reading is still under way.
    pub fn is_starting(&self) -> bool {
        self.facts.is_none() && self.problem.is_none()
    }

    /// The same source with other facts.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        Reading {
            facts: self.facts.map(change),
            freshness: self.freshness,
            sizes_freshness: self.sizes_freshness,
            problem: self.problem,
            edition: self.edition,
        }
    }
}

impl<T> Reading<Option<T>> {
    /// `None` where the reading succeeded and what was asked for is not in it.
    pub fn found(self) -> Option<Reading<T>> {
        match &self.facts {
            Some(None) => None,
            _ => Some(Reading {
                facts: self.facts.flatten(),
                freshness: self.freshness,
                sizes_freshness: self.sizes_freshness,
                problem: self.problem,
                edition: self.edition,
            }),
        }
    }
}
