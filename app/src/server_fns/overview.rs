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
            let failing = if may {
                let (console, details) = super::guard::demand(Permission::ViewDetails, "overview").await?;
                let kept = console.retention_statuses(&details, &database).await;
                kept.map_err(|error| super::guard::action_refused("reading retention", error))?
            } else {
                Vec::new()
            };
            let overview = console
                .overview(&granted, &database)
                .map_err(|_| super::guard::not_found())?;
            Ok(crate::pages::draw_overview(with_retention(overview, failing)))
        },
    )
    .await
}

/// What the console itself drops needs attention as policies do.
#[cfg(feature = "ssr")]
fn with_retention(
    mut overview: domain::overview::Overview,
    kept: Vec<domain::retention_run::RetentionStatus>,
) -> domain::overview::Overview {
    use domain::attention::{MOST_LISTED, of_console_retention};

    if let Some(details) = &mut overview.details {
        let failing: Vec<_> = kept.iter().filter_map(of_console_retention).collect();
        details.attention_total += failing.len() as u64;
        details.attention.splice(0..0, failing);
        details
            .attention
            .sort_by_key(|attention| std::cmp::Reverse(attention.light));
        details.attention.truncate(MOST_LISTED);
    }
    overview
}

#[cfg(feature = "ssr")]
impl DrawnOverview {
    fn bytes(&self) -> usize {
        self.health.len() + self.figures.len() + self.attention.len() + self.server.len() + self.tables.len()
    }
}
