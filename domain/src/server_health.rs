//! How the server is: workers, cache, transaction ids, replication slots, extension versions.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::visible::Visible;

/// Facts of the server's health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerHealth {
    /// Background workers.
    pub workers: BackgroundWorkers,
    /// Reads of this database since its statistics were reset.
    pub cache: CacheReads,
    /// Reads since the reading before; `None` at the first reading and after a reset.
    pub recent_cache: Option<CacheReads>,
    /// When this database's statistics were last reset.
    pub statistics_reset_at: Option<Timestamp>,
    /// Age of the oldest transaction id and multixact of this database.
    pub transaction_ids: TransactionIds,
    /// Replication slots, the one that holds most WAL first.
    pub replication_slots: Vec<ReplicationSlot>,
    /// The newest version of the extension that is installed on the server, where it is newer than the loaded one.
    pub newer_version: Option<String>,
}

/// The budget of background workers and how much of it is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackgroundWorkers {
    /// `timescaledb.max_background_workers`: schedulers and jobs of all databases together.
    pub timescaledb_limit: u32,
    /// `max_worker_processes`: these, parallel queries and everybody else's.
    pub server_limit: u32,
    /// `max_parallel_workers`.
    pub parallel_limit: u32,
    /// What runs now.
    pub running: Visible<RunningWorkers>,
    /// Databases that can be connected to, templates left out: each with TimescaleDB has a scheduler.
    pub databases: u32,
    /// Jobs of this database that are scheduled.
    pub scheduled_jobs: u32,
}

impl BackgroundWorkers {
    /// Whether a job that is due finds no worker: all are in use, or schedulers take all there are.
    pub fn are_exhausted(&self) -> bool {
        match self.running {
            Visible::Shown(running) => {
                running.schedulers + running.jobs >= self.timescaledb_limit
                    || (self.timescaledb_limit <= running.schedulers && self.scheduled_jobs > 0)
            }
            Visible::Hidden(_) => self.timescaledb_limit <= 1 && self.scheduled_jobs > 0,
        }
    }
}

/// Background workers at one moment, in all databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningWorkers {
    /// TimescaleDB's schedulers, one for each database that has it.
    pub schedulers: u32,
    /// Jobs that run.
    pub jobs: u32,
    /// Workers of parallel queries.
    pub parallel: u32,
    /// Background workers altogether.
    pub all: u32,
}

/// Blocks that were found in the cache, and that were not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CacheReads {
    /// Found in shared buffers.
    pub hits: u64,
    /// Asked of the operating system.
    pub reads: u64,
}

impl CacheReads {
    /// Share that was found in the cache; `None` where nothing was read.
    pub fn hit_percent(self) -> Option<f64> {
        let all = self.hits + self.reads;
        #[expect(clippy::cast_precision_loss, reason = "a percentage with one decimal")]
        (all > 0).then(|| 100.0 * self.hits as f64 / all as f64)
    }

    /// What came since an earlier reading; `None` where the counters went back.
    pub fn since(self, earlier: Self) -> Option<Self> {
        Some(Self {
            hits: self.hits.checked_sub(earlier.hits)?,
            reads: self.reads.checked_sub(earlier.reads)?,
        })
    }
}

/// How far this database is from running out of transaction ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionIds {
    /// Age of the oldest transaction id that is not frozen.
    pub age: u64,
    /// Age of the oldest multixact.
    pub multixact_age: u64,
    /// `autovacuum_freeze_max_age`: from here on VACUUM is forced.
    pub forced_vacuum_age: u64,
}

impl TransactionIds {
    /// The age at which the server refuses to give out further ids.
    pub const LIMIT: u64 = 2_147_483_647 - 3_000_000;

    /// Share of the ids that is used up, by the older of the two.
    pub fn used_percent(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a percentage with one decimal")]
        {
            100.0 * self.age.max(self.multixact_age) as f64 / Self::LIMIT as f64
        }
    }
}

/// A replication slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicationSlot {
    /// Its name.
    pub name: String,
    /// `physical` or `logical`.
    pub kind: String,
    /// Whether somebody reads from it.
    pub active: bool,
    /// WAL the server keeps for it, in bytes; `None` while it has none reserved.
    pub held_bytes: Option<u64>,
    /// `reserved`, `extended`, `unreserved` or `lost`; `None` while it has none reserved.
    pub wal_status: Option<String>,
}

/// Whether version `a` is newer than `b`, part by part as numbers; what is not a number counts as the end.
pub fn is_newer_version(a: &str, b: &str) -> bool {
    let parts = |version: &str| -> Vec<u32> {
        version
            .split(['.', '-'])
            .map_while(|part| part.parse().ok())
            .collect()
    };
    parts(a) > parts(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_newer_version("2.29.2", "2.9.3"));
        assert!(is_newer_version("2.20.0", "2.19.3"));
        assert!(!is_newer_version("2.19.3", "2.19.3"));
        assert!(!is_newer_version("2.19.3", "2.29.2"));
        assert!(!is_newer_version("2.30.0-dev", "2.30.0"));
    }

    #[test]
    fn counters_that_went_back_say_nothing() {
        let read = |hits, reads| CacheReads { hits, reads };
        assert_eq!(read(300, 100).since(read(100, 50)), Some(read(200, 50)));
        assert_eq!(read(3, 1).since(read(100, 50)), None);
        assert_eq!(read(0, 0).hit_percent(), None);
        assert_eq!(read(3, 1).hit_percent(), Some(75.0));
    }

    #[test]
    fn ids_are_used_up_by_the_older_of_the_two() {
        let ids = TransactionIds {
            age: 10,
            multixact_age: TransactionIds::LIMIT / 2,
            forced_vacuum_age: 200_000_000,
        };
        assert!((ids.used_percent() - 50.0).abs() < 0.01);
    }
}
