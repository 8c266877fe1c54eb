//! What compression does to each hypertable.

use domain::compression_list::{CompressionQuery, TableCompression};
use domain::listing::ListPage;
use domain::reading::Reading;
use leptos::prelude::*;

use crate::error::AppError;

/// Loads one page of the list.
#[server(prefix = "/fn", endpoint = "list_compression", input = leptos::server_fn::codec::Json)]
pub async fn list_compression(
    database: String,
    query: CompressionQuery,
) -> Result<Reading<ListPage<TableCompression>>, AppError> {
    let (console, granted) =
        super::guard::demand(domain::role::Permission::ViewDetails, "compression").await?;
    let query = query.checked();
    console
        .read(&granted, &database, |seen| {
            domain::compression_list::compression_page(&query, seen.snapshot)
        })
        .map_err(|_| super::guard::not_found())
}
