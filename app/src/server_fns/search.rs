//! Search over everything.

use domain::search::Hit;
use leptos::prelude::*;

use crate::error::AppError;

/// What is called so, best first.
#[server(prefix = "/fn", endpoint = "search", input = leptos::server_fn::codec::GetUrl)]
pub async fn search(database: String, query: String) -> Result<Vec<Hit>, AppError> {
    let (console, granted) = super::guard::demand(domain::role::Permission::ViewDetails, "search").await?;
    let query: String = query.chars().take(200).collect();
    console
        .search(&granted, &database, &query)
        .map_err(|_| super::guard::not_found())
}
