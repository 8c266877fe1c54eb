//! What pages show, as statements for psql.

use domain::psql::Statement;
use domain::table_name::TableName;
use leptos::prelude::*;

use crate::error::AppError;

/// Gives a statement, with a table for that one only; `None` for those who may see the status only, and for a table that
/// is none. A function so that the browser loads only the statements it shows.
#[server(prefix = "/fn", endpoint = "psql_statement", input = leptos::server_fn::codec::Json)]
pub async fn psql_statement(
    database: String,
    statement: Statement,
    table: Option<TableName>,
) -> Result<Option<String>, AppError> {
    use domain::role::Permission;
    use domain::table_page::TablePage;

    use super::guard;

    let (_, granted) = guard::demand(Permission::ViewStatus, "psql").await?;
    if !granted.may(Permission::ViewDetails) {
        return Ok(None);
    }
    let (console, granted) = guard::demand(Permission::ViewDetails, "psql").await?;
    let known = console
        .read(&granted, &database, |seen| {
            table
                .as_ref()
                .is_none_or(|table| TablePage::of(seen, table).is_some())
        })
        .map_err(|_| guard::not_found())?;
    // Before the first reading nothing is known to be missing.
    Ok((known.facts != Some(false)).then(|| statement.sql(table.as_ref())))
}
