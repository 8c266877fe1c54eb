//! How the console and its databases stand. What a viewer gets names no table, no role and no reason.

use axum::extract::State;
use axum::response::Response;
use backend::auth::Granted;
use backend::console::{Console, NotShown};
use domain::database::DatabaseName;
use domain::observation::Health;
use domain::overview::{DatabaseStatus, StatusFigures};
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

fn of(
    console: &Console,
    granted: &Granted,
    database: &DatabaseName,
) -> Result<(DatabaseHealth, DatabaseStatus), Problem> {
    let gone = |error: NotShown| Problem::parameter("db", error.to_string());
    let status = console.status(granted, database.as_str()).map_err(gone)?;
    let problem = console.problem(granted, database.as_str()).map_err(gone)?;
    let health = DatabaseHealth {
        database: database.to_string(),
        status: status.health,
        collected_at: status.freshness.map(|freshness| freshness.collected_at),
        problem: problem.map(|report| ProblemBody {
            title: report.problem.title(),
            evidence: report.problem.evidence(),
            advice: report.problem.advice().to_string(),
            since: report.since,
        }),
    };
    Ok((health, status))
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
    let names = match ask.parameter("db") {
        Some(_) => vec![ask.database(&console, &granted)?],
        None => console.database_names(&granted),
    };
    let databases: Vec<_> = names
        .iter()
        .map(|name| Ok(of(&console, &granted, name)?.0))
        .collect::<Result<_, Problem>>()?;
    let body = Overall {
        status: word(&databases),
        application: Application {
            name: "tidemark",
            version: env!("CARGO_PKG_VERSION"),
            environment: console.environment().map(str::to_owned),
        },
        databases,
    };
    Ok(ask.answer(&console, &granted, "", &ask.written(&body)?))
}

/// What one database's endpoints answer.
async fn about<T: Serialize>(
    console: &Console,
    ask: &Ask,
    body: impl FnOnce(DatabaseHealth, DatabaseStatus) -> T,
) -> Result<Response, Problem> {
    let granted = ask.demand(console, Permission::ViewStatus, &["db"]).await?;
    let database = ask.database(console, &granted)?;
    let (health, status) = of(console, &granted, &database)?;
    Ok(ask.answer(
        console,
        &granted,
        database.as_str(),
        &ask.written(&body(health, status))?,
    ))
}

/// `GET /api/v1/monitoring/health/database`
pub(super) async fn database(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    about(&console, &ask, |health, status| {
        let figures = status.figures;
        DatabaseBody {
            health,
            database_size_bytes: figures.as_ref().and_then(|figures| figures.database_size_bytes),
            connections: figures.as_ref().map(|figures| figures.connections),
            postgres_version: figures.map(|figures| figures.postgres_version),
        }
    })
    .await
}

/// `GET /api/v1/monitoring/health/timescaledb`
pub(super) async fn timescaledb(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    about(&console, &ask, |health, status| TimescaleBody {
        health,
        extension_installed: status.extension_installed,
        version: status
            .figures
            .as_ref()
            .map(|figures| figures.timescaledb_version.clone()),
        edition: status.figures.map(|figures| figures.edition),
    })
    .await
}

/// `GET /api/v1/monitoring/status/timescaledb`
pub(super) async fn status(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    about(&console, &ask, |health, status| StatusBody {
        health,
        figures: status.figures,
    })
    .await
}
