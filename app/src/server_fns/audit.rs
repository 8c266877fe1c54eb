//! The audit trail.

use domain::audit::AuditPage;
use leptos::prelude::*;

use crate::error::AppError;

/// Loads one page of the audit trail. The parameters are those of the page's address.
#[server(prefix = "/fn", endpoint = "list_audit", input = leptos::server_fn::codec::Json)]
pub async fn list_audit(parameters: Vec<(String, String)>) -> Result<AuditPage, AppError> {
    use domain::audit::AuditQuery;

    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ViewAudit, "audit").await?;
    let query = AuditQuery::from_parameters(|name| {
        parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    })
    .map_err(|error| guard::unfit(error.into()))?;
    console
        .audit_page(&granted, &query)
        .await
        .map_err(|error| guard::failed("reading the audit log", &error))
}
