//! What the Overview shows: a part for everybody, and a part for those who may see details.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attention::{Attention, MOST_LISTED, attention};
use crate::database::DatabaseName;
use crate::hypertable::Hypertable;
use crate::hypertable_list::TableLight;
use crate::ingest::IngestRate;
use crate::judgement::{Judgement, Light};
use crate::observation::{Health, Observation};
use crate::problem::{Problem, ProblemKind};
use crate::quantity::age_ms;
use crate::reading::Seen;
use crate::snapshot::{Connections, Edition, Snapshot, Totals};
use crate::visible::Visible;

/// How many of the largest hypertables the Overview lists.
pub const TOP_HYPERTABLES: usize = 8;

/// Counts that name nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Hypertables, those of continuous aggregates left out.
    pub hypertables: u64,
    /// Continuous aggregates.
    pub continuous_aggregates: u64,
    /// Chunks.
    pub chunks: u64,
    /// Compressed chunks.
    pub compressed_chunks: u64,
}

/// All that a viewer may learn: no table or job names, no reasons, no errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseStatus {
    /// The console's name for the database.
    pub database: DatabaseName,
    /// Whether the figures can be relied on.
    pub health: Health,
    /// Whether the database has the extension; `None` while it cannot be asked.
    pub extension_installed: Option<bool>,
    /// Age of the figures when the server answered; `None` before the first reading.
    pub freshness: Option<Freshness>,
    /// The figures; `None` before the first reading.
    pub figures: Option<StatusFigures>,
}

/// When a snapshot was taken, and how old it was when the server answered. The age is sent along because the
/// browser's clock may differ from the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// When the reading ended.
    pub collected_at: Timestamp,
    /// Its age in milliseconds.
    pub age_ms: u64,
}

/// The figures of [`DatabaseStatus`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusFigures {
    /// The loaded extension's version.
    pub timescaledb_version: String,
    /// Its edition.
    pub edition: Edition,
    /// PostgreSQL's version.
    pub postgres_version: String,
    /// Size of the database; `None` where it is not visible to the console's role.
    pub database_size_bytes: Option<u64>,
    /// Client connections.
    pub connections: Connections,
    /// Background workers.
    pub workers: WorkerFigures,
    /// Counts.
    pub counts: Counts,
}

/// Background workers, of all databases together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerFigures {
    /// `timescaledb.max_background_workers`.
    pub limit: u32,
    /// Schedulers and jobs that run; `None` where the role may not see them.
    pub running: Option<u32>,
}

/// What those who may see details get beside the status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverviewDetails {
    /// Why readings fail now; `None` while they succeed.
    pub problem: Option<ProblemReport>,
    /// Sums over all hypertables; `None` before the first reading.
    pub totals: Option<Totals>,
    /// The largest hypertables, largest first, at most [`TOP_HYPERTABLES`].
    pub largest: Vec<Hypertable>,
    /// Whether the policies of each of them do their work.
    pub lights: Vec<TableLight>,
    /// What needs attention, the gravest first, at most [`MOST_LISTED`].
    pub attention: Vec<Attention>,
    /// How many things need attention.
    pub attention_total: u64,
    /// Rows that came in a second, into all tables; `None` where that cannot be told.
    pub ingest_rows_per_second: Option<f64>,
    /// Jobs that are as they should be, and all that were judged.
    pub jobs: JobCounts,
    /// How long the last reading took, in milliseconds.
    pub reading_ms: Option<u64>,
    /// The role the collector reads as.
    pub collector_role: Option<String>,
    /// How long the server has been up, in milliseconds.
    pub uptime_ms: Option<u64>,
}

/// Jobs by how they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JobCounts {
    /// On time.
    pub healthy: u64,
    /// All that were judged.
    pub all: u64,
}

/// A problem and how long it has lasted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemReport {
    /// The newest failure.
    pub problem: Problem,
    /// When the first failure of this run was seen.
    pub since: Timestamp,
    /// How long ago that was, in milliseconds.
    pub lasting_ms: u64,
}

/// The Overview page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// For everybody.
    pub status: DatabaseStatus,
    /// `None` for those who may see status only.
    pub details: Option<OverviewDetails>,
}

impl Freshness {
    /// Of a snapshot's hypertables and chunks, which are read less often than the rest.
    pub fn of_sizes(snapshot: &Snapshot, now: Timestamp) -> Self {
        Self {
            collected_at: snapshot.sizes_collected_at,
            age_ms: age_ms(now, snapshot.sizes_collected_at),
        }
    }

    /// Of a snapshot, at this moment.
    pub fn of(snapshot: &Snapshot, now: Timestamp) -> Self {
        Self {
            collected_at: snapshot.collected_at,
            age_ms: age_ms(now, snapshot.collected_at),
        }
    }
}

impl DatabaseStatus {
    /// What everybody may know of an observation.
    pub fn of(database: &DatabaseName, observation: &Observation, now: Timestamp) -> Self {
        let snapshot = observation.snapshot.as_deref();
        Self {
            database: database.clone(),
            health: observation.health(),
            extension_installed: match &observation.failing {
                Some(failing) => (failing.problem.kind == ProblemKind::ExtensionMissing).then_some(false),
                None => snapshot.map(|_| true),
            },
            freshness: snapshot.map(|snapshot| Freshness::of(snapshot, now)),
            figures: snapshot.map(|snapshot| {
                let totals = snapshot.totals();
                StatusFigures {
                    timescaledb_version: snapshot.server.timescaledb_version.clone(),
                    edition: snapshot.server.edition,
                    postgres_version: snapshot.server.postgres_version.clone(),
                    database_size_bytes: snapshot.server.database_size_bytes,
                    connections: snapshot.server.connections,
                    workers: WorkerFigures {
                        limit: snapshot.health.workers.timescaledb_limit,
                        running: match snapshot.health.workers.running {
                            Visible::Shown(running) => Some(running.schedulers + running.jobs),
                            Visible::Hidden(_) => None,
                        },
                    },
                    counts: Counts {
                        hypertables: totals.hypertables,
                        continuous_aggregates: totals.continuous_aggregates,
                        chunks: totals.chunks,
                        compressed_chunks: totals.compressed_chunks,
                    },
                }
            }),
        }
    }
}

impl ProblemReport {
    /// Of an observation; `None` while readings succeed.
    pub fn of(observation: &Observation, now: Timestamp) -> Option<Self> {
        observation.failing.as_ref().map(|failing| Self {
            problem: failing.problem.clone(),
            since: failing.since,
            lasting_ms: age_ms(now, failing.since),
        })
    }
}

impl OverviewDetails {
    /// What those who may see details get.
    pub fn of(observation: &Observation, now: Timestamp) -> Self {
        let snapshot = observation.snapshot.as_deref();
        let seen = snapshot.map(|snapshot| Seen {
            snapshot,
            judgement: &observation.judgement,
            now,
        });
        let mut largest: Vec<&Hypertable> = snapshot.iter().flat_map(|s| s.hypertables.iter()).collect();
        largest.sort_by_key(|table| std::cmp::Reverse(table.size.total_bytes()));
        largest.truncate(TOP_HYPERTABLES);
        let mut attention = seen.map(attention).unwrap_or_default();
        let attention_total = attention.len() as u64;
        attention.truncate(MOST_LISTED);
        Self {
            problem: ProblemReport::of(observation, now),
            totals: snapshot.map(Snapshot::totals),
            lights: seen
                .map(|seen| {
                    largest
                        .iter()
                        .map(|table| TableLight::of(seen, &table.table_name()))
                        .collect()
                })
                .unwrap_or_default(),
            largest: largest.into_iter().cloned().collect(),
            attention,
            attention_total,
            ingest_rows_per_second: snapshot.and_then(ingest_rows_per_second),
            jobs: JobCounts::of(&observation.judgement),
            reading_ms: snapshot.map(|s| s.duration_ms),
            collector_role: snapshot.map(|s| s.server.role.clone()),
            uptime_ms: snapshot
                .and_then(|s| s.server.started_at)
                .map(|started_at| age_ms(now, started_at)),
        }
    }
}

/// The sum over all tables, where it can be told of one at least.
fn ingest_rows_per_second(snapshot: &Snapshot) -> Option<f64> {
    snapshot
        .hypertables
        .iter()
        .filter_map(|table| table.ingest)
        .map(IngestRate::rows_per_second)
        .reduce(|a, b| a + b)
}

impl JobCounts {
    fn of(judgement: &Judgement) -> Self {
        let policies = judgement.tables().iter().flat_map(|table| &table.policies);
        policies
            .chain(judgement.other_jobs())
            .fold(Self::default(), |counts, policy| Self {
                healthy: counts.healthy + u64::from(policy.light == Light::OnTime),
                all: counts.all + 1,
            })
    }
}
