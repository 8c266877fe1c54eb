//! What is configured and declared, without a secret.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use backend::console::Console;
use backend::state::StateBackend;
use domain::role::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use super::Ask;
use crate::configuration::{Configuration, DeclaredPolicies, DeclaredPolicy};
use crate::problem::Problem;

/// The configuration as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfigurationBody {
    environment: Option<String>,
    public_url: Option<String>,
    listen: String,
    trusted_proxies: Vec<String>,
    state_store: &'static str,
    collect_every_ms: u64,
    audit_keep_days: i64,
    databases: Vec<DatabaseBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConfiguredDatabase)]
struct DatabaseBody {
    database: String,
    /// Without passwords.
    url: String,
    change_url: Option<String>,
    max_background_workers: Option<u32>,
    apply_on_start: bool,
    declared: PolicyBody,
    tables: Vec<TableBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeclaredTable)]
struct TableBody {
    table: String,
    #[serde(flatten)]
    policy: PolicyBody,
}

/// Null where nothing is declared.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeclaredPolicy)]
struct PolicyBody {
    compression_enabled: Option<bool>,
    compress_after: Option<String>,
    drop_after: Option<String>,
    chunk_interval: Option<String>,
    segment_by: Option<Vec<String>>,
    order_by: Option<Vec<String>>,
    allow_drop: Option<bool>,
}

impl From<&DeclaredPolicy> for PolicyBody {
    fn from(policy: &DeclaredPolicy) -> Self {
        Self {
            compression_enabled: policy.compression_enabled,
            compress_after: policy.compress_after.map(|span| span.to_string()),
            drop_after: policy.drop_after.map(|span| span.to_string()),
            chunk_interval: policy.chunk_interval.map(|span| span.to_string()),
            segment_by: policy.segment_by.clone(),
            order_by: policy.order_by.clone(),
            allow_drop: policy.allow_drop,
        }
    }
}

impl From<&Configuration> for ConfigurationBody {
    fn from(configuration: &Configuration) -> Self {
        let databases = configuration.databases.iter().map(|database| {
            let DeclaredPolicies {
                defaults,
                tables,
                max_background_workers,
                apply_on_start,
            } = &database.policies;
            DatabaseBody {
                database: database.name.to_string(),
                url: database.url.to_string(),
                change_url: database.change_url.as_ref().map(ToString::to_string),
                max_background_workers: *max_background_workers,
                apply_on_start: *apply_on_start,
                declared: defaults.into(),
                tables: tables
                    .iter()
                    .map(|(table, policy)| TableBody {
                        table: table.clone(),
                        policy: policy.into(),
                    })
                    .collect(),
            }
        });
        Self {
            environment: configuration.environment.clone(),
            public_url: configuration.public_url.as_ref().map(ToString::to_string),
            listen: configuration.listen.to_string(),
            trusted_proxies: configuration
                .trusted_proxies
                .iter()
                .map(ToString::to_string)
                .collect(),
            state_store: match configuration.state_url.backend() {
                StateBackend::Sqlite => "sqlite",
                StateBackend::Postgres => "postgres",
            },
            collect_every_ms: u64::try_from(configuration.collect_every.as_millis()).unwrap_or(u64::MAX),
            audit_keep_days: configuration.audit_keep_days,
            databases: databases.collect(),
        }
    }
}

/// What is configured, without a secret
#[utoipa::path(get, path = "/api/v1/monitoring/configuration", tag = "Configuration",
    responses((status = OK, body = ConfigurationBody), super::document::Refusals))]
pub(super) async fn show(
    State(console): State<Console>,
    Extension(body): Extension<Arc<ConfigurationBody>>,
    ask: Ask,
) -> Result<Response, Problem> {
    let granted = ask.demand(&console, Permission::ViewConfiguration, &[]).await?;
    Ok(ask.answer(&console, &granted, "", &ask.written(&*body)?, None))
}
