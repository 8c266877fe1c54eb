//! What surrounds every page.

use domain::account::Account;
use domain::database::DatabaseName;
use domain::overview::DatabaseStatus;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// Everything the frame shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Who is signed in.
    pub account: Account,
    /// All databases, in the order of the configuration.
    pub databases: Vec<DatabaseName>,
    /// The environment's name.
    pub environment: Option<String>,
    /// The database of this page.
    pub status: DatabaseStatus,
}

/// Loads the frame: of a database's pages, or, without one, of the pages that belong to all of them.
#[server(prefix = "/fn", endpoint = "load_frame", input = leptos::server_fn::codec::GetUrl)]
pub async fn load_frame(database: Option<String>) -> Result<Frame, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ViewStatus, "frame").await?;
    let databases = console.database_names(&granted);
    Ok(Frame {
        account: granted
            .user()
            .map(|user| user.account().clone())
            .ok_or(AppError::NotSignedIn)?,
        databases,
        environment: console.environment().map(str::to_owned),
        // Under a name that no database has, the page says so; the frame is that of the first, and has the way out.
        status: console
            .status(&granted, &or_first(&console, &granted, database))
            .or_else(|_| console.status(&granted, &or_first(&console, &granted, None)))
            .map_err(|_| guard::not_found())?,
    })
}

/// The database that was asked for, or the first.
#[cfg(feature = "ssr")]
fn or_first(
    console: &backend::console::Console,
    granted: &backend::auth::Granted,
    database: Option<String>,
) -> String {
    database
        .or_else(|| console.database_names(granted).first().map(ToString::to_string))
        .unwrap_or_default()
}

/// How a database stands now; without one, the first.
#[server(prefix = "/fn", endpoint = "load_status", input = leptos::server_fn::codec::GetUrl)]
pub async fn load_status(database: Option<String>) -> Result<DatabaseStatus, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ViewStatus, "status").await?;
    console
        .status(&granted, &or_first(&console, &granted, database))
        .map_err(|_| guard::not_found())
}
