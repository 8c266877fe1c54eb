//! `GET /health`: liveness, and readiness with `?ready`. Needs no login and names nothing.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use backend::console::Console;
use domain::observation::Health;
use http::StatusCode;
use serde_json::json;

/// 200 while the console itself can serve. The monitored databases are in the body only: their outage must not make
/// a balancer take the console away.
pub(crate) async fn health(State(console): State<Console>, RawQuery(query): RawQuery) -> Response {
    let version = env!("CARGO_PKG_VERSION");
    let wants_readiness = query.is_some_and(|query| {
        query
            .split('&')
            .any(|part| part == "ready" || part.starts_with("ready="))
    });
    if !wants_readiness {
        return Json(json!({ "status": "ok", "version": version })).into_response();
    }
    let mut databases = serde_json::Map::new();
    for (health, count) in console.healths() {
        let name = match health {
            Health::Healthy => "healthy",
            Health::Starting => "starting",
            Health::Stale => "stale",
            Health::Unavailable => "unavailable",
        };
        databases.insert(name.to_owned(), json!(count));
    }
    let (status, word) = match console.has_user().await {
        Ok(_) => (StatusCode::OK, "ready"),
        Err(error) => {
            tracing::warn!(%error, "not ready: the state store does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "state store unavailable")
        }
    };
    (
        status,
        Json(json!({ "status": word, "version": version, "databases": databases })),
    )
        .into_response()
}
