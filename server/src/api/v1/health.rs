//! How the console and its databases stand. What a viewer gets names no table, no role and no reason.

use axum::extract::State;
use axum::response::Response;
use backend::auth::Granted;
use backend::console::{Console, NotShown};
use backend::declared::DeclaredDefaults;
use domain::database::DatabaseName;
use domain::overview::{Counts, DatabaseStatus, StatusFigures};
use domain::quantity::bytes;
use domain::role::Permission;
use domain::snapshot::{Connections, Edition};
use domain::standing;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Ask;
use crate::problem::Problem;

/// How something stands, all in all.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// Nothing is wrong.
    Healthy,
    /// It works, but not all of it.
    Degraded,
    /// The database cannot be read, or TimescaleDB is not there.
    Unhealthy,
}

impl From<standing::Standing> for Standing {
    fn from(standing: standing::Standing) -> Self {
        match standing {
            standing::Standing::Healthy => Self::Healthy,
            standing::Standing::Degraded => Self::Degraded,
            standing::Standing::Unhealthy => Self::Unhealthy,
        }
    }
}

/// Something that is to be known about a database.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Condition {
    /// The first reading is under way.
    Starting,
    /// Nothing answers at its address.
    DatabaseUnreachable,
    /// It answers, and cannot be read: it is starting or full, or refuses the console's role.
    DatabaseRefuses,
    /// TimescaleDB is not installed.
    ExtensionMissing,
    /// TimescaleDB is older than the console reads.
    ExtensionTooOld,
    /// The edition has no compression and no policies of its own. Nothing is wrong with that.
    ApacheEdition,
    /// A job fails.
    JobsFailing,
    /// All of TimescaleDB's background workers are in use, or there are too few.
    WorkersExhausted,
    /// What is known is older than it should be.
    DataStale,
}

impl From<standing::Condition> for Condition {
    fn from(condition: standing::Condition) -> Self {
        use standing::Condition as Of;
        match condition {
            Of::Starting => Self::Starting,
            Of::DatabaseUnreachable => Self::DatabaseUnreachable,
            Of::DatabaseRefuses => Self::DatabaseRefuses,
            Of::ExtensionMissing => Self::ExtensionMissing,
            Of::ExtensionTooOld => Self::ExtensionTooOld,
            Of::ApacheEdition => Self::ApacheEdition,
            Of::JobsFailing => Self::JobsFailing,
            Of::WorkersExhausted => Self::WorkersExhausted,
            Of::DataStale => Self::DataStale,
        }
    }
}

/// TimescaleDB's edition.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EditionBody {
    /// Every feature.
    Community,
    /// No compression and no policies of its own.
    Apache,
}

impl From<Edition> for EditionBody {
    fn from(edition: Edition) -> Self {
        match edition {
            Edition::Community => Self::Community,
            Edition::Apache => Self::Apache,
        }
    }
}

/// The console itself.
#[derive(Serialize, ToSchema)]
struct Application {
    name: &'static str,
    version: &'static str,
    /// Null where nobody named it.
    environment: Option<String>,
}

/// The console's own connections to a database, those of all replicas together.
#[derive(Serialize, ToSchema)]
struct Pool {
    /// Connections that are open: one that reads, and those that change something at this moment.
    open: u32,
}

/// Client connections to the whole server.
#[derive(Serialize, ToSchema)]
struct ConnectionsBody {
    open: u32,
    /// Of these, busy with a statement; null where the console's role may not see what others do (`pg_monitor`).
    active: Option<u32>,
    /// `max_connections`
    max: u32,
}

impl From<Connections> for ConnectionsBody {
    fn from(connections: Connections) -> Self {
        Self {
            open: connections.open,
            active: connections.active,
            max: connections.max,
        }
    }
}

/// TimescaleDB's background workers, those of all databases together.
#[derive(Serialize, ToSchema)]
pub(super) struct WorkersBody {
    /// `timescaledb.max_background_workers`
    limit: u32,
    /// Schedulers and jobs that run; null where the console's role may not see what others do (`pg_monitor`).
    running: Option<u32>,
    /// Whether a job that is due finds none.
    exhausted: bool,
}

/// The database in the overall health.
#[derive(Serialize, ToSchema)]
struct OverallDatabase {
    /// The console's name for it.
    name: String,
    status: Standing,
    /// Its size for people; null before the first reading, or where the console's role may not know it.
    database_size: Option<String>,
    database_size_bytes: Option<u64>,
    /// Client connections that are busy with a statement; null where that is not known.
    active_connections: Option<u32>,
    connections: Option<ConnectionsBody>,
    pool: Option<Pool>,
}

/// TimescaleDB in the overall health.
#[derive(Serialize, ToSchema)]
struct OverallTimescale {
    status: Standing,
    /// Null while the database cannot be asked.
    extension_installed: Option<bool>,
    version: Option<String>,
    edition: Option<EditionBody>,
    /// How many there are, those of continuous aggregates left out.
    hypertables: Option<u64>,
    background_workers: Option<WorkersBody>,
}

/// What is declared for every table that does not say otherwise; null where nothing is declared.
#[derive(Serialize, ToSchema)]
struct DeclaredBody {
    compression_enabled: Option<bool>,
    /// The age at which chunks are dropped.
    retention_policy: Option<String>,
    chunk_interval: Option<String>,
}

impl From<DeclaredDefaults> for DeclaredBody {
    fn from(declared: DeclaredDefaults) -> Self {
        Self {
            compression_enabled: declared.compression_enabled,
            retention_policy: declared.drop_after,
            chunk_interval: declared.chunk_interval,
        }
    }
}

/// How everything stands.
#[derive(Serialize, ToSchema)]
pub(super) struct OverallHealth {
    status: Standing,
    /// What is to be known; what makes the status is among it.
    conditions: Vec<Condition>,
    application: Application,
    database: OverallDatabase,
    timescaledb: OverallTimescale,
    configuration: DeclaredBody,
    /// When the database was last read; null before that.
    collected_at: Option<Timestamp>,
    /// Why readings fail; for those who may see details only.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

/// A database, and how it stands.
#[derive(Serialize, ToSchema)]
struct DatabaseHealth {
    /// The console's name for it.
    database: String,
    status: Standing,
    /// What is to be known; what makes the status is among it.
    conditions: Vec<Condition>,
    /// When it was last read; null before that.
    collected_at: Option<Timestamp>,
    /// Why readings fail; for those who may see details only.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

/// Why readings fail.
#[derive(Serialize, ToSchema)]
pub(super) struct ProblemBody {
    title: String,
    /// The database's or the system's own words.
    evidence: String,
    /// What to do.
    advice: String,
    since: Timestamp,
}

/// The database's health.
#[derive(Serialize, ToSchema)]
pub(super) struct DatabaseBody {
    #[serde(flatten)]
    health: DatabaseHealth,
    /// Its size for people; null before the first reading, or where the console's role may not know it.
    database_size: Option<String>,
    database_size_bytes: Option<u64>,
    connections: Option<ConnectionsBody>,
    pool: Option<Pool>,
    postgres_version: Option<String>,
}

/// TimescaleDB's health.
#[derive(Serialize, ToSchema)]
pub(super) struct TimescaleBody {
    #[serde(flatten)]
    health: DatabaseHealth,
    /// Null while the database cannot be asked.
    extension_installed: Option<bool>,
    version: Option<String>,
    edition: Option<EditionBody>,
    background_workers: Option<WorkersBody>,
}

/// How many of everything there are.
#[derive(Serialize, ToSchema)]
struct CountsBody {
    /// Those of continuous aggregates left out.
    hypertables: u64,
    continuous_aggregates: u64,
    chunks: u64,
    compressed_chunks: u64,
}

impl From<Counts> for CountsBody {
    fn from(counts: Counts) -> Self {
        Self {
            hypertables: counts.hypertables,
            continuous_aggregates: counts.continuous_aggregates,
            chunks: counts.chunks,
            compressed_chunks: counts.compressed_chunks,
        }
    }
}

/// All that everybody may know of a database.
#[derive(Serialize, ToSchema)]
pub(super) struct StatusBody {
    #[serde(flatten)]
    health: DatabaseHealth,
    timescaledb_version: Option<String>,
    edition: Option<EditionBody>,
    postgres_version: Option<String>,
    database_size: Option<String>,
    database_size_bytes: Option<u64>,
    connections: Option<ConnectionsBody>,
    background_workers: Option<WorkersBody>,
    counts: Option<CountsBody>,
}

/// What the bodies are made of.
struct Known {
    conditions: Vec<standing::Condition>,
    status: DatabaseStatus,
    problem: Option<ProblemBody>,
}

impl Known {
    fn of(console: &Console, granted: &Granted, database: &DatabaseName) -> Result<Self, Problem> {
        let gone = |error: NotShown| Problem::parameter("db", error.to_string());
        let status = console.status(granted, database.as_str()).map_err(gone)?;
        let conditions = console.conditions(granted, database.as_str()).map_err(gone)?;
        let problem = console.problem(granted, database.as_str()).map_err(gone)?;
        Ok(Self {
            conditions,
            status,
            problem: problem.map(|report| ProblemBody {
                title: report.problem.title(),
                evidence: report.problem.evidence(),
                advice: report.problem.advice().to_string(),
                since: report.since,
            }),
        })
    }

    fn collected_at(&self) -> Option<Timestamp> {
        self.status.freshness.map(|freshness| freshness.collected_at)
    }

    fn figures(&self) -> Option<&StatusFigures> {
        self.status.figures.as_ref()
    }

    fn names(&self) -> Vec<Condition> {
        self.conditions.iter().copied().map(Into::into).collect()
    }

    /// Of the conditions that are about TimescaleDB, or of those that are not.
    fn standing_of(&self, timescaledb: bool) -> Standing {
        let conditions = self.conditions.iter().copied();
        standing::standing(conditions.filter(|condition| condition.is_of_timescaledb() == timescaledb)).into()
    }

    /// TimescaleDB's: where the database cannot be read, nobody can say that it is well.
    fn standing_of_timescaledb(&self) -> Standing {
        standing::standing(self.conditions.iter().copied()).into()
    }

    fn pool(&self) -> Option<Pool> {
        self.figures().map(|figures| Pool {
            open: figures.connections.console,
        })
    }

    fn connections(&self) -> Option<ConnectionsBody> {
        self.figures().map(|figures| figures.connections.into())
    }

    fn size_bytes(&self) -> Option<u64> {
        self.figures().and_then(|figures| figures.database_size_bytes)
    }

    fn size(&self) -> Option<String> {
        self.size_bytes().map(|size| bytes(size).to_string())
    }

    fn edition(&self) -> Option<EditionBody> {
        self.figures().map(|figures| figures.edition.into())
    }

    fn version(&self) -> Option<String> {
        self.figures().map(|figures| figures.timescaledb_version.clone())
    }

    fn workers(&self) -> Option<WorkersBody> {
        self.figures().map(|figures| WorkersBody {
            limit: figures.workers.limit,
            running: figures.workers.running,
            exhausted: self.conditions.contains(&standing::Condition::WorkersExhausted),
        })
    }

    fn health(self) -> DatabaseHealth {
        DatabaseHealth {
            database: self.status.database.to_string(),
            status: standing::standing(self.conditions.iter().copied()).into(),
            conditions: self.names(),
            collected_at: self.collected_at(),
            problem: self.problem,
        }
    }
}

/// How everything stands
///
/// Needs no more than a valid session or token. Names no table and no job.
#[utoipa::path(get, path = "/api/v1/monitoring/health", tag = "Health", params(super::document::DatabaseParameter),
    responses((status = OK, body = OverallHealth), super::document::Refusals))]
pub(super) async fn overall(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    about(&console, &ask, |known, declared| OverallHealth {
        status: standing::standing(known.conditions.iter().copied()).into(),
        conditions: known.names(),
        application: Application {
            name: "tidemark",
            version: env!("CARGO_PKG_VERSION"),
            environment: console.environment().map(str::to_owned),
        },
        database: OverallDatabase {
            name: known.status.database.to_string(),
            status: known.standing_of(false),
            database_size: known.size(),
            database_size_bytes: known.size_bytes(),
            active_connections: known.figures().and_then(|figures| figures.connections.active),
            connections: known.connections(),
            pool: known.pool(),
        },
        timescaledb: OverallTimescale {
            status: known.standing_of_timescaledb(),
            extension_installed: known.status.extension_installed,
            version: known.version(),
            edition: known.edition(),
            hypertables: known.figures().map(|figures| figures.counts.hypertables),
            background_workers: known.workers(),
        },
        configuration: declared.into(),
        collected_at: known.collected_at(),
        problem: known.problem,
    })
    .await
}

/// What one database's endpoints answer.
async fn about<T: Serialize>(
    console: &Console,
    ask: &Ask,
    body: impl FnOnce(Known, DeclaredDefaults) -> T,
) -> Result<Response, Problem> {
    let granted = ask.demand(console, Permission::ViewStatus, &["db"]).await?;
    let database = ask.database(console, &granted)?;
    let known = Known::of(console, &granted, &database)?;
    let declared = console
        .declared_defaults(&granted, database.as_str())
        .map_err(|error| Problem::parameter("db", error.to_string()))?;
    let modified = known.collected_at();
    let written = ask.written(&body(known, declared))?;
    Ok(ask.answer(console, &granted, database.as_str(), &written, modified))
}

/// How the database stands
#[utoipa::path(get, path = "/api/v1/monitoring/health/database", tag = "Health", params(super::document::DatabaseParameter),
    responses((status = OK, body = DatabaseBody), super::document::Refusals))]
pub(super) async fn database(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    about(&console, &ask, |known, _| DatabaseBody {
        database_size: known.size(),
        database_size_bytes: known.size_bytes(),
        connections: known.connections(),
        pool: known.pool(),
        postgres_version: known.figures().map(|figures| figures.postgres_version.clone()),
        health: known.health(),
    })
    .await
}

/// How TimescaleDB stands
#[utoipa::path(get, path = "/api/v1/monitoring/health/timescaledb", tag = "Health", params(super::document::DatabaseParameter),
    responses((status = OK, body = TimescaleBody), super::document::Refusals))]
pub(super) async fn timescaledb(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    about(&console, &ask, |known, _| TimescaleBody {
        extension_installed: known.status.extension_installed,
        version: known.version(),
        edition: known.edition(),
        background_workers: known.workers(),
        health: known.health(),
    })
    .await
}

/// All that everybody may know of a database
#[utoipa::path(get, path = "/api/v1/monitoring/status/timescaledb", tag = "Health", params(super::document::DatabaseParameter),
    responses((status = OK, body = StatusBody), super::document::Refusals))]
pub(super) async fn status(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    about(&console, &ask, |known, _| StatusBody {
        timescaledb_version: known.version(),
        edition: known.edition(),
        postgres_version: known.figures().map(|figures| figures.postgres_version.clone()),
        database_size: known.size(),
        database_size_bytes: known.size_bytes(),
        connections: known.connections(),
        background_workers: known.workers(),
        counts: known.figures().map(|figures| figures.counts.into()),
        health: known.health(),
    })
    .await
}
