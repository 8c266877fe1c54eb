//! What the collector read at one moment: immutable, shared by every page, API answer and metric.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::hypertable::{Chunk, Hypertable};

/// What the loaded TimescaleDB offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// Every feature (`timescaledb.license = timescale`).
    Community,
    /// No compression and no background policies (`timescaledb.license = apache`).
    Apache,
}

impl Edition {
    /// As people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Community => "Community",
            Self::Apache => "Apache",
        }
    }
}

/// Facts of the server and of the database as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFacts {
    /// PostgreSQL's version, for example `17.11`.
    pub postgres_version: String,
    /// The version of the extension that is loaded, for example `2.19.3`.
    pub timescaledb_version: String,
    /// Its edition.
    pub edition: Edition,
    /// The database's own name (not the console's name for it).
    pub database: String,
    /// The role the collector reads as.
    pub role: String,
    /// When the server started; `None` where the database hides it.
    pub started_at: Option<Timestamp>,
    /// Size of the database on disk; `None` where the role may not know it.
    pub database_size_bytes: Option<u64>,
    /// Client connections to the whole server.
    pub connections: Connections,
}

/// Client connections against the server's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// Open client connections.
    pub open: u32,
    /// Of these, busy with a statement; `None` where the role may not see what others do (`pg_read_all_stats`).
    pub active: Option<u32>,
    /// `max_connections`.
    pub max: u32,
}

/// One reading of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When the reading ended, by the console's clock.
    pub collected_at: Timestamp,
    /// How long the reading took, in milliseconds.
    pub duration_ms: u64,
    /// Server and database.
    pub server: ServerFacts,
    /// Every hypertable the role can see, by schema and name.
    pub hypertables: Vec<Hypertable>,
    /// The chunks of each of them, in the same order.
    pub chunks: Vec<HypertableChunks>,
}

/// The chunks of one hypertable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HypertableChunks {
    /// Schema of the hypertable.
    pub schema: String,
    /// Name of the hypertable.
    pub table: String,
    /// Its chunks, by their place on the time axis.
    pub chunks: Vec<Chunk>,
}

/// Sums over all hypertables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Hypertables.
    pub hypertables: u64,
    /// Chunks.
    pub chunks: u64,
    /// Compressed chunks.
    pub compressed_chunks: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes the compressed chunks had before.
    pub before_bytes: u64,
    /// Bytes they had straight after.
    pub after_bytes: u64,
    /// Whether every one of the figures is exact.
    pub exact: bool,
}

impl Snapshot {
    /// Sums over all hypertables.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            exact: true,
            ..Totals::default()
        };
        for table in &self.hypertables {
            totals.hypertables += 1;
            totals.chunks += table.chunks;
            totals.compressed_chunks += table.compressed_chunks;
            totals.rows += table.rows;
            totals.bytes += table.size.total_bytes();
            totals.before_bytes += table.compression.map_or(0, |c| c.before_bytes);
            totals.after_bytes += table.compression.map_or(0, |c| c.after_bytes);
            totals.exact &= table.exactness == crate::hypertable::Exactness::Exact;
        }
        totals
    }
}
