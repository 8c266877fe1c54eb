//! The Overview.

use charts::Markup;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// The Overview, drawn: nothing on it but the chart answers to anything, so the browser needs none of its code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrawnOverview {
    /// Whether the figures can be relied on, and whether anything needs attention.
    pub health: Markup,
    /// Whether who asks may have it read anew.
    pub may_refresh: bool,
    /// What is wrong with the reading, and the figures.
    pub figures: Markup,
    /// What needs attention. By itself, so that its links stay while the server's facts change with each reading.
    pub attention: Markup,
    /// The server.
    pub server: Markup,
    /// The largest tables.
    pub tables: Markup,
}

/// Loads the Overview of a database; its details only for those who may see them.
#[server(prefix = "/fn", endpoint = "load_overview", input = leptos::server_fn::codec::GetUrl)]
pub async fn load_overview(database: String) -> Result<DrawnOverview, AppError> {
    use domain::role::Permission;

    let (console, granted) = super::guard::demand(Permission::ViewStatus, "overview").await?;
    let may = granted.may(Permission::ViewDetails);
    let name = format!("overview, details {may} {}", super::charts::minute(&console));
    super::guard::keep(
        &console,
        &granted,
        &database,
        backend::console::MadeOf::Reading,
        name,
        DrawnOverview::bytes,
        async {
            let overview = console
                .overview(&granted, &database)
                .map_err(|_| super::guard::not_found())?;
            Ok(crate::pages::draw_overview(overview))
        },
    )
    .await
}

#[cfg(feature = "ssr")]
impl DrawnOverview {
    fn bytes(&self) -> usize {
        self.health.len() + self.figures.len() + self.attention.len() + self.server.len() + self.tables.len()
    }
}
