//! What somebody does to chunks, continuous aggregates and jobs by hand, who may, and what comes of it.

mod preview;
mod progress;

use serde::{Deserialize, Serialize};

use crate::audit;
use crate::hypertable::{TimePoint, TimeSpan};
use crate::job::{Job, JobKind};
use crate::policy::parse_interval;
use crate::role::Permission;
use crate::table_name::TableName;
use crate::time_axis::TimeAxis;
use crate::timestamp::Timestamp;

pub use self::preview::{ActionPreview, ActionTotals, ActionWarning, Skip, TargetPreview};
pub use self::progress::{ActionOutcome, ActionRun, TargetCounts, TargetRun, TargetState};

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// Compresses chunks that are not, or not wholly.
    Compress,
    /// Takes compression of chunks back.
    Decompress,
    /// Compresses chunks anew that later rows came into, or whose settings are not the table's any more.
    Recompress,
    /// Drops the chunks of tables that end before a point.
    DropOlderThan {
        /// An age (`90 days`), a moment (`2026-08-01T00:00:00Z`), or on integer time a value; see [`OlderThan::parse`].
        older_than: String,
    },
    /// Drops selected chunks.
    Drop,
    /// Keeps anything from changing chunks.
    Freeze,
    /// Lets chunks be changed again.
    Unfreeze,
    /// Refreshes continuous aggregates over a range.
    Refresh {
        /// Where it begins: a moment, or a value; empty for the beginning of time.
        from: String,
        /// Where it ends; empty for the end of time.
        to: String,
    },
    /// Runs jobs now, in a session of the console's.
    RunJob,
    /// Keeps jobs from being started.
    PauseJob,
    /// Lets jobs be started again.
    ResumeJob,
    /// Has jobs start next at a moment.
    RescheduleJob {
        /// The moment.
        next_start: Timestamp,
    },
}

/// What it is done to. A table stands for all its chunks that the action fits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionTarget {
    /// One chunk.
    Chunk {
        /// The hypertable it belongs to.
        table: TableName,
        /// Its own table.
        chunk: TableName,
    },
    /// A hypertable.
    Table(TableName),
    /// A continuous aggregate, by its view.
    Aggregate(TableName),
    /// A job.
    Job(i32),
}

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRequest {
    /// What is to be done.
    pub action: Action,
    /// To what.
    pub targets: Vec<ActionTarget>,
}

/// A target that cannot have this done to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitRequest {
    /// Nothing was selected.
    #[error("Nothing is selected. Select what is to be done to.")]
    Nothing,
    /// A chunk where a job is wanted, and the like.
    #[error("{0} cannot be done to what is selected. Select {1}.")]
    WrongTarget(&'static str, &'static str),
    /// There is no such job.
    #[error("There is no job {0} any more. Look at the list of jobs again.")]
    UnknownJob(i32),
}

impl Action {
    /// As it begins a sentence.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Compress => "Compressing",
            Self::Decompress => "Decompressing",
            Self::Recompress => "Compressing anew",
            Self::DropOlderThan { .. } | Self::Drop => "Dropping",
            Self::Freeze => "Freezing",
            Self::Unfreeze => "Unfreezing",
            Self::Refresh { .. } => "Refreshing",
            Self::RunJob => "Running",
            Self::PauseJob => "Pausing",
            Self::ResumeJob => "Resuming",
            Self::RescheduleJob { .. } => "Rescheduling",
        }
    }

    /// What a button says.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Compress => "Compress",
            Self::Decompress => "Decompress",
            Self::Recompress => "Compress anew",
            Self::DropOlderThan { .. } | Self::Drop => "Drop",
            Self::Freeze => "Freeze",
            Self::Unfreeze => "Unfreeze",
            Self::Refresh { .. } => "Refresh",
            Self::RunJob => "Run now",
            Self::PauseJob => "Pause",
            Self::ResumeJob => "Resume",
            Self::RescheduleJob { .. } => "Reschedule",
        }
    }

    /// What the audit trail calls it.
    pub fn audited(&self) -> audit::Action {
        match self {
            Self::Compress => audit::Action::CompressChunks,
            Self::Decompress => audit::Action::DecompressChunks,
            Self::Recompress => audit::Action::RecompressChunks,
            Self::DropOlderThan { .. } | Self::Drop => audit::Action::DropChunks,
            Self::Freeze => audit::Action::FreezeChunks,
            Self::Unfreeze => audit::Action::UnfreezeChunks,
            Self::Refresh { .. } => audit::Action::RefreshAggregate,
            Self::RunJob => audit::Action::RunJob,
            Self::PauseJob => audit::Action::PauseJob,
            Self::ResumeJob => audit::Action::ResumeJob,
            Self::RescheduleJob { .. } => audit::Action::RescheduleJob,
        }
    }

    /// Whether it is done to jobs.
    pub fn is_on_jobs(&self) -> bool {
        matches!(
            self,
            Self::RunJob | Self::PauseJob | Self::ResumeJob | Self::RescheduleJob { .. }
        )
    }

    /// Whether data is gone afterwards.
    pub fn drops_data(&self) -> bool {
        matches!(self, Self::DropOlderThan { .. } | Self::Drop)
    }

    /// Whether only the Community edition has it.
    pub fn needs_community(&self) -> bool {
        !self.drops_data()
    }

    /// What it is done to, to ask for.
    fn wanted(&self) -> &'static str {
        match self {
            Self::DropOlderThan { .. } => "tables",
            Self::Drop => "chunks",
            Self::Refresh { .. } => "continuous aggregates",
            _ if self.is_on_jobs() => "jobs",
            _ => "chunks or tables",
        }
    }

    fn fits(&self, target: &ActionTarget) -> bool {
        match target {
            ActionTarget::Job(_) => self.is_on_jobs(),
            ActionTarget::Aggregate(_) => matches!(self, Self::Refresh { .. }),
            // A whole table is never dropped by selecting it.
            ActionTarget::Table(_) => {
                !self.is_on_jobs() && !matches!(self, Self::Refresh { .. } | Self::Drop)
            }
            ActionTarget::Chunk { .. } => {
                !self.is_on_jobs() && !matches!(self, Self::Refresh { .. } | Self::DropOlderThan { .. })
            }
        }
    }
}

impl ActionRequest {
    /// Checks that the targets are of the right kind.
    pub fn check(&self) -> Result<(), UnfitRequest> {
        if self.targets.is_empty() {
            return Err(UnfitRequest::Nothing);
        }
        if self.targets.iter().all(|target| self.action.fits(target)) {
            Ok(())
        } else {
            Err(UnfitRequest::WrongTarget(
                self.action.title(),
                self.action.wanted(),
            ))
        }
    }

    /// What whoever asks for it must be allowed, by the jobs as they are. Running, pausing and resuming what is routine
    /// (compression, reordering, refreshing) is operating; everything else is changing.
    pub fn permission(&self, jobs: &[Job]) -> Result<Permission, UnfitRequest> {
        self.check()?;
        if matches!(self.action, Action::Refresh { .. }) {
            return Ok(Permission::OperateJobs);
        }
        if !self.action.is_on_jobs() {
            return Ok(Permission::ChangePolicies);
        }
        let mut permission = match self.action {
            Action::RescheduleJob { .. } => Permission::ChangePolicies,
            _ => Permission::OperateJobs,
        };
        for target in &self.targets {
            let ActionTarget::Job(id) = target else { continue };
            let job = jobs
                .iter()
                .find(|job| job.id == *id)
                .ok_or(UnfitRequest::UnknownJob(*id))?;
            if !is_routine(job.kind) {
                permission = Permission::ChangePolicies;
            }
        }
        Ok(permission)
    }
}

/// Whether operators may run and pause jobs of this kind.
pub fn is_routine(kind: JobKind) -> bool {
    matches!(kind, JobKind::Compression | JobKind::Reorder | JobKind::Refresh)
}

/// What "older than" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OlderThan {
    /// An age, counted back from now.
    Age(TimeSpan),
    /// A place on the time axis.
    Before(TimePoint),
}

impl OlderThan {
    /// Reads it for a table's axis. Where time is a number, a number is a value of the axis, as `drop_chunks` takes it. The
    /// error says what would be right.
    pub fn parse(text: &str, axis: TimeAxis) -> Result<Self, String> {
        let text = text.trim();
        if axis == TimeAxis::Numbers {
            return point(text, axis).map(Self::Before);
        }
        if text.starts_with(|c: char| c.is_ascii_digit())
            && text.contains('-')
            && let Ok(at) = point(text, axis)
        {
            return Ok(Self::Before(at));
        }
        let interval = parse_interval(text)?;
        if interval.is_positive() {
            Ok(Self::Age(TimeSpan::Interval(interval)))
        } else {
            Err(format!(
                "{text:?} is not longer than nothing; write for example \"90 days\""
            ))
        }
    }
}

/// A place on an axis, as people write it: `2026-11-23`, `2026-11-23T08:30`, `2026-11-23T08:30:00Z`, or a number. The error
/// says what would be right.
pub fn point(text: &str, axis: TimeAxis) -> Result<TimePoint, String> {
    let text = text.trim();
    match axis {
        TimeAxis::Numbers => text
            .replace(['_', ','], "")
            .parse()
            .map(TimePoint::Number)
            .map_err(|_| format!("{text:?} is not a number; this table's time is one")),
        TimeAxis::Moments => [
            text.to_owned(),
            format!("{text}Z"),
            format!("{text}:00Z"),
            format!("{text}T00:00:00Z"),
        ]
        .iter()
        .find_map(|text| text.parse().ok())
        .map(TimePoint::Moment)
        .ok_or_else(|| format!("{text:?} is not a time in UTC; write for example \"2026-11-23T08:30\"")),
    }
}

/// `_hyper_1_2_chunk`, `metric_hist`, `job 1003`.
impl std::fmt::Display for ActionTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Chunk { chunk, .. } => f.write_str(&chunk.name),
            Self::Table(table) | Self::Aggregate(table) => table.fmt(f),
            Self::Job(id) => write!(f, "job {id}"),
        }
    }
}

#[cfg(test)]
mod tests;
