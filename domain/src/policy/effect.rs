//! What a plan changes, told in sentences.

use serde::{Deserialize, Serialize};

use crate::hypertable::{TimePoint, TimeSpan};
use crate::interval::Interval;
use crate::job::NextStart;
use crate::policy::model::PolicyKind;
use crate::policy::outlook::Amount;
use crate::quantity::{bytes, counted, minute, thousands};
use crate::timestamp::Timestamp;

/// Something a plan changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// New chunks have another length; old ones keep theirs.
    ChunkInterval {
        /// Their length.
        to: TimeSpan,
        /// Chunks that keep theirs.
        old_chunks: u64,
    },
    /// There is a new job.
    NewJob {
        /// What it does.
        kind: PolicyKind,
        /// When it runs first.
        first_start: Timestamp,
        /// Time between its runs.
        every: Interval,
        /// Whether it rests.
        paused: bool,
    },
    /// A job is gone.
    JobRemoved {
        /// What it does.
        kind: PolicyKind,
        /// Its number.
        job_id: i32,
    },
    /// A job is changed in place.
    JobKept {
        /// What it does.
        kind: PolicyKind,
        /// Its number.
        job_id: i32,
        /// When it starts next.
        next_start: NextStart,
        /// Whether that was moved.
        moved: bool,
    },
    /// Compression is on.
    CompressionEnabled,
    /// Compression is off.
    CompressionDisabled,
    /// Chunks are compressed otherwise from now on.
    CompressionSettings,
    /// The console's runner drops chunks.
    ConsoleDrops {
        /// When it runs next.
        next_start: Timestamp,
        /// Time between its runs.
        every: Interval,
    },
    /// The console's runner drops nothing any more.
    ConsoleKeeps,
    /// What the first run compresses.
    FirstRunCompresses {
        /// When.
        at: Timestamp,
        /// What.
        amount: Amount,
    },
    /// What the first run drops.
    FirstRunDrops {
        /// When.
        at: Timestamp,
        /// What.
        amount: Amount,
        /// Where the oldest chunk begins that is kept.
        oldest_kept: Option<TimePoint>,
    },
}

impl Effect {
    /// In a sentence or two.
    pub fn sentence(&self) -> String {
        match self {
            Self::ChunkInterval { to, old_chunks } => format!(
                "New chunks span {to}; the {} there are keep their length.",
                counted(*old_chunks, "chunk", "chunks")
            ),
            Self::NewJob {
                kind, paused: true, ..
            } => format!(
                "{} gets a new job, with a number of its own and no statistics. It is paused.",
                kind.title()
            ),
            Self::NewJob {
                kind,
                first_start,
                every,
                ..
            } => format!(
                "{} gets a new job, with a number of its own and no statistics. It runs first at {} UTC, then every \
                 {every}.",
                kind.title(),
                minute(*first_start)
            ),
            Self::JobRemoved { kind, job_id } => format!(
                "{} stops: job {job_id} is removed with its statistics. Undoing makes a new job.",
                kind.title()
            ),
            Self::JobKept {
                kind,
                job_id,
                next_start,
                moved,
            } => {
                let (what, next) = (kind.title(), next_start_in_words(*next_start));
                if *moved {
                    format!("{what} keeps its job {job_id} and its statistics. Its next start moves: {next}.")
                } else {
                    format!("{what} keeps its job {job_id}, its statistics and its next start: {next}.")
                }
            }
            Self::CompressionEnabled => "Chunks may be compressed from now on.".to_owned(),
            Self::CompressionDisabled => {
                "Compression is off, and its settings are forgotten by the server.".to_owned()
            }
            Self::CompressionSettings => "What is compressed from now on gets the new settings.".to_owned(),
            Self::ConsoleDrops { next_start, every } => format!(
                "The console itself drops what is due, because the edition has no jobs: first at {} UTC, then every \
                 {every}, as long as it runs.",
                minute(*next_start)
            ),
            Self::ConsoleKeeps => "The console drops nothing of this table any more.".to_owned(),
            Self::FirstRunCompresses { at, amount } => format!(
                "The run at {} UTC compresses {} ({}){}.",
                minute(*at),
                counted(amount.chunks, "chunk", "chunks"),
                bytes(amount.bytes),
                amount
                    .freed_bytes
                    .map_or_else(String::new, |freed| format!(" and frees about {}", bytes(freed)))
            ),
            Self::FirstRunDrops {
                at,
                amount,
                oldest_kept,
            } => format!(
                "The run at {} UTC drops {}: {} and about {} rows are gone. {}",
                minute(*at),
                counted(amount.chunks, "chunk", "chunks"),
                bytes(amount.bytes),
                thousands(amount.rows),
                match oldest_kept {
                    Some(TimePoint::Moment(at)) =>
                        format!("The oldest chunk that is kept begins at {} UTC.", minute(*at)),
                    Some(TimePoint::Number(number)) =>
                        format!("The oldest chunk that is kept begins at {number}."),
                    None => "No chunk is kept.".to_owned(),
                }
            ),
        }
    }
}

fn next_start_in_words(next_start: NextStart) -> String {
    match next_start {
        NextStart::At(at) => format!("{} UTC", minute(at)),
        NextStart::NotYet => "as soon as there is a worker".to_owned(),
        NextStart::RunningOrStuck => "it runs now".to_owned(),
        NextStart::Never => "none while it is paused".to_owned(),
    }
}
