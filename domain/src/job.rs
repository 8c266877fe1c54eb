//! Background jobs: policies and what people scheduled themselves.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::interval::Interval;
use crate::job_error::JobError;
use crate::table_name::TableName;
use crate::visible::Visible;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Compresses chunks of a certain age.
    Compression,
    /// Drops chunks of a certain age.
    Retention,
    /// Rewrites chunks in the order of an index.
    Reorder,
    /// Refreshes a continuous aggregate.
    Refresh,
    /// Merges small batches of compressed chunks (from 2.29 on).
    Compaction,
    /// TimescaleDB's own report to its makers.
    Telemetry,
    /// Removes old lines of the job history.
    JobHistoryRetention,
    /// A procedure of one's own.
    Custom,
}

impl JobKind {
    /// By the procedure it runs: the application name has changed over the versions.
    pub fn of(procedure_schema: &str, procedure: &str) -> Self {
        // Anybody who may create schemas can make one whose name begins like TimescaleDB's.
        if !matches!(
            procedure_schema,
            "_timescaledb_functions" | "_timescaledb_internal"
        ) {
            return Self::Custom;
        }
        match procedure {
            "policy_compression" | "policy_recompression" => Self::Compression,
            "policy_retention" => Self::Retention,
            "policy_reorder" => Self::Reorder,
            "policy_refresh_continuous_aggregate" => Self::Refresh,
            "policy_compaction" => Self::Compaction,
            "policy_telemetry" => Self::Telemetry,
            "policy_job_stat_history_retention" => Self::JobHistoryRetention,
            _ => Self::Custom,
        }
    }

    /// As a person calls it, to begin a sentence with.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compression => "Compression",
            Self::Retention => "Retention",
            Self::Reorder => "Reordering",
            Self::Refresh => "Refresh",
            Self::Compaction => "Compaction",
            Self::Telemetry => "Telemetry",
            Self::JobHistoryRetention => "Job history retention",
            Self::Custom => "Custom job",
        }
    }
}

/// When a job starts next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStart {
    /// At this moment, or as soon as there is a worker where it is past.
    At(Timestamp),
    /// Not known: it has never run and waits for the scheduler.
    NotYet,
    /// `-infinity`: it runs now, or it is stuck.
    RunningOrStuck,
    /// `infinity`, or it is paused.
    Never,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// The job's own word; from 2.27 on also where some chunks failed.
    Succeeded,
    /// It failed.
    Failed,
}

/// What the server counted of a job's runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JobStatistics {
    /// When it last started.
    pub last_start: Option<Timestamp>,
    /// When it last finished; `None` while it runs.
    pub last_finish: Option<Timestamp>,
    /// When it last succeeded.
    pub last_success: Option<Timestamp>,
    /// How the last finished run ended.
    pub last_outcome: Option<RunOutcome>,
    /// How long the last finished run took, in microseconds.
    pub last_duration_us: Option<u64>,
    /// Runs.
    pub total_runs: u64,
    /// Runs that succeeded.
    pub total_successes: u64,
    /// Runs that failed.
    pub total_failures: u64,
    /// Runs whose process died.
    pub total_crashes: u64,
    /// Failures since the last success.
    pub consecutive_failures: u64,
}

/// A background job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: i32,
    /// Its name, as the server shows it in `pg_stat_activity`.
    pub application_name: String,
    /// What it does.
    pub kind: JobKind,
    /// Schema of the procedure it runs.
    pub procedure_schema: String,
    /// Name of the procedure it runs.
    pub procedure: String,
    /// The role it runs as.
    pub owner: String,
    /// Whether that role may log in; a job of one that may not never starts.
    pub owner_can_login: bool,
    /// Time between two starts, or between an end and the next start.
    pub schedule_interval: Interval,
    /// Longest time a run may take; zero for any.
    pub max_runtime: Interval,
    /// Failures in a row before it is given up; negative for never.
    pub max_retries: i32,
    /// Time between a failure and the next attempt.
    pub retry_period: Interval,
    /// Whether it is run at all.
    pub scheduled: bool,
    /// Whether it starts at fixed times.
    pub fixed_schedule: bool,
    /// What fixed times are counted from.
    pub initial_start: Option<Timestamp>,
    /// Time zone the schedule is computed in.
    pub timezone: Option<String>,
    /// Its configuration, a JSON object.
    pub config: Option<String>,
    /// The hypertable it works on; for a continuous aggregate the one it is materialized in.
    pub table: Option<TableName>,
    /// The continuous aggregate it works on.
    pub continuous_aggregate: Option<TableName>,
    /// When it starts next.
    pub next_start: NextStart,
    /// Whether a process of it is at work.
    pub is_running: Visible<bool>,
    /// What the server counted; `None` where it has never run.
    pub statistics: Option<JobStatistics>,
    /// Its newest failures, newest first, a handful.
    pub errors: Visible<Vec<JobError>>,
    /// For the policies that have one: the age at which a chunk is handled.
    pub threshold: Option<PolicyThreshold>,
}

/// The age at which a policy handles a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PolicyThreshold {
    /// The age.
    pub after: crate::hypertable::TimeSpan,
    /// Counted from the chunk's creation instead of from the end of its range.
    pub from_creation: bool,
}

impl Job {
    /// `Retention of oee_calculations`, `Custom job 1007 (nightly)`.
    pub fn title(&self) -> String {
        match self.continuous_aggregate.as_ref().or(self.table.as_ref()) {
            Some(of) if self.kind != JobKind::Custom => format!("{} of {of}", self.kind.as_str()),
            _ if self.kind == JobKind::Custom => format!("Custom job {} ({})", self.id, self.procedure),
            _ => self.kind.as_str().to_owned(),
        }
    }

    /// The newest failure, where the last finished run failed and the role may see why.
    pub fn last_error(&self) -> Option<&JobError> {
        self.errors.shown().and_then(|errors| errors.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_procedure_of_ones_own_is_custom_whatever_its_name() {
        assert_eq!(
            JobKind::of("_timescaledb_functions", "policy_retention"),
            JobKind::Retention
        );
        assert_eq!(JobKind::of("public", "policy_retention"), JobKind::Custom);
        assert_eq!(
            JobKind::of("_timescaledb_x", "policy_compression"),
            JobKind::Custom,
            "anybody may make such a schema"
        );
        assert_eq!(
            JobKind::of("_timescaledb_functions", "policy_of_tomorrow"),
            JobKind::Custom
        );
    }
}
