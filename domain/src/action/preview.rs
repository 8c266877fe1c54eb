//! What an action would do, before it is done.

use serde::{Deserialize, Serialize};

use super::{Action, ActionTarget};
use crate::hypertable::{ChunkRange, TimePoint};
use crate::policy::Decompression;
use crate::quantity::{bytes, counted, minute, thousands};
use crate::role::Permission;
use crate::table_name::TableName;

/// What an action would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionPreview {
    /// The action.
    pub action: Action,
    /// What whoever starts it must be allowed.
    pub permission: Permission,
    /// Each target, in the order they are handled.
    pub targets: Vec<TargetPreview>,
    /// Sums over them.
    pub totals: ActionTotals,
    /// What each statement locks, in a sentence.
    pub lock: String,
    /// What to know beforehand.
    pub warnings: Vec<ActionWarning>,
    /// The name to be typed before it is done; `None` where nothing is lost.
    pub needs_typed_name: Option<String>,
    /// What was seen: handed back when it is started.
    pub fingerprint: String,
}

/// One target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetPreview {
    /// What.
    pub target: ActionTarget,
    /// As people call it.
    pub title: String,
    /// Its part of the time axis, of a chunk.
    pub range: Option<ChunkRange>,
    /// What would be executed.
    pub statement: String,
    /// Why nothing is done to it; `None` where something is.
    pub skip: Option<Skip>,
    /// Bytes on disk now.
    pub bytes: Option<u64>,
    /// About how many afterwards, where that is known.
    pub bytes_after: Option<u64>,
    /// Rows, as far as statistics say.
    pub rows: Option<u64>,
}

/// Sums over the targets that something is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ActionTotals {
    /// Targets that something is done to.
    pub handled: u64,
    /// Targets that are skipped.
    pub skipped: u64,
    /// Bytes now.
    pub bytes: u64,
    /// Bytes afterwards; `None` where that is not known of each.
    pub bytes_after: Option<u64>,
    /// Rows.
    pub rows: u64,
}

/// Why nothing is done to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// It is not there any more.
    Gone,
    /// It is compressed, and wholly.
    AlreadyCompressed,
    /// It is not compressed.
    NotCompressed,
    /// It is compressed as the table says.
    UpToDate,
    /// Its table has no compression.
    CompressionOff,
    /// It is frozen.
    Frozen,
    /// It is not frozen.
    NotFrozen,
    /// Its rows lie in tiered storage.
    Tiered,
    /// It is paused.
    AlreadyPaused,
    /// It is not paused.
    NotPaused,
    /// It runs just now.
    RunsNow,
    /// The console's role is a superuser, and the procedure somebody's who is not.
    UntrustedProcedure,
    /// The console's role is a superuser, and the aggregate somebody's who is not: refreshing calls what it is made with.
    UntrustedOwner,
}

impl Skip {
    /// In a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Gone => "It is not there any more.",
            Self::AlreadyCompressed => "It is compressed already.",
            Self::NotCompressed => "It is not compressed.",
            Self::UpToDate => "It is compressed as the table says, and nothing came in since.",
            Self::CompressionOff => "Compression is not enabled for its table.",
            Self::Frozen => "It is frozen; unfreeze it first.",
            Self::NotFrozen => "It is not frozen.",
            Self::Tiered => "It lies in tiered storage.",
            Self::AlreadyPaused => "It is paused already.",
            Self::NotPaused => "It is not paused.",
            Self::RunsNow => "It runs just now.",
            Self::UntrustedProcedure => {
                "The console changes things as a superuser, and this procedure is somebody's who is none: it would run with \
                 the superuser's rights. Reschedule the job instead: then it runs as its owner."
            }
            Self::UntrustedOwner => {
                "The console changes things as a superuser, and this aggregate is somebody's who is none: its functions would \
                 run with the superuser's rights. Reschedule its job instead, which runs as its owner, or give the console a \
                 change_url with a role that is no superuser."
            }
        }
    }

    /// The word that is kept of it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::AlreadyCompressed | Self::UpToDate => "compressed",
            Self::NotCompressed => "not compressed",
            Self::CompressionOff => "without compression",
            Self::Frozen => "frozen",
            Self::NotFrozen => "not frozen",
            Self::Tiered => "tiered",
            Self::AlreadyPaused => "paused",
            Self::NotPaused => "not paused",
            Self::RunsNow => "running",
            Self::UntrustedProcedure | Self::UntrustedOwner => "not trusted",
        }
    }
}

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// What to know before an action is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionWarning {
    /// Rows are lost for good.
    DropsData {
        /// Chunks.
        chunks: u64,
        /// Their bytes.
        bytes: u64,
        /// Their rows.
        rows: u64,
    },
    /// Continuous aggregates lose these rows at their next refresh of that range.
    ErasesFromAggregates(Vec<TableName>),
    /// Rows of the range are gone from the source: a refresh erases what the aggregate still has of them.
    ErasesHistory {
        /// The continuous aggregate.
        aggregate: TableName,
        /// What is erased begins here.
        has_from: TimePoint,
        /// What it is made of begins here.
        source_from: Option<TimePoint>,
    },
    /// What decompressing takes.
    Decompresses(Decompression),
    /// A policy compresses them again at its next run.
    PolicyCompressesAgain(TableName),
    /// This job drops data when it runs.
    JobDropsData {
        /// Its number.
        job_id: i32,
        /// Of which table.
        table: Option<TableName>,
    },
    /// Its next start is past: it runs as soon as it is resumed.
    RunsAtOnce(i32),
}

impl ActionWarning {
    /// In a sentence or two.
    pub fn sentence(&self) -> String {
        match self {
            Self::DropsData {
                chunks,
                bytes: of,
                rows,
            } => format!(
                "{}, {} and about {} rows are lost for good.",
                counted(*chunks, "chunk", "chunks"),
                bytes(*of),
                thousands(*rows)
            ),
            Self::ErasesFromAggregates(views) => {
                let views: Vec<String> = views.iter().map(ToString::to_string).collect();
                format!(
                    "{} lose what was made of these rows when they are next refreshed over this range.",
                    views.join(", ")
                )
            }
            Self::ErasesHistory {
                aggregate,
                has_from,
                source_from,
            } => match source_from {
                Some(source) if has_from >= source => format!(
                    "{aggregate} still has what was made of rows that are gone, from {} on. Refreshing erases it, for good.",
                    told(*has_from)
                ),
                Some(source) => format!(
                    "{aggregate} goes back to {}, the rows it is made of only to {}. Refreshing the time before that erases \
                     what {aggregate} still has of it, for good.",
                    told(*has_from),
                    told(*source)
                ),
                None => format!(
                    "{aggregate} goes back to {}, but the table it is made of has no rows. Refreshing erases what {aggregate} \
                     has, for good.",
                    told(*has_from)
                ),
            },
            Self::Decompresses(decompression) => decompression.sentence(),
            Self::PolicyCompressesAgain(table) => format!(
                "{table} has a compression policy: it compresses these chunks again at its next run. Pause it first."
            ),
            Self::JobDropsData { job_id, table } => match table {
                Some(table) => format!("Job {job_id} drops what is due of {table}, for good."),
                None => format!("Job {job_id} drops what is due, for good."),
            },
            Self::RunsAtOnce(job_id) => {
                format!("The next start of job {job_id} is past: it runs as soon as it is resumed.")
            }
        }
    }

    /// Whether data is lost.
    pub fn loses_data(&self) -> bool {
        matches!(
            self,
            Self::DropsData { .. } | Self::ErasesHistory { .. } | Self::JobDropsData { .. }
        )
    }
}

fn told(point: TimePoint) -> String {
    match point {
        TimePoint::Moment(at) => format!("{} UTC", minute(at)),
        TimePoint::Number(number) => number.to_string(),
    }
}

impl ActionTotals {
    /// Over these targets.
    pub fn of(targets: &[TargetPreview]) -> Self {
        let mut totals = Self {
            bytes_after: Some(0),
            ..Self::default()
        };
        for target in targets {
            if target.skip.is_some() {
                totals.skipped += 1;
                continue;
            }
            totals.handled += 1;
            totals.bytes += target.bytes.unwrap_or_default();
            totals.rows += target.rows.unwrap_or_default();
            totals.bytes_after = totals
                .bytes_after
                .zip(target.bytes_after)
                .map(|(sum, after)| sum + after);
        }
        totals
    }
}
