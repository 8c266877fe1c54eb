//! What the console's own runner drops, where the server's edition has no retention policies: when, what, and how it went.

use serde::{Deserialize, Serialize};

use crate::hypertable::{ChunkRange, TimePoint};
use crate::policy::AgePolicy;
use crate::quantity::{bytes, counted, thousands};
use crate::table_name::TableName;
use crate::timestamp::Timestamp;

/// Why a run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionTrigger {
    /// It was due.
    Schedule,
    /// Somebody asked for it.
    ByHand {
        /// Who.
        who: String,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionOutcome {
    /// All that was due is dropped.
    Succeeded,
    /// Its time was over before everything was dropped; the next run goes on.
    Partial,
    /// Something kept it from going on; what was dropped before stays dropped.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// The console that ran it was killed.
    Interrupted,
}

impl RetentionOutcome {
    /// Every outcome there is.
    pub const ALL: [Self; 5] = [
        Self::Succeeded,
        Self::Partial,
        Self::Failed,
        Self::Cancelled,
        Self::Interrupted,
    ];

    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Chunks, and what was in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChunkSum {
    /// How many.
    pub chunks: u64,
    /// Their bytes on disk.
    pub bytes: u64,
    /// Their rows, as far as statistics say.
    pub rows: u64,
}

impl ChunkSum {
    /// Of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            chunks: self.chunks + other.chunks,
            bytes: self.bytes + other.bytes,
            rows: self.rows + other.rows,
        }
    }
}

/// `24 chunks, 1.2 GB, 3,000 rows`.
impl std::fmt::Display for ChunkSum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}, {}, {} rows",
            counted(self.chunks, "chunk", "chunks"),
            bytes(self.bytes),
            thousands(self.rows)
        )
    }
}

/// One run on one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionRun {
    /// Its number; rises with time.
    pub id: i64,
    /// The table.
    pub table: TableName,
    /// Why it began.
    pub trigger: RetentionTrigger,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// How it ended; `None` while it runs.
    pub outcome: Option<RetentionOutcome>,
    /// It should be running, but nothing is heard of the console that runs it.
    pub is_silent: bool,
    /// What was due when it began; `None` before it looked.
    pub due: Option<ChunkSum>,
    /// What it has dropped so far.
    pub dropped: ChunkSum,
    /// In how many transactions.
    pub batches: u64,
    /// Where the oldest chunk begins that is left; `None` where none is, or nobody looked.
    pub oldest_kept: Option<TimePoint>,
    /// Why it did not drop everything, in a sentence; empty where it did.
    pub failure: String,
    /// Who asked for it to end.
    pub cancelled_by: Option<String>,
}

/// Who drops a table's chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionKeeper {
    /// The console's runner.
    Console,
    /// The server's own policies: the edition has them, and the runner leaves the table alone.
    Server,
}

impl RetentionKeeper {
    /// In a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Console => "The server's edition has no retention policies; the console drops what is due.",
            Self::Server => {
                "The server's edition has retention policies of its own; the console leaves this table alone. Apply the \
                 policy once more to have the server do it."
            }
        }
    }
}

/// How retention of one table stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionStatus {
    /// The table.
    pub table: TableName,
    /// What is dropped, and when.
    pub policy: AgePolicy,
    /// Who does it.
    pub keeper: RetentionKeeper,
    /// When the runner is due next; `None` where it is paused, or the server's task.
    pub next_start: Option<Timestamp>,
    /// Failures since the last run that did not fail.
    pub failures_in_a_row: u32,
    /// The last run that ended.
    pub last_run: Option<RetentionRun>,
    /// The run that is under way.
    pub running: Option<RetentionRun>,
}

/// A chunk that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueChunk {
    /// Its own table.
    pub name: TableName,
    /// Its part of the time axis; `None` where an end of it is open.
    pub range: Option<ChunkRange>,
    /// Bytes on disk, of what it is compressed in too.
    pub bytes: u64,
    /// Rows, as far as statistics say.
    pub rows: u64,
    /// Locks it takes to drop it.
    pub locks: u64,
}

/// Chunks that are dropped in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropBatch {
    /// The chunks, oldest first.
    pub chunks: Vec<DueChunk>,
    /// The statement, with its value in place.
    pub statement: String,
}

impl DropBatch {
    /// All of them.
    pub fn sum(&self) -> ChunkSum {
        self.chunks.iter().fold(ChunkSum::default(), |sum, chunk| {
            sum.plus(ChunkSum {
                chunks: 1,
                bytes: chunk.bytes,
                rows: chunk.rows,
            })
        })
    }

    /// Locks the transaction takes.
    pub fn locks(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.locks).sum()
    }
}

/// What a run would do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRun {
    /// The table.
    pub table: TableName,
    /// What ends before this is due (or was created before it).
    pub cutoff: TimePoint,
    /// The transactions, in order.
    pub batches: Vec<DropBatch>,
    /// All that is due.
    pub due: ChunkSum,
    /// Chunks that are old enough and stay, because they are frozen or tiered.
    pub skipped: u64,
    /// Where the oldest chunk begins that is left.
    pub oldest_kept: Option<TimePoint>,
    /// Locks one transaction may take.
    pub locks_a_batch: u64,
    /// Locks the server has room for, in all sessions together.
    pub lock_slots: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_read_as_people_say_it() {
        let sum = ChunkSum {
            chunks: 24,
            bytes: 1_288_490_189,
            rows: 3000,
        };
        assert_eq!(sum.to_string(), "24 chunks, 1.2 GB, 3,000 rows");
        assert_eq!(sum.plus(sum).chunks, 48);
    }

    #[test]
    fn every_outcome_has_a_name_of_its_own() {
        let mut names: Vec<_> = RetentionOutcome::ALL.iter().map(|of| of.as_str()).collect();
        names.dedup();
        assert_eq!(names.len(), RetentionOutcome::ALL.len());
    }
}
