//! How the console and its databases stand. What a viewer gets names no table, no role and no reason.

use axum::extract::State;
use axum::response::Response;
use backend::console::Console;
use domain::observation::Health;
use domain::overview::StatusFigures;
use domain::problem::Problem as ReadingProblem;
use domain::role::Permission;
use domain::snapshot::Edition;
use jiff::Timestamp;
use serde::Serialize;

use super::Ask;
use crate::problem::Problem;

#[derive(Serialize)]
struct Application {
    name: &'static str,
    version: &'static str,
    environment: Option<String>,
}

#[derive(Serialize)]
struct Overall {
    status: &'static str,
    application: Application,
    databases: Vec<DatabaseHealth>,
}

#[derive(Serialize)]
struct DatabaseHealth {
    database: String,
    status: Health,
    collected_at: Option<Timestamp>,
    /// Why readings fail; for those who may see details only.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

#[derive(Serialize)]
struct ProblemBody {
    title: String,
    evidence: String,
    advice: String,
    since: Timestamp,
}

#[derive(Serialize)]
struct DatabaseBody {
    #[serde(flatten)]
    health: DatabaseHealth,
    database_size_bytes: Option<u64>,
    connections: Option<domain::snapshot::Connections>,
    postgres_version: Option<String>,
}

#[derive(Serialize)]
struct TimescaleBody {
    #[serde(flatten)]
    health: DatabaseHealth,
    extension_installed: Option<bool>,
    version: Option<String>,
    edition: Option<Edition>,
}

#[derive(Serialize)]
struct StatusBody {
    #[serde(flatten)]
    health: DatabaseHealth,
    #[serde(flatten)]
    figures: Option<StatusFigures>,
}

fn of(watched: &backend::collector::Watched, with_reason: bool) -> DatabaseHealth {
    let observation = watched.observation();
    DatabaseHealth {
        database: watched.name().to_string(),
        status: observation.health(),
        collected_at: observation
            .snapshot
            .as_ref()
            .map(|snapshot| snapshot.collected_at),
        problem: observation
            .failing
            .as_ref()
            .filter(|_| with_reason)
            .map(|failing| ProblemBody {
                title: failing.problem.title(),
                evidence: failing.problem.evidence(),
                advice: failing.problem.advice().to_string(),
                since: failing.since,
            }),
    }
}

/// Healthy while every database is read; degraded while one is not; unhealthy while none is.
fn word(databases: &[DatabaseHealth]) -> &'static str {
    let well = databases
        .iter()
        .filter(|database| database.status == Health::Healthy)
        .count();
    match well {
        well if well == databases.len() => "healthy",
        0 => "unhealthy",
        _ => "degraded",
    }
}

/// `GET /api/v1/monitoring/health`
pub(super) async fn overall(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    let granted = ask.demand(&console, Permission::ViewStatus, &["db"]).await?;
    let with_reason = granted.may(Permission::ViewDetails);
    let databases: Vec<_> = match ask.parameter("db") {
        Some(_) => vec![of(ask.database(&console)?, with_reason)],
        None => console
            .databases
            .iter()
            .map(|watched| of(watched, with_reason))
            .collect(),
    };
    let body = Overall {
        status: word(&databases),
        application: Application {
            name: "tidemark",
            version: env!("CARGO_PKG_VERSION"),
            environment: console.environment.as_deref().map(str::to_owned),
        },
        databases,
    };
    Ok(ask.answer(&console, &granted, "", &body))
}

/// `GET /api/v1/monitoring/health/database`
pub(super) async fn database(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    let granted = ask.demand(&console, Permission::ViewStatus, &["db"]).await?;
    let watched = ask.database(&console)?;
    let observation = watched.observation();
    let server = observation.snapshot.as_ref().map(|snapshot| &snapshot.server);
    let body = DatabaseBody {
        health: of(watched, granted.may(Permission::ViewDetails)),
        database_size_bytes: server.and_then(|server| server.database_size_bytes),
        connections: server.map(|server| server.connections),
        postgres_version: server.map(|server| server.postgres_version.clone()),
    };
    Ok(ask.answer(&console, &granted, watched.name().as_str(), &body))
}

/// `GET /api/v1/monitoring/health/timescaledb`
pub(super) async fn timescaledb(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    let granted = ask.demand(&console, Permission::ViewStatus, &["db"]).await?;
    let watched = ask.database(&console)?;
    let observation = watched.observation();
    let server = observation.snapshot.as_ref().map(|snapshot| &snapshot.server);
    let body = TimescaleBody {
        health: of(watched, granted.may(Permission::ViewDetails)),
        extension_installed: installed(&observation),
        version: server.map(|server| server.timescaledb_version.clone()),
        edition: server.map(|server| server.edition),
    };
    Ok(ask.answer(&console, &granted, watched.name().as_str(), &body))
}

/// Unknown while the database cannot be asked.
fn installed(observation: &domain::observation::Observation) -> Option<bool> {
    use domain::problem::ProblemKind;

    match observation.failing.as_ref().map(|failing| &failing.problem) {
        Some(ReadingProblem {
            kind: ProblemKind::ExtensionMissing,
            ..
        }) => Some(false),
        Some(_) => None,
        None => observation.snapshot.as_ref().map(|_| true),
    }
}

/// `GET /api/v1/monitoring/status/timescaledb`
pub(super) async fn status(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    let granted = ask.demand(&console, Permission::ViewStatus, &["db"]).await?;
    let watched = ask.database(&console)?;
    // The viewer's own type: counts and sizes, no names.
    let status = console
        .status(&granted, watched.name().as_str())
        .map_err(|error| Problem::parameter("db", error.to_string()))?;
    let body = StatusBody {
        health: of(watched, granted.may(Permission::ViewDetails)),
        figures: status.figures,
    };
    Ok(ask.answer(&console, &granted, watched.name().as_str(), &body))
}
