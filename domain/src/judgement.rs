//! Whether policies do their work, judged by outcome: chunks a policy should have handled and has not, and how far a
//! continuous aggregate lags. What a job says of itself only explains it.

mod due;
mod handled;
mod lookup;
mod refresh;
mod run;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::due::{ChunkDue, DueRules};
use self::lookup::Lookup;
use crate::hypertable::{Chunk, Hypertable, TimePoint, TimeSpan};
use crate::job::{Job, JobKind};
use crate::quantity::counted;
use crate::snapshot::{Edition, Snapshot};
use crate::table_name::TableName;

/// How many overdue chunks are named.
pub const NAMED_CHUNKS: usize = 10;

/// The truth about a table or a policy, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// The edition offers no policies.
    NotOffered,
    /// Nobody asked for anything.
    NoPolicy,
    /// Everything that should be done is done.
    OnTime,
    /// It cannot be told.
    Unknown,
    /// Somebody switched it off.
    Paused,
    /// Something should have been done and is not, or a run failed and is tried again.
    Late,
    /// It does not work, and will not by itself.
    Failing,
}

impl Light {
    /// As a person calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotOffered => "Not offered",
            Self::NoPolicy => "No policy",
            Self::OnTime => "On time",
            Self::Unknown => "Unknown",
            Self::Paused => "Paused",
            Self::Late => "Late",
            Self::Failing => "Failing",
        }
    }
}

/// Chunks that are old enough for a policy and that it has not had the chance to handle yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Due {
    /// How many.
    pub chunks: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Chunks that a policy had the chance to handle and has not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Overdue {
    /// How many.
    pub chunks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The oldest of them, at most [`NAMED_CHUNKS`].
    pub oldest: Vec<TableName>,
    /// Compressed chunks that got rows since and wait to be compressed again; not counted above, because nobody knows
    /// since when.
    pub wait_for_recompression: u64,
}

/// What is true of one policy or job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVerdict {
    /// What it does.
    pub kind: JobKind,
    /// Number of its job.
    pub job_id: i32,
    /// The truth.
    pub light: Light,
    /// Why, in a sentence or two.
    pub reason: String,
    /// What to do; `None` where there is nothing to do.
    pub advice: Option<String>,
    /// What its next run will handle, beside what is overdue.
    pub due: Due,
    /// What it should have handled and has not.
    pub overdue: Overdue,
    /// How long the oldest overdue chunk has been due, or how far a continuous aggregate is behind; `None` where
    /// nothing is.
    pub lag: Option<TimeSpan>,
}

/// What is true of a hypertable (a continuous aggregate's materialization included).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableVerdict {
    /// The hypertable.
    pub table: TableName,
    /// Its name as people know it.
    pub display_name: String,
    /// The worst of its policies' lights.
    pub light: Light,
    /// Why, in a sentence or two.
    pub reason: String,
    /// What to do; `None` where there is nothing to do.
    pub advice: Option<String>,
    /// Where its oldest chunk begins: no row is older.
    pub oldest_kept: Option<TimePoint>,
    /// Each of its policies, by job number.
    pub policies: Vec<PolicyVerdict>,
}

/// What is true of a database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    tables: Vec<TableVerdict>,
    other_jobs: Vec<PolicyVerdict>,
    /// Where each table stands.
    places_of_tables: HashMap<TableName, usize>,
    /// Where each job stands: the table's place, `None` among the jobs of no table, and the place there.
    places_of_jobs: HashMap<i32, (Option<usize>, usize)>,
}

impl Judgement {
    /// Of every hypertable, in the order of the snapshot, and of the jobs that belong to none.
    pub fn new(tables: Vec<TableVerdict>, other_jobs: Vec<PolicyVerdict>) -> Self {
        let of_tables = tables.iter().enumerate().flat_map(|(table, verdict)| {
            let policies = verdict.policies.iter().enumerate();
            policies.map(move |(place, policy)| (policy.job_id, (Some(table), place)))
        });
        let of_none = other_jobs
            .iter()
            .enumerate()
            .map(|(place, job)| (job.job_id, (None, place)));
        Self {
            places_of_tables: tables
                .iter()
                .enumerate()
                .map(|(place, verdict)| (verdict.table.clone(), place))
                .collect(),
            places_of_jobs: of_tables.chain(of_none).collect(),
            tables,
            other_jobs,
        }
    }

    /// Every hypertable, in the order of the snapshot.
    pub fn tables(&self) -> &[TableVerdict] {
        &self.tables
    }

    /// Jobs that belong to no hypertable.
    pub fn other_jobs(&self) -> &[PolicyVerdict] {
        &self.other_jobs
    }

    /// What is true of a hypertable.
    pub fn of_table(&self, table: &TableName) -> Option<&TableVerdict> {
        self.tables.get(*self.places_of_tables.get(table)?)
    }

    /// What is true of a job.
    pub fn of_job(&self, id: i32) -> Option<&PolicyVerdict> {
        let (table, place) = *self.places_of_jobs.get(&id)?;
        match table {
            Some(table) => self.tables.get(table)?.policies.get(place),
            None => self.other_jobs.get(place),
        }
    }

    /// The worst light of all; `None` for a database with neither hypertables nor jobs.
    pub fn worst(&self) -> Option<Light> {
        let tables = self.tables.iter().map(|table| table.light);
        tables.chain(self.other_jobs.iter().map(|job| job.light)).max()
    }
}

/// Judges a snapshot: jobs as they are `now`, chunks as they were when they were read.
pub fn judge(snapshot: &Snapshot, now: Timestamp) -> Judgement {
    let lookup = Lookup::of(snapshot);
    Judgement::new(
        snapshot
            .hypertables
            .iter()
            .zip(snapshot.chunks.iter())
            .map(|(table, of)| judge_table(snapshot, &lookup, table, &of.chunks, now))
            .collect(),
        snapshot
            .jobs
            .iter()
            .filter(|job| job.table.is_none() && counts(job, snapshot.server.edition))
            .map(|job| run::verdict(snapshot, job, now, Outcome::nothing()))
            .collect(),
    )
}

/// Telemetry may fail for ever behind a firewall, and in the Apache edition the built-in removal of job history does
/// (<https://github.com/timescale/timescaledb/issues/10191>): neither is anybody's concern.
fn counts(job: &Job, edition: Edition) -> bool {
    match job.kind {
        JobKind::Telemetry => false,
        JobKind::JobHistoryRetention => edition == Edition::Community,
        _ => true,
    }
}

fn judge_table(
    snapshot: &Snapshot,
    lookup: &Lookup<'_>,
    table: &Hypertable,
    chunks: &[Chunk],
    now: Timestamp,
) -> TableVerdict {
    let policies: Vec<PolicyVerdict> = lookup
        .jobs_of(table)
        .iter()
        .map(|job| {
            let outcome = match job.kind {
                // As of when the chunks were read: what was done since cannot be seen in them.
                JobKind::Compression | JobKind::Retention => {
                    handled::outcome(job, table, chunks, snapshot.sizes_collected_at)
                }
                JobKind::Refresh => refresh::outcome(lookup, job, now),
                _ => Outcome::nothing(),
            };
            run::verdict(snapshot, job, now, outcome)
        })
        .collect();
    let worst = policies
        .iter()
        .max_by_key(|policy| (policy.light, std::cmp::Reverse(policy.job_id)));
    let (light, reason, advice) = match worst {
        None if snapshot.server.edition == Edition::Apache => (
            Light::NotOffered,
            "The Apache edition has no background policies.".to_owned(),
            None,
        ),
        None => (
            Light::NoPolicy,
            "No policy compresses it or drops its old chunks.".to_owned(),
            None,
        ),
        Some(policy) if policy.light == Light::OnTime && policies.len() > 1 => (
            Light::OnTime,
            format!(
                "{} are on time.",
                counted(policies.len() as u64, "policy", "policies")
            ),
            None,
        ),
        Some(policy) => (policy.light, policy.reason.clone(), policy.advice.clone()),
    };
    TableVerdict {
        table: table.table_name(),
        display_name: table.display_name(),
        light,
        reason,
        advice,
        oldest_kept: table.range.map(|range| range.start),
        policies,
    }
}

/// What a policy has achieved, before its runs are looked at.
struct Outcome {
    light: Light,
    /// The sentence that goes with that light.
    reason: String,
    advice: Option<String>,
    due: Due,
    overdue: Overdue,
    lag: Option<TimeSpan>,
}

impl Outcome {
    /// Of a job whose outcome nobody can see: its runs alone tell.
    fn nothing() -> Self {
        Self {
            light: Light::OnTime,
            reason: String::new(),
            advice: None,
            due: Due::default(),
            overdue: Overdue::default(),
            lag: None,
        }
    }

    fn on_time(reason: String) -> Self {
        Self {
            reason,
            ..Self::nothing()
        }
    }
}
