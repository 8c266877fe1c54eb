//! What a person should know before a plan is applied.

use serde::{Deserialize, Serialize};

use crate::interval::Interval;
use crate::policy::blocker::Blocker;
use crate::policy::field::Field;
use crate::policy::model::PolicyKind;
use crate::quantity::{counted, duration};

/// What a person should know before a plan is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// Rows will be deleted, and undoing does not bring them back.
    DeletesForGood,
    /// It was so before, and the plan does not change it.
    Standing(Blocker),
    /// What is compressed already stays as it is.
    OldChunksKeepSettings(u64),
    /// The server's choice was written down, and cannot be handed back.
    ChoiceStays(Field),
    /// A run that is under way ends at once, even if the plan is rolled back.
    CancelsRun {
        /// What it does.
        kind: PolicyKind,
        /// The job.
        job_id: i32,
    },
    /// The first drop may take longer than a run may.
    FirstPurgeSlow {
        /// Chunks.
        chunks: u64,
        /// About how long, in milliseconds.
        duration_ms: u64,
        /// How long a run may take.
        max_runtime: Interval,
    },
    /// Integer time is counted in a unit in which the age reaches before its beginning.
    NeverDue(PolicyKind),
    /// A refresh has to write into compressed chunks.
    CompressesInsideRefresh,
    /// What retention drops of a continuous aggregate, its refresh fills again.
    RefillsDropped,
    /// A run begins as soon as the plan is applied.
    RunsAtOnce(PolicyKind),
    /// Of these chunks nobody can say when they are due.
    Undated(u64),
}

impl Warning {
    /// In a sentence or two.
    pub fn sentence(&self) -> String {
        match self {
            Self::DeletesForGood => {
                "What is dropped cannot be brought back: undoing restores the policy, not the rows.".to_owned()
            }
            Self::Standing(blocker) => format!("Already so, and not changed here: {}", blocker.sentence()),
            Self::OldChunksKeepSettings(chunks) => format!(
                "{} compressed and {} the settings they were compressed with; only what is compressed from now on gets the \
                 new ones.",
                match chunks {
                    1 => "1 chunk is".to_owned(),
                    chunks => format!("{} are", counted(*chunks, "chunk", "chunks")),
                },
                if *chunks == 1 { "keeps" } else { "keep" }
            ),
            Self::ChoiceStays(field) => format!(
                "{}: here the server writes its choice down, and it cannot be handed back. It stays as it is; name the \
                 columns to change it.",
                field.label()
            ),
            Self::CancelsRun { kind, job_id } => format!(
                "{} is running now (job {job_id}). Removing the job cancels the run at once, even if the plan fails later.",
                kind.title()
            ),
            Self::FirstPurgeSlow {
                chunks,
                duration_ms,
                max_runtime,
            } => {
                #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
                let time = duration(*duration_ms as f64);
                format!(
                    "The first run drops {} in one transaction, which may take about {time}; a run that takes longer than \
                     {max_runtime} is cancelled, drops nothing and is tried again. Allow it more time, or drop the oldest \
                     chunks by hand first.",
                    counted(*chunks, "chunk", "chunks")
                )
            }
            Self::NeverDue(kind) => format!(
                "{}: the age is larger than what the table's integer time has reached, so nothing is ever due. Is it in \
                 the right unit?",
                Field::Threshold(*kind).label()
            ),
            Self::CompressesInsideRefresh => {
                "Chunks are compressed that the refresh still writes to: refreshing gets slower. Compress after the \
                 refresh's start offset."
                    .to_owned()
            }
            Self::RefillsDropped => {
                "Retention drops what the refresh fills again. Drop after more than the refresh's start offset.".to_owned()
            }
            Self::RunsAtOnce(kind) => format!("{} runs as soon as this is applied.", kind.title()),
            Self::Undated(chunks) => format!(
                "Of {} nobody can say when they are due: their times have no known unit, or they do not say when they were \
                 created.",
                counted(*chunks, "chunk", "chunks")
            ),
        }
    }
}
