//! The actual policies of a database, as the configuration would declare them.

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use backend::auth::Caller;
use backend::console::Console;
use backend::policies::PolicyRefused;
use domain::role::Permission;
use http::{StatusCode, header};

use crate::export::refuse;

/// `GET /db/{database}/export/policies.toml`.
pub(crate) async fn export_policies(
    State(console): State<Console>,
    Extension(caller): Extension<Caller>,
    Path(database): Path<String>,
) -> Response {
    let granted = match console
        .demand(&caller, Permission::ChangePolicies, "policies")
        .await
    {
        Ok(granted) => granted,
        Err(denied) => return refuse(denied, "the policies"),
    };
    match console.policies_as_configuration(&granted, &database).await {
        Ok(text) => (
            [
                (header::CONTENT_TYPE, "application/toml; charset=utf-8"),
                (
                    header::CONTENT_DISPOSITION,
                    "attachment; filename=\"policies.toml\"",
                ),
            ],
            text,
        )
            .into_response(),
        Err(error @ PolicyRefused::UnknownDatabase(_)) => {
            (StatusCode::NOT_FOUND, error.to_string()).into_response()
        }
        Err(error @ PolicyRefused::NotRead) => {
            (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the policies could not be exported");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
