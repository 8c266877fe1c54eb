//! What the collector read at one moment: immutable, shared by every page, API answer and metric.

use std::sync::Arc;

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::activity::Activity;
use crate::continuous_aggregate::ContinuousAggregate;
use crate::hypertable::{Chunk, Hypertable};
use crate::job::Job;
use crate::server_health::ServerHealth;
use crate::table_name::TableName;

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
    /// Of these, the consoles' own to this database.
    pub console: u32,
    /// `max_connections`.
    pub max: u32,
}

/// What is known of one database. Fast facts (server, activity, jobs, continuous aggregates) are read on every beat;
/// sizes (hypertables and chunks) on a slower one, and shared by the snapshots in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// When the fast facts were read, by the console's clock.
    pub collected_at: Timestamp,
    /// How long the last reading took, in milliseconds.
    pub duration_ms: u64,
    /// When hypertables and chunks were read.
    pub sizes_collected_at: Timestamp,
    /// How long that took, in milliseconds.
    pub sizes_duration_ms: u64,
    /// Server and database.
    pub server: ServerFacts,
    /// Workers, cache, transaction ids, replication slots.
    pub health: ServerHealth,
    /// Locks and long transactions.
    pub activity: Activity,
    /// Background jobs, by number.
    pub jobs: Vec<Job>,
    /// Continuous aggregates, by schema and name.
    pub continuous_aggregates: Vec<ContinuousAggregate>,
    /// Every hypertable the role can see, by schema and name, those of continuous aggregates included.
    pub hypertables: Arc<Vec<Hypertable>>,
    /// The chunks of each of them, in the same order.
    pub chunks: Arc<Vec<HypertableChunks>>,
}

/// The chunks of one hypertable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    /// Hypertables, those of continuous aggregates left out.
    pub hypertables: u64,
    /// Hypertables in which the results of continuous aggregates lie.
    pub continuous_aggregates: u64,
    /// Chunks, those of continuous aggregates included.
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
    /// Whether its hypertables and chunks are those that were read for another: they were not read anew in between.
    pub fn has_sizes_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.hypertables, &other.hypertables) && Arc::ptr_eq(&self.chunks, &other.chunks)
    }

    /// A hypertable by schema and name.
    pub fn hypertable(&self, table: &TableName) -> Option<&Hypertable> {
        self.hypertables
            .iter()
            .find(|of| of.schema == table.schema && of.name == table.name)
    }

    /// The chunks of a hypertable, by their place on the time axis.
    pub fn chunks_of(&self, table: &TableName) -> &[Chunk] {
        self.chunks
            .iter()
            .find(|of| of.schema == table.schema && of.table == table.name)
            .map_or(&[], |of| of.chunks.as_slice())
    }

    /// Sums over all hypertables.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            exact: true,
            ..Totals::default()
        };
        for table in self.hypertables.iter() {
            totals.hypertables += u64::from(table.materializes.is_none());
            totals.continuous_aggregates += u64::from(table.materializes.is_some());
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

/// A snapshot for tests to fill.
#[cfg(test)]
pub(crate) mod example {
    use super::*;
    use crate::server_health::{BackgroundWorkers, CacheReads, TransactionIds};
    use crate::visible::{Hidden, Visible};

    /// Of a Community server without a hypertable.
    pub(crate) fn empty() -> Snapshot {
        Snapshot {
            collected_at: Timestamp::UNIX_EPOCH,
            duration_ms: 1,
            sizes_collected_at: Timestamp::UNIX_EPOCH,
            sizes_duration_ms: 1,
            server: ServerFacts {
                postgres_version: "17.11".into(),
                timescaledb_version: "2.29.2".into(),
                edition: Edition::Community,
                database: "factory".into(),
                role: "tidemark".into(),
                started_at: None,
                database_size_bytes: None,
                connections: Connections {
                    open: 1,
                    active: None,
                    console: 1,
                    max: 100,
                },
            },
            health: ServerHealth {
                workers: BackgroundWorkers {
                    timescaledb_limit: 16,
                    server_limit: 40,
                    parallel_limit: 8,
                    running: Visible::Hidden(Hidden::OtherSessions),
                    databases: 1,
                    scheduled_jobs: 0,
                },
                cache: CacheReads::default(),
                recent_cache: None,
                statistics_reset_at: None,
                transaction_ids: TransactionIds {
                    age: 0,
                    multixact_age: 0,
                    forced_vacuum_age: 200_000_000,
                },
                replication_slots: Vec::new(),
                newer_version: None,
            },
            activity: Activity {
                waits: Vec::new(),
                long_transactions: Visible::Hidden(Hidden::OtherSessions),
                prepared_transactions: Vec::new(),
            },
            jobs: Vec::new(),
            continuous_aggregates: Vec::new(),
            hypertables: Arc::default(),
            chunks: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_the_same_until_they_are_read_anew() {
        let before = example::empty();
        let fast = Snapshot {
            collected_at: Timestamp::MAX,
            ..before.clone()
        };
        assert!(fast.has_sizes_of(&before));
        for anew in [
            Snapshot {
                chunks: Arc::default(),
                ..before.clone()
            },
            Snapshot {
                hypertables: Arc::default(),
                ..before.clone()
            },
        ] {
            assert!(!anew.has_sizes_of(&before));
        }
    }
}
