//! What a person sets.

use serde::{Deserialize, Serialize};

use crate::compression_settings::CompressionSettings;
use crate::hypertable::TimeSpan;
use crate::interval::Interval;
use crate::job::JobKind;
use crate::policy::schedule::Schedule;
use crate::timestamp::Timestamp;

/// What a policy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// Compresses chunks of a certain age.
    Compression,
    /// Drops chunks of a certain age.
    Retention,
    /// Refreshes a continuous aggregate.
    Refresh,
}

impl PolicyKind {
    /// Every kind, in the order they are shown.
    pub const ALL: [Self; 3] = [Self::Compression, Self::Retention, Self::Refresh];

    /// As it stands within a sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compression => "compression",
            Self::Retention => "retention",
            Self::Refresh => "refresh",
        }
    }

    /// As it begins a sentence.
    pub fn title(self) -> &'static str {
        self.job_kind().as_str()
    }

    /// The kind of its job.
    pub fn job_kind(self) -> JobKind {
        match self {
            Self::Compression => JobKind::Compression,
            Self::Retention => JobKind::Retention,
            Self::Refresh => JobKind::Refresh,
        }
    }

    /// The procedure its job runs.
    pub fn procedure(self) -> &'static str {
        match self {
            Self::Compression => "policy_compression",
            Self::Retention => "policy_retention",
            Self::Refresh => "policy_refresh_continuous_aggregate",
        }
    }
}

/// The policy of one table, or of one continuous aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TablePolicy {
    /// Length of the chunks to be created from now on; `None` leaves it.
    pub chunk_interval: Option<TimeSpan>,
    /// Whether and how chunks are compressed.
    pub compression: Compression,
    /// When chunks are dropped; `None` keeps them for ever.
    pub retention: Option<AgePolicy>,
    /// What is refreshed, and when; only for continuous aggregates.
    pub refresh: Option<Refresh>,
}

/// Whether and how chunks are compressed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Not at all.
    #[default]
    Off,
    /// They may be.
    On {
        /// How.
        settings: CompressionSettings,
        /// When; `None` leaves it to people.
        policy: Option<AgePolicy>,
    },
}

impl Compression {
    /// When chunks are compressed by themselves.
    pub fn policy(&self) -> Option<&AgePolicy> {
        match self {
            Self::Off => None,
            Self::On { policy, .. } => policy.as_ref(),
        }
    }

    /// How; `None` where it is off.
    pub fn settings(&self) -> Option<&CompressionSettings> {
        match self {
            Self::Off => None,
            Self::On { settings, .. } => Some(settings),
        }
    }
}

/// What is done to chunks of a certain age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgePolicy {
    /// The age.
    pub threshold: Threshold,
    /// When its job runs.
    pub schedule: Schedule,
}

/// The age at which a chunk is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// Since its range ended, on the table's own time axis.
    After(TimeSpan),
    /// Since it was created, by the clock.
    CreatedBefore(Interval),
}

impl Threshold {
    /// The age, whatever it is counted from.
    pub fn span(self) -> TimeSpan {
        match self {
            Self::After(span) => span,
            Self::CreatedBefore(interval) => TimeSpan::Interval(interval),
        }
    }

    /// Whether at least what the other handles is handled, and maybe more; what cannot be compared is taken for more.
    pub(super) fn reaches_further_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::After(TimeSpan::Interval(this)), Self::After(TimeSpan::Interval(that)))
            | (Self::CreatedBefore(this), Self::CreatedBefore(that)) => this.may_be_shorter_than(that),
            (Self::After(TimeSpan::Number(this)), Self::After(TimeSpan::Number(that))) => this < that,
            _ => true,
        }
    }
}

/// `90 days`, or `90 days since the chunk was created`.
impl std::fmt::Display for Threshold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::After(span) => span.fmt(f),
            Self::CreatedBefore(interval) => write!(f, "{interval} since the chunk was created"),
        }
    }
}

/// The window a refresh policy keeps up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RefreshWindow {
    /// It begins this long before now; `None` for the beginning of time.
    pub start_offset: Option<TimeSpan>,
    /// It ends this long before now; `None` for the end of time.
    pub end_offset: Option<TimeSpan>,
}

/// The refresh policy of a continuous aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// What is refreshed.
    pub window: RefreshWindow,
    /// When its job runs.
    pub schedule: Schedule,
}

/// What a change is to lead to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Desired {
    /// The policy.
    pub policy: TablePolicy,
    /// When its jobs start next, where somebody says.
    pub next_starts: NextStarts,
}

/// When jobs start next. `None` keeps what there is, and lets a new job wait for an interval. A moment in the past means
/// the next one by the job's schedule that is not; the present means at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NextStarts {
    /// Of compression.
    pub compression: Option<Timestamp>,
    /// Of retention.
    pub retention: Option<Timestamp>,
    /// Of the refresh.
    pub refresh: Option<Timestamp>,
}

impl NextStarts {
    /// Of one kind.
    pub fn of(&self, kind: PolicyKind) -> Option<Timestamp> {
        match kind {
            PolicyKind::Compression => self.compression,
            PolicyKind::Retention => self.retention,
            PolicyKind::Refresh => self.refresh,
        }
    }

    pub(super) fn set(&mut self, kind: PolicyKind, at: Option<Timestamp>) {
        match kind {
            PolicyKind::Compression => self.compression = at,
            PolicyKind::Retention => self.retention = at,
            PolicyKind::Refresh => self.refresh = at,
        }
    }
}
