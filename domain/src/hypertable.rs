//! A hypertable as the collector saw it.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chunk_status::ChunkStatus;
use crate::compression_settings::CompressionSettings;
use crate::dimension::Dimension;
use crate::ingest::IngestRate;
use crate::interval::Interval;
use crate::table_name::TableName;
use crate::visible::Visible;

/// How far a figure can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exactness {
    /// Nothing changed since VACUUM (ANALYZE) wrote the statistics it was read from.
    Exact,
    /// Read from statistics that may lag behind; shown with ≈.
    #[default]
    Approximate,
}

/// Bytes on disk, chunks and their compressed siblings included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TableSize {
    /// Heap with its free-space and visibility maps.
    pub heap_bytes: u64,
    /// Indexes.
    pub index_bytes: u64,
    /// TOAST tables with their indexes.
    pub toast_bytes: u64,
}

impl TableSize {
    /// All of it, as `hypertable_detailed_size` totals it.
    pub fn total_bytes(self) -> u64 {
        self.heap_bytes + self.index_bytes + self.toast_bytes
    }
}

/// What compression did to the chunks that are compressed: a picture of the moment each was compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompressionTotals {
    /// Bytes those chunks had before.
    pub before_bytes: u64,
    /// Bytes they had straight after.
    pub after_bytes: u64,
}

/// A place on a hypertable's time axis, which is a moment or, for integer time, a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimePoint {
    /// A moment.
    Moment(Timestamp),
    /// A value of an integer time column, in the table's own unit.
    Number(i64),
}

/// A length on a hypertable's time axis.
#[derive(Debug, Clone, Copy, PartialEq, Hash, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSpan {
    /// A span of time.
    Interval(Interval),
    /// A difference of integer time values, in the table's own unit.
    Number(i64),
}

impl TimeSpan {
    /// For sorting spans of one kind: microseconds, or the number itself.
    pub fn sort_key(self) -> i64 {
        match self {
            Self::Interval(interval) => interval.approximate_microseconds(),
            Self::Number(number) => number,
        }
    }
}

impl std::fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Interval(interval) => interval.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// The part of the time axis that has chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRange {
    /// Where the oldest chunk begins (inclusive).
    pub start: TimePoint,
    /// Where the newest chunk ends (exclusive).
    pub end: TimePoint,
}

/// One chunk of a hypertable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Chunk {
    /// Schema of the chunk's own table.
    pub schema: String,
    /// Name of the chunk's own table.
    pub name: String,
    /// Its part of the time axis; `None` where an end of it is open.
    pub range: Option<ChunkRange>,
    /// Bytes on disk, the compressed sibling included.
    pub size: TableSize,
    /// Rows, compressed ones included.
    pub rows: u64,
    /// Whether `size` and `rows` are exact.
    pub exactness: Exactness,
    /// Whether it is compressed, wholly or in part.
    pub is_compressed: bool,
    /// Bytes before and straight after; `None` while it is not compressed.
    pub compression: Option<CompressionTotals>,
    /// The catalog's status bits.
    pub status: ChunkStatus,
    /// When it was created; `None` where the catalog does not say.
    pub created_at: Option<Timestamp>,
    /// What it was compressed with, where the table would compress it otherwise now.
    pub compressed_with: Option<Box<CompressionSettings>>,
}

/// One hypertable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hypertable {
    /// Schema name.
    pub schema: String,
    /// Table name.
    pub name: String,
    /// The role that owns it: policies and jobs run as this role.
    pub owner: String,
    /// Column of the first (time) dimension.
    pub time_column: String,
    /// Type of that column, as the database names it.
    pub time_type: String,
    /// Every dimension, the time dimension first.
    pub dimensions: Vec<Dimension>,
    /// Length of the chunks to be created from now on; `None` where the dimension has no fixed one.
    pub chunk_interval: Option<TimeSpan>,
    /// Covered part of the time axis; `None` while there is no chunk.
    pub range: Option<ChunkRange>,
    /// Chunks there are.
    pub chunks: u64,
    /// How many of them are compressed.
    pub compressed_chunks: u64,
    /// Bytes on disk.
    pub size: TableSize,
    /// Rows, those in compressed chunks included.
    pub rows: u64,
    /// Whether `size` and `rows` are exact.
    pub exactness: Exactness,
    /// Whether compression (columnstore) is enabled.
    pub compression_enabled: bool,
    /// Bytes before and after; `None` while nothing is compressed.
    pub compression: Option<CompressionTotals>,
    /// Age at which the compression policy compresses a chunk; `None` without such a policy.
    pub compress_after: Option<TimeSpan>,
    /// Age at which the retention policy drops a chunk; `None` without such a policy.
    pub drop_after: Option<TimeSpan>,
    /// Tablespaces that were attached to it, for its chunks to be spread over; empty for the default.
    pub tablespaces: Vec<String>,
    /// The continuous aggregate whose results lie in it.
    pub materializes: Option<TableName>,
    /// How the next chunks are compressed; `None` while compression is not enabled.
    pub compression_settings: Option<CompressionSettings>,
    /// Compressed chunks that were compressed with other settings than these.
    pub chunks_with_other_settings: u64,
    /// Bytes the compressed chunks have now, beside what [`CompressionTotals`] says of the moment they were compressed.
    pub compressed_bytes: u64,
    /// Rows that came in between the last two readings; `None` where that cannot be told.
    pub ingest: Option<IngestRate>,
    /// What now is on an integer time axis; `None` elsewhere, and where no `integer_now_func` is set.
    pub integer_now: Option<Visible<i64>>,
}

impl Hypertable {
    /// Its schema and name.
    pub fn table_name(&self) -> TableName {
        TableName::new(&self.schema, &self.name)
    }

    /// `name`, or `schema.name` outside the schema `public`; of a continuous aggregate the name of its view.
    pub fn display_name(&self) -> String {
        match &self.materializes {
            Some(view) => view.to_string(),
            None => self.table_name().to_string(),
        }
    }
}
