//! One reading: probe, fast facts and, when their turn has come, sizes, into a snapshot.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::activity::Activity;
use domain::continuous_aggregate::ContinuousAggregate;
use domain::hypertable::{Hypertable, TimeSpan};
use domain::job::{Job, JobKind};
use domain::problem::{Problem, ProblemKind};
use domain::server_health::{ServerHealth, is_newer_version};
use domain::snapshot::{Connections, Edition, ServerFacts, Snapshot};
use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, FromRow};
use tokio::time::Instant;

use super::activity::read_activity;
use super::connection::{ConnectionUrl, connect_for_reading};
use super::jobs::read_jobs;
use super::measure::RELATIONS_PER_SESSION;
use super::problem::problem_of;
use super::server::{CacheCounters, read_server};
use super::sizes::{Sizes, SizesMemory, read_sizes};
use crate::clock::SharedClock;

/// The first statement of a reading takes under a millisecond on a server that is there.
const PROBE_TIMEOUT: Duration = Duration::from_secs(4);

/// A whole reading is given up after this, whatever the server does: a server that vanished says nothing.
const READING_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads one database over one connection, which it opens, replaces and gives up by itself.
#[derive(Debug)]
pub struct Reader {
    url: ConnectionUrl,
    clock: SharedClock,
    session: Option<Session>,
    memory: SizesMemory,
    cache: Option<CacheCounters>,
    sizes: Option<Sizes>,
}

#[derive(Debug)]
struct Session {
    connection: PgConnection,
    relations_opened: usize,
}

/// How much a reading reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything.
    Everything,
    /// The fast facts; sizes only where none were ever read.
    Fast,
}

/// A reading that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Why.
    pub(crate) problem: Problem,
    /// Where it was the sizes alone that failed, and the database is there.
    pub(crate) without_sizes: Option<WithoutSizes>,
}

/// What came of a reading whose sizes failed.
#[derive(Debug)]
pub(crate) struct WithoutSizes {
    /// How long the sizes took to fail.
    pub(crate) took: Duration,
    /// The fast facts with the sizes of before; `None` where there were none.
    pub(crate) snapshot: Option<Box<Snapshot>>,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            without_sizes: None,
        }
    }
}

/// What is read on every beat.
struct Facts {
    probe: Probe,
    timescaledb_version: String,
    edition: Edition,
    collected_at: Timestamp,
    connections: Connections,
    health: ServerHealth,
    jobs: Vec<Job>,
    continuous_aggregates: Vec<ContinuousAggregate>,
    activity: Activity,
}

#[derive(FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "the columns of probe.sql")]
struct Probe {
    postgres_version: String,
    database: String,
    role: String,
    timescaledb_version: Option<String>,
    license: Option<String>,
    started_at_ms: Option<i64>,
    reads_all_stats: bool,
    has_compress_relid: bool,
    has_chunk_relid: bool,
    has_catalog_jobs: bool,
}

impl Reader {
    /// A reader that has not connected yet.
    pub fn new(url: ConnectionUrl, clock: SharedClock) -> Self {
        Self {
            url,
            clock,
            session: None,
            memory: SizesMemory::default(),
            cache: None,
            sizes: None,
        }
    }

    /// Reads everything. After a failure the connection is given up and the next reading opens a new one.
    pub async fn read(&mut self) -> Result<Snapshot, Problem> {
        let read = self.read_scope(Scope::Everything).await;
        read.map_err(|failure| failure.problem)
    }

    /// Reads; what was read before stays known whatever fails.
    pub(crate) async fn read_scope(&mut self, scope: Scope) -> Result<Snapshot, Failure> {
        let started = Instant::now();
        let deadline = started + READING_TIMEOUT;
        // Taken out: a reading that fails, or is dropped half-way, leaves no half-used session behind.
        let session = self.session.take();
        let (mut session, facts) = in_time(deadline, self.read_facts(session)).await?;

        let sizes_started = Instant::now();
        let sizes = match &self.sizes {
            Some(sizes) if scope == Scope::Fast => Ok(sizes.clone()),
            _ => in_time(deadline, self.read_sizes(&mut session, &facts)).await,
        };
        match sizes {
            Ok(sizes) => {
                let snapshot = self.assemble(facts, sizes, started);
                self.put_back(session).await;
                Ok(snapshot)
            }
            Err(problem) => {
                let took = sizes_started.elapsed();
                drop(session);
                // A database that is gone fails here, too: only one that is there has a trouble with sizes.
                self.session = Some(in_time(Instant::now() + READING_TIMEOUT, connect(&self.url)).await?);
                let sizes = self.sizes.clone();
                Err(Failure {
                    problem: Problem {
                        detail: format!("reading tables and sizes: {}", problem.detail),
                        ..problem
                    },
                    without_sizes: Some(WithoutSizes {
                        took,
                        snapshot: sizes.map(|sizes| Box::new(self.assemble(facts, sizes, started))),
                    }),
                })
            }
        }
    }

    async fn put_back(&mut self, session: Session) {
        if session.relations_opened < RELATIONS_PER_SESSION {
            self.session = Some(session);
        } else if let Err(error) = session.connection.close().await {
            tracing::debug!(%error, "closing a used-up session failed; the server ends it by itself");
        }
    }

    async fn read_facts(&mut self, session: Option<Session>) -> Result<(Session, Facts), Problem> {
        let mut session = match session {
            Some(session) => session,
            None => connect(&self.url).await?,
        };
        let refused = |error: sqlx::Error| problem_of(&error);
        let probe = probe(&mut session.connection).await?;
        let (timescaledb_version, edition) = extension(&probe)?;

        let mut transaction = session
            .connection
            .begin_with("begin transaction isolation level repeatable read read only")
            .await
            .map_err(refused)?;
        let (connections, health) = read_server(&mut transaction, probe.reads_all_stats, &mut self.cache)
            .await
            .map_err(refused)?;
        let (jobs, continuous_aggregates) = read_jobs(&mut transaction, probe.has_catalog_jobs)
            .await
            .map_err(refused)?;
        let activity = read_activity(&mut transaction, probe.reads_all_stats)
            .await
            .map_err(refused)?;
        transaction.commit().await.map_err(refused)?;
        let facts = Facts {
            probe,
            timescaledb_version,
            edition,
            collected_at: self.clock.now(),
            connections,
            health,
            jobs,
            continuous_aggregates,
            activity,
        };
        Ok((session, facts))
    }

    async fn read_sizes(&mut self, session: &mut Session, facts: &Facts) -> Result<Sizes, Problem> {
        let (sizes, opened) = read_sizes(
            &mut session.connection,
            facts.probe.has_chunk_relid,
            facts.health.statistics_reset_at,
            &self.clock,
            &mut self.memory,
        )
        .await?;
        session.relations_opened += opened;
        Ok(sizes)
    }

    /// Remembers the sizes as well.
    fn assemble(&mut self, facts: Facts, mut sizes: Sizes, started: Instant) -> Snapshot {
        let Facts {
            probe,
            timescaledb_version,
            edition,
            collected_at,
            connections,
            mut health,
            jobs,
            continuous_aggregates,
            activity,
        } = facts;
        apply_policies(&mut sizes.hypertables, &jobs);
        health.workers.scheduled_jobs =
            u32::try_from(jobs.iter().filter(|job| job.scheduled).count()).unwrap_or(u32::MAX);
        health.newer_version = sizes
            .default_version
            .clone()
            .filter(|version| is_newer_version(version, &timescaledb_version));
        let snapshot = Snapshot {
            collected_at,
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            sizes_collected_at: sizes.collected_at,
            sizes_duration_ms: sizes.duration_ms,
            server: ServerFacts {
                database_size_bytes: sizes.database_size_bytes,
                ..server_facts(probe, connections, timescaledb_version, edition)
            },
            health,
            activity,
            jobs,
            continuous_aggregates,
            hypertables: Arc::clone(&sizes.hypertables),
            chunks: Arc::clone(&sizes.chunks),
        };
        self.sizes = Some(sizes);
        snapshot
    }
}

/// A new session.
async fn connect(url: &ConnectionUrl) -> Result<Session, Problem> {
    Ok(Session {
        connection: connect_for_reading(url)
            .await
            .map_err(|error| problem_of(&error))?,
        relations_opened: 0,
    })
}

/// Gives up at the deadline.
async fn in_time<T>(
    deadline: Instant,
    reading: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    tokio::time::timeout_at(deadline, reading)
        .await
        .unwrap_or_else(|_| {
            Err(Problem {
                kind: ProblemKind::TimedOut,
                detail: format!("a reading was given up after {} s", READING_TIMEOUT.as_secs()),
                sqlstate: None,
            })
        })
}

/// The first statement also finds out whether the server is still there: one that vanished without a word (a failover,
/// a firewall) would otherwise be waited for.
async fn probe(connection: &mut PgConnection) -> Result<Probe, Problem> {
    let probing = sqlx::query_as(include_str!("sql/probe.sql")).fetch_one(connection);
    tokio::time::timeout(PROBE_TIMEOUT, probing)
        .await
        .map_err(|_| Problem {
            kind: ProblemKind::Unreachable,
            detail: format!("no answer within {} s", PROBE_TIMEOUT.as_secs()),
            sqlstate: None,
        })?
        .map_err(|error| problem_of(&error))
}

fn server_facts(
    probe: Probe,
    connections: Connections,
    timescaledb_version: String,
    edition: Edition,
) -> ServerFacts {
    ServerFacts {
        // Debian adds its package version in brackets.
        postgres_version: probe
            .postgres_version
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned(),
        timescaledb_version,
        edition,
        database: probe.database,
        role: probe.role,
        started_at: probe
            .started_at_ms
            .and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        database_size_bytes: None,
        connections,
    }
}

/// Writes the ages of the compression and retention policies, as the jobs are now, into the hypertables. They are
/// copied only where one changed.
fn apply_policies(hypertables: &mut Arc<Vec<Hypertable>>, jobs: &[Job]) {
    type Ages = (Option<TimeSpan>, Option<TimeSpan>);
    let mut ages: HashMap<(&str, &str), Ages> = HashMap::new();
    for job in jobs {
        let (Some(table), Some(threshold)) = (&job.table, &job.threshold) else {
            continue;
        };
        let (compress, drop) = ages.entry((&table.schema, &table.name)).or_default();
        match job.kind {
            JobKind::Compression => *compress = Some(threshold.after),
            JobKind::Retention => *drop = Some(threshold.after),
            _ => {}
        }
    }
    let of = |table: &Hypertable| -> Ages {
        ages.get(&(table.schema.as_str(), table.name.as_str()))
            .copied()
            .unwrap_or_default()
    };
    if hypertables
        .iter()
        .any(|table| (table.compress_after, table.drop_after) != of(table))
    {
        for table in Arc::make_mut(hypertables) {
            (table.compress_after, table.drop_after) = of(table);
        }
    }
}

fn extension(probe: &Probe) -> Result<(String, Edition), Problem> {
    let Some(version) = probe.timescaledb_version.clone() else {
        return Err(Problem {
            kind: ProblemKind::ExtensionMissing,
            detail: format!("no extension \"timescaledb\" in database \"{}\"", probe.database),
            sqlstate: None,
        });
    };
    if !probe.has_compress_relid {
        return Err(Problem {
            detail: format!(
                "version {version} lacks _timescaledb_catalog.compression_settings.compress_relid"
            ),
            kind: ProblemKind::ExtensionTooOld { version },
            sqlstate: None,
        });
    }
    let edition = match probe.license.as_deref() {
        Some("timescale") => Edition::Community,
        _ => Edition::Apache,
    };
    Ok((version, edition))
}
