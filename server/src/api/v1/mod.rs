//! REST, version 1: the same snapshot that the pages show, for programs.
//!
//! Everything is answered from memory. Bodies say when they were collected, never an age, so that the same snapshot
//! gives the same bytes and the same `ETag`. Every access is counted in the audit trail.

mod configuration;
pub(crate) mod document;
mod health;
mod list;
mod metrics;
mod policies;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, RawQuery};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use backend::auth::{Caller, Denied, Granted};
use backend::console::{Console, LastReading};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
pub(crate) use configuration::ConfigurationBody;
use domain::database::DatabaseName;
use domain::role::Permission;
use domain::snapshot::Snapshot;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::middleware::reference::Reference;
use crate::problem::Problem;

/// The endpoints and what each needs.
pub(crate) fn endpoints() -> Vec<(&'static str, MethodRouter<Console>)> {
    vec![
        ("/api/v1/monitoring/health", get(health::overall)),
        ("/api/v1/monitoring/health/database", get(health::database)),
        ("/api/v1/monitoring/health/timescaledb", get(health::timescaledb)),
        ("/api/v1/monitoring/status/timescaledb", get(health::status)),
        (
            "/api/v1/monitoring/metrics/hypertables",
            get(metrics::hypertables),
        ),
        (
            "/api/v1/monitoring/metrics/compression",
            get(metrics::compression),
        ),
        ("/api/v1/monitoring/metrics/chunks", get(metrics::chunks)),
        ("/api/v1/monitoring/configuration", get(configuration::show)),
        ("/api/v1/policies/plan", post(policies::plan)),
        ("/api/v1/policies/apply", post(policies::apply)),
        ("/api/v1/policies/revisions", get(policies::revisions)),
        ("/api/v1/policies/revisions/{id}", get(policies::revision)),
        ("/api/v1/policies/revisions/{id}/undo", post(policies::undo)),
    ]
}

/// What describes them; needs no login.
pub(crate) fn documentation() -> Vec<(&'static str, MethodRouter<Console>)> {
    vec![
        (document::DOCUMENT, get(document::show)),
        ("/api/v1/docs", get(document::to_docs)),
        (document::DOCS, get(document::docs)),
        ("/api/v1/docs/{file}", get(document::docs_file)),
    ]
}

/// A request of the API: who asks, for which path, with which parameters, and what it knows already.
pub(crate) struct Ask {
    caller: Caller,
    path: String,
    parameters: BTreeMap<String, String>,
    if_none_match: Option<String>,
    reference: Reference,
}

/// An answer: its bytes, and the tag that says whether a program has it already.
#[derive(Clone)]
struct Written {
    bytes: Bytes,
    tag: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Ask {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state)
            .await
            .unwrap_or(RawQuery(None));
        let mut parameters = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if parameters.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Problem::parameter(
                    &name,
                    format!("The parameter {name} is given twice."),
                ));
            }
        }
        Ok(Self {
            caller: parts
                .extensions
                .get::<Caller>()
                .cloned()
                .ok_or_else(|| Problem::from(Denied::NotSignedIn))?,
            path: parts.uri.path().to_owned(),
            reference: parts.extensions.get::<Reference>().cloned().unwrap_or_default(),
            parameters,
            if_none_match: parts
                .headers
                .get(header::IF_NONE_MATCH)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
        })
    }
}

impl Ask {
    /// Demands the permission, then checks that no parameter is unknown: a misspelt filter must not widen an answer.
    async fn demand(
        &self,
        console: &Console,
        permission: Permission,
        known: &[&str],
    ) -> Result<Granted, Problem> {
        let granted = console.demand(&self.caller, permission, &self.path).await?;
        if let Some(name) = self
            .parameters
            .keys()
            .find(|name| !known.contains(&name.as_str()))
        {
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            return Err(Problem::parameter(
                name,
                format!("There is no parameter {name:?} here; there is: {known}."),
            ));
        }
        Ok(granted)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The name of the database that `db` names; without it, of the only one there is.
    fn database(&self, console: &Console, granted: &Granted) -> Result<DatabaseName, Problem> {
        let known = console.database_names(granted);
        let list = || {
            known
                .iter()
                .map(DatabaseName::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        };
        match (self.parameter("db"), known.as_slice()) {
            (None, [name]) => Ok(name.clone()),
            (None, _) => Err(Problem::parameter(
                "db",
                format!(
                    "Several databases are watched; say which with ?db=NAME: {}.",
                    list()
                ),
            )),
            (Some(asked), known) => known
                .iter()
                .find(|name| name.as_str() == asked)
                .cloned()
                .ok_or_else(|| {
                    Problem::missing(
                        "db",
                        format!("No database {asked:?} is watched; there is: {}.", list()),
                    )
                }),
        }
    }

    /// An answer as it is sent.
    fn written(&self, body: &impl Serialize) -> Result<Written, Problem> {
        let bytes = serde_json::to_vec(body).map_err(|error| {
            tracing::error!(%error, "an answer could not be written as JSON");
            Problem::failed(&self.reference)
        })?;
        let tag = format!(
            "\"{}\"",
            BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(&bytes)[..16])
        );
        Ok(Written {
            bytes: bytes.into(),
            tag,
        })
    }

    /// The answer, or 304 where the program has it already. `modified` is when what it is made of was read.
    fn answer(
        &self,
        console: &Console,
        granted: &Granted,
        database: &str,
        written: &Written,
        modified: Option<Timestamp>,
    ) -> Response {
        console.note_read(granted, &self.path, database);
        let Written { bytes, tag } = written;
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        );
        headers.insert(header::VARY, HeaderValue::from_static("Authorization, Cookie"));
        if let Ok(value) = HeaderValue::from_str(tag) {
            headers.insert(header::ETAG, value);
        }
        let modified = modified.and_then(|at| DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok());
        if let Some(value) = modified.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(header::LAST_MODIFIED, value);
        }
        let is_known = self.if_none_match.as_deref().is_some_and(|tags| {
            tags.split(',')
                .map(|known| known.trim().trim_start_matches("W/"))
                .any(|known| known == tag.as_str() || known == "*")
        });
        if is_known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        (headers, bytes.clone()).into_response()
    }
}

/// The snapshot of a reading; 503 before the first.
fn snapshot(reading: &LastReading) -> Result<Arc<Snapshot>, Problem> {
    let snapshot = reading
        .snapshot()
        .map_err(|error| Problem::parameter("db", error.to_string()))?;
    snapshot.ok_or_else(|| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "This database has not been read yet; /api/v1/monitoring/health says how it stands.",
        )
    })
}
