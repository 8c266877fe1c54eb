//! What the console keeps of what it did, as files: changes of policies, actions, runs of its own retention.

use axum::response::{IntoResponse, Response};
use backend::actions::ActionRefused;
use backend::policies::PolicyRefused;
use domain::role::Permission;
use domain::table_name::TableName;
use http::StatusCode;

use crate::list_export::Export;

/// Rows that are read at once.
const A_PAGE: u32 = 200;

/// The lists, each with what it takes to have it.
pub(crate) const KEPT: [(&str, Permission); 3] = [
    ("changes", Permission::ChangePolicies),
    ("actions", Permission::OperateJobs),
    ("retention-runs", Permission::ChangePolicies),
];

/// All pages of one of them, of one table or of all.
pub(crate) async fn answer(export: Export, table: Option<TableName>) -> Response {
    let parameters: Vec<(&'static str, String)> =
        table.iter().map(|table| ("table", table.qualified())).collect();
    let (console, granted, database) = (&export.console, &export.granted, &export.database);
    let (table, now) = (table.as_ref(), console.now());
    let mut before = None;
    match export.list {
        "changes" => {
            let mut rows = Vec::new();
            loop {
                match console
                    .policy_changes(granted, database, table, before, A_PAGE)
                    .await
                {
                    Ok(page) if page.is_empty() => break,
                    Ok(page) => {
                        before = page.last().map(|change| change.id);
                        rows.extend(page);
                    }
                    Err(PolicyRefused::UnknownDatabase(_)) => return unknown(),
                    Err(error) => return failed(&error),
                }
            }
            export.write(&parameters, now, Box::new(rows.into_iter()))
        }
        "actions" => {
            let mut rows = Vec::new();
            loop {
                match console.actions(granted, database, table, before, A_PAGE).await {
                    Ok(page) if page.is_empty() => break,
                    Ok(page) => {
                        before = page.last().map(|action| action.id);
                        rows.extend(page);
                    }
                    Err(ActionRefused::NotShown(_)) => return unknown(),
                    Err(error) => return failed(&error),
                }
            }
            export.write(&parameters, now, Box::new(rows.into_iter()))
        }
        _ => {
            let mut rows = Vec::new();
            loop {
                match console
                    .retention_runs(granted, database, table, before, A_PAGE)
                    .await
                {
                    Ok(page) if page.is_empty() => break,
                    Ok(page) => {
                        before = page.last().map(|run| run.id);
                        rows.extend(page);
                    }
                    Err(ActionRefused::NotShown(_)) => return unknown(),
                    Err(error) => return failed(&error),
                }
            }
            export.write(&parameters, now, Box::new(rows.into_iter()))
        }
    }
}

fn unknown() -> Response {
    (StatusCode::NOT_FOUND, "There is no such database.").into_response()
}

fn failed(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "what the console did could not be exported");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
