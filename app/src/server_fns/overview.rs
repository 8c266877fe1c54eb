//! The Overview.

use domain::overview::Overview;
use leptos::prelude::*;

use crate::error::AppError;

/// Loads the Overview of a database; its details only for those who may see them.
#[server(prefix = "/fn", endpoint = "load_overview", input = leptos::server_fn::codec::GetUrl)]
pub async fn load_overview(database: String) -> Result<Overview, AppError> {
    let (console, granted) = super::guard::demand(domain::role::Permission::ViewStatus, "overview").await?;
    console
        .overview(&granted, &database)
        .map_err(|_| super::guard::not_found())
}
