//! What other sessions do, and how far the server is from its limits.

use domain::activity_page::ActivityPage;
use domain::reading::Reading;
use leptos::prelude::*;

use crate::error::AppError;

/// Loads who waits for whom, and the server's health.
#[server(prefix = "/fn", endpoint = "load_activity", input = leptos::server_fn::codec::GetUrl)]
pub async fn load_activity(database: String) -> Result<Reading<ActivityPage>, AppError> {
    let (console, granted) = super::guard::demand(domain::role::Permission::ViewDetails, "activity").await?;
    console
        .read(&granted, &database, ActivityPage::of)
        .map_err(|_| super::guard::not_found())
}
