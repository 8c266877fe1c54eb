//! The list of hypertables.

use domain::hypertable_list::{HypertableList, HypertableQuery};
use leptos::prelude::*;

use crate::error::AppError;

/// Loads one page of the list.
#[server(prefix = "/fn", endpoint = "list_hypertables", input = leptos::server_fn::codec::Json)]
pub async fn list_hypertables(database: String, query: HypertableQuery) -> Result<HypertableList, AppError> {
    let (console, granted) =
        super::guard::demand(domain::role::Permission::ViewDetails, "hypertables").await?;
    console
        .hypertables(&granted, &database, &query.checked())
        .map_err(|_| super::guard::not_found())
}
