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

/// Loads the frame for a database's pages.
#[server(prefix = "/fn", endpoint = "load_frame", input = leptos::server_fn::codec::GetUrl)]
pub async fn load_frame(database: String) -> Result<Frame, AppError> {
    let (console, granted) = super::guard::demand(domain::role::Permission::ViewStatus)?;
    Ok(Frame {
        account: granted.account().clone(),
        databases: console.database_names(),
        environment: console.environment.as_deref().map(str::to_owned),
        status: console
            .status(&granted, &database)
            .map_err(|_| super::guard::not_found())?,
    })
}
