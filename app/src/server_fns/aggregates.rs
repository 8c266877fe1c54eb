//! Continuous aggregates.

use domain::aggregate_list::AggregateQuery;
use domain::aggregate_page::AggregatesPage;
use domain::reading::Reading;
use leptos::prelude::*;

use crate::error::AppError;

/// Loads one page of the list.
#[server(prefix = "/fn", endpoint = "list_aggregates", input = leptos::server_fn::codec::Json)]
pub async fn list_aggregates(
    database: String,
    query: AggregateQuery,
) -> Result<Reading<AggregatesPage>, AppError> {
    let (console, granted) =
        super::guard::demand(domain::role::Permission::ViewDetails, "continuous aggregates").await?;
    let query = query.checked();
    console
        .read(&granted, &database, |seen| AggregatesPage::of(seen, &query))
        .map_err(|_| super::guard::not_found())
}
