//! Hypertables: all of them, and one.

use domain::hypertable_list::{HypertableList, HypertableQuery};
use domain::reading::Reading;
use domain::table_name::TableName;
use domain::table_page::TablePage;
use leptos::prelude::*;

use crate::error::AppError;

/// Loads one page of the list.
#[server(prefix = "/fn", endpoint = "list_hypertables", input = leptos::server_fn::codec::Json)]
pub async fn list_hypertables(
    database: String,
    query: HypertableQuery,
) -> Result<Reading<HypertableList>, AppError> {
    let (console, granted) =
        super::guard::demand(domain::role::Permission::ViewDetails, "hypertables").await?;
    let query = query.checked();
    console
        .read(&granted, &database, |seen| HypertableList::of(seen, &query))
        .map_err(|_| super::guard::not_found())
}

/// Loads one hypertable with its policies and jobs.
#[server(prefix = "/fn", endpoint = "load_hypertable", input = leptos::server_fn::codec::Json)]
pub async fn load_hypertable(database: String, table: TableName) -> Result<Reading<TablePage>, AppError> {
    let (console, granted) =
        super::guard::demand(domain::role::Permission::ViewDetails, "hypertable").await?;
    console
        .read(&granted, &database, |seen| TablePage::of(seen, &table))
        .map_err(|_| super::guard::not_found())?
        .found()
        .ok_or_else(super::guard::not_found)
}
