//! The list of hypertables.

use domain::listing::{HypertableList, HypertableQuery};
use leptos::prelude::*;

use crate::error::AppError;

/// Loads one page of the list.
#[server(prefix = "/fn", endpoint = "list_hypertables", input = leptos::server_fn::codec::Json)]
pub async fn list_hypertables(database: String, query: HypertableQuery) -> Result<HypertableList, AppError> {
    let (console, granted) = super::guard::demand(domain::role::Permission::ViewDetails)?;
    // What comes over the wire went through no address: its bounds are checked again.
    let parameters = query.parameters();
    let query = HypertableQuery::from_parameters(|name| {
        parameters
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.clone())
    });
    console
        .hypertables(&granted, &database, &query)
        .map_err(|_| super::guard::not_found())
}
