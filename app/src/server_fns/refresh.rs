//! Reading now instead of at the next beat.

use leptos::prelude::*;

use crate::error::AppError;

/// Reads the database now; requests made at the same time are answered by one reading.
#[server(prefix = "/fn", endpoint = "refresh_database")]
pub async fn refresh_database(database: String) -> Result<(), AppError> {
    let (console, granted) = super::guard::demand(domain::role::Permission::Refresh, "refresh").await?;
    console
        .refresh(&granted, &database)
        .await
        .map_err(|_| super::guard::not_found())
}
