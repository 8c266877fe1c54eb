//! Continuous aggregates.

use serde::{Deserialize, Serialize};

use crate::hypertable::{TimePoint, TimeSpan};
use crate::table_name::TableName;

/// A continuous aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContinuousAggregate {
    /// The view people read.
    pub view: TableName,
    /// Its owner.
    pub owner: String,
    /// What it aggregates: a hypertable, or the materialization of another continuous aggregate.
    pub source: TableName,
    /// The hypertable its results lie in.
    pub materialization: TableName,
    /// Whether the view leaves out what is not materialized yet.
    pub materialized_only: bool,
    /// Whether its materialization may be compressed.
    pub compression_enabled: bool,
    /// `false` for the old form, which newer versions do not read.
    pub finalized: bool,
    /// Width of a bucket; `None` where it is not a plain one.
    pub bucket_width: Option<TimeSpan>,
    /// End of the newest materialized bucket; `None` while there is none.
    pub watermark: Option<TimePoint>,
    /// The policies that refresh it; newer versions allow several, each with a window of its own.
    pub refresh: Vec<RefreshPolicy>,
}

/// The window a refresh policy keeps up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshPolicy {
    /// Number of its job.
    pub job_id: i32,
    /// The window begins this long before now; `None` for the beginning of time.
    pub start_offset: Option<TimeSpan>,
    /// The window ends this long before now; `None` for the end of time.
    pub end_offset: Option<TimeSpan>,
}
