//! The dimensions a hypertable is cut along.

use serde::{Deserialize, Serialize};

use crate::hypertable::TimeSpan;

/// One dimension of a hypertable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimension {
    /// Its column.
    pub column: String,
    /// Type of the column, as the database names it.
    pub column_type: String,
    /// How the column is cut.
    pub kind: DimensionKind,
}

/// How a dimension is cut into chunks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DimensionKind {
    /// By ranges.
    Range {
        /// Length of the chunks to be created from now on.
        interval: TimeSpan,
        /// On integer time: the function that says what now is, as `schema.name`; `None` where none is set.
        now_function: Option<String>,
    },
    /// By the hash of the value.
    Hash {
        /// Number of partitions.
        partitions: u32,
    },
}
