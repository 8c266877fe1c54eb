//! The steps a plan is made of: what each does, its exact SQL and the lock it takes.

mod job_sql;

use serde::{Deserialize, Serialize};

use crate::compression_settings::{CompressionSettings, OrderBy, SegmentBy};
use crate::hypertable::TimeSpan;
use crate::interval::Interval;
use crate::policy::current::Current;
use crate::policy::model::{AgePolicy, PolicyKind, RefreshWindow, Threshold};
use crate::policy::schedule::Schedule;
use crate::policy::sql;
use crate::timestamp::Timestamp;

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// New chunks get another length.
    SetChunkInterval(TimeSpan),
    /// A policy that was not there gets a job.
    AddPolicy(AddPolicy),
    /// A policy's job is changed in place: it keeps its number and its statistics.
    AlterPolicy(AlterPolicy),
    /// A policy's job is removed, with its statistics.
    RemovePolicy {
        /// What it does.
        kind: PolicyKind,
        /// Its job.
        job_id: i32,
    },
    /// Compression is enabled.
    EnableCompression(CompressionSettings),
    /// Chunks are compressed otherwise from now on.
    SetCompression(SettingsChange),
    /// Choices are handed back to the server.
    ResetCompression {
        /// Of the segments.
        segment_by: bool,
        /// Of the order.
        order_by: bool,
        /// Chunks there are: each is locked.
        chunks: u64,
    },
    /// Compression is disabled, and its settings are forgotten.
    DisableCompression,
    /// The console's own runner drops chunks, or stops to: kept in the console's state, because the edition has no jobs.
    ConsoleRetention {
        /// What it drops; `None` for nothing any more.
        policy: Option<AgePolicy>,
        /// When it runs next.
        next_start: Timestamp,
    },
}

/// A policy that was not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddPolicy {
    /// What it does.
    pub kind: PolicyKind,
    /// What it handles.
    pub work: Work,
    /// When it runs; with an initial start where its times are fixed.
    pub schedule: Schedule,
    /// When it runs first. The server would start it within seconds.
    pub first_start: Timestamp,
}

/// Changes to a policy's job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlterPolicy {
    /// What it does.
    pub kind: PolicyKind,
    /// Its job.
    pub job_id: i32,
    /// Another interval.
    pub interval: Option<Interval>,
    /// Another longest time of a run.
    pub max_runtime: Option<Interval>,
    /// Paused or resumed.
    pub paused: Option<bool>,
    /// Other times to start at.
    pub starts: Option<Starts>,
    /// The time zone it has afterwards, changed or not: `alter_job` clears one that is not passed.
    pub timezone: Option<String>,
    /// Another age or window.
    pub config: Option<ConfigChange>,
    /// When it starts next. Passed back even where nothing changes, because `alter_job` moves it when it is given a time
    /// zone, and forgets it when it is given an interval.
    pub next_start: NextStartChange,
}

/// What the starts of a job are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Starts {
    /// The end of the run before.
    AfterEnd,
    /// A moment.
    FixedFrom(Timestamp),
}

/// What becomes of a job's next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStartChange {
    /// What it is when the statement runs.
    Kept,
    /// This.
    At(Timestamp),
    /// What it is when the statement runs, or this if that is earlier.
    AtLatest(Timestamp),
}

/// What a policy handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Chunks of an age.
    Age(Threshold),
    /// A window of a continuous aggregate.
    Window(RefreshWindow),
}

/// A change of what a policy handles; whatever else its configuration says is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChange {
    /// What it handled.
    pub from: Work,
    /// What it handles from now on.
    pub to: Work,
}

/// A change of how chunks are compressed. `None` is not touched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SettingsChange {
    /// Other segments; never the server's choice.
    pub segment_by: Option<SegmentBy>,
    /// Another order; never empty.
    pub order_by: Option<Vec<OrderBy>>,
}

/// What a step keeps others from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// Nothing that anybody would notice.
    Nothing,
    /// SHARE ROW EXCLUSIVE on the statistics of jobs, until the transaction ends.
    JobStatistics,
    /// ACCESS EXCLUSIVE on a table, until the transaction ends.
    Table(String),
    /// SHARE UPDATE EXCLUSIVE on a table and on each of its chunks, until the transaction ends.
    TableAndChunks(String, u64),
}

impl Lock {
    /// PostgreSQL's name of its mode.
    pub fn mode(&self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::JobStatistics => Some("SHARE ROW EXCLUSIVE"),
            Self::Table(_) => Some("ACCESS EXCLUSIVE"),
            Self::TableAndChunks(..) => Some("SHARE UPDATE EXCLUSIVE"),
        }
    }

    /// What it is on and who waits for it, in a sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::Nothing => "Takes no lock on the table.".to_owned(),
            Self::JobStatistics => {
                "SHARE ROW EXCLUSIVE on _timescaledb_internal.bgw_job_stat until the transaction \
                                    ends: other jobs wait with starting and ending; the table stays free."
                    .to_owned()
            }
            Self::Table(table) => format!(
                "ACCESS EXCLUSIVE on {table} until the transaction ends: whoever reads or writes it waits."
            ),
            Self::TableAndChunks(table, chunks) => format!(
                "SHARE UPDATE EXCLUSIVE on {table} and its {} until the transaction ends: reading and writing go on; \
                 VACUUM, compression and retention wait.",
                crate::quantity::counted(*chunks, "chunk", "chunks")
            ),
        }
    }
}

impl Step {
    /// Its statement; `None` for what the database has no part in. A SELECT gives exactly one row, or what it was planned
    /// for is gone.
    pub fn sql(&self, of: &Current) -> Option<String> {
        let relation = of.relation().as_literal();
        Some(match self {
            Self::SetChunkInterval(to) => {
                format!("SELECT set_chunk_time_interval({relation}, {})", sql::span(*to))
            }
            Self::AddPolicy(add) => add.sql(&relation),
            Self::AlterPolicy(alter) => alter.sql(),
            Self::RemovePolicy { kind, .. } => match kind {
                PolicyKind::Compression => format!("SELECT remove_compression_policy({relation})"),
                PolicyKind::Retention => format!("SELECT remove_retention_policy({relation})"),
                PolicyKind::Refresh => format!("SELECT remove_continuous_aggregate_policy({relation})"),
            },
            Self::EnableCompression(settings) => {
                let options = options(
                    sql::segment_by(&settings.segment_by),
                    sql::order_by(&settings.order_by),
                );
                format!("{} SET (timescaledb.compress{options})", alter(of))
            }
            Self::SetCompression(change) => {
                let options = options(
                    change.segment_by.as_ref().and_then(sql::segment_by),
                    change.order_by.as_deref().and_then(sql::order_by),
                );
                format!("{} SET ({})", alter(of), options.trim_start_matches(", "))
            }
            Self::ResetCompression {
                segment_by, order_by, ..
            } => {
                let mut options = Vec::new();
                if *segment_by {
                    options.push("timescaledb.compress_segmentby");
                }
                if *order_by {
                    options.push("timescaledb.compress_orderby");
                }
                format!("{} RESET ({})", alter(of), options.join(", "))
            }
            Self::DisableCompression => format!("{} SET (timescaledb.compress = false)", alter(of)),
            Self::ConsoleRetention { .. } => return None,
        })
    }

    /// The lock it takes.
    pub fn lock(&self, of: &Current) -> Lock {
        match self {
            Self::SetChunkInterval(_) | Self::ConsoleRetention { .. } => Lock::Nothing,
            Self::AddPolicy(_) | Self::AlterPolicy(_) | Self::RemovePolicy { .. } => Lock::JobStatistics,
            Self::EnableCompression(_) | Self::SetCompression(_) | Self::DisableCompression => {
                Lock::Table(of.table.to_string())
            }
            Self::ResetCompression { chunks, .. } => Lock::TableAndChunks(of.table.to_string(), *chunks),
        }
    }

    /// Whether it is done in the transaction of the plan. What the console keeps is written once that has committed.
    pub fn is_in_transaction(&self) -> bool {
        !matches!(self, Self::ConsoleRetention { .. })
    }

    /// Whether it is an ALTER TABLE, which waits for whoever uses the table.
    pub fn alters_table(&self) -> bool {
        matches!(
            self,
            Self::EnableCompression(_)
                | Self::SetCompression(_)
                | Self::DisableCompression
                | Self::ResetCompression { .. }
        )
    }

    /// The policy it is about.
    pub fn kind(&self) -> Option<PolicyKind> {
        match self {
            Self::AddPolicy(add) => Some(add.kind),
            Self::AlterPolicy(alter) => Some(alter.kind),
            Self::RemovePolicy { kind, .. } => Some(*kind),
            Self::ConsoleRetention { .. } => Some(PolicyKind::Retention),
            _ => None,
        }
    }
}

/// What is altered: a continuous aggregate under its own name.
fn alter(of: &Current) -> String {
    match &of.aggregate {
        Some(aggregate) => format!("ALTER MATERIALIZED VIEW {}", aggregate.view.as_identifier()),
        None => format!("ALTER TABLE {}", of.table.as_identifier()),
    }
}

fn options(segment_by: Option<String>, order_by: Option<String>) -> String {
    let option = |name: &str, value: Option<String>| {
        value.map_or_else(String::new, |value| format!(", timescaledb.{name} = {value}"))
    };
    option("compress_segmentby", segment_by) + &option("compress_orderby", order_by)
}
