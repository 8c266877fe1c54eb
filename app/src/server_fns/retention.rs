//! What the console itself drops: how it stands, what a run would do, running it now, ending it.

use charts::Markup;
use domain::table_name::TableName;
use leptos::prelude::*;

use crate::components::DrawnProgress;
use crate::error::AppError;

/// Draws how the console's retention of a table stands; with what a run would do now, where that is asked for.
#[server(prefix = "/fn", endpoint = "draw_retention", input = leptos::server_fn::codec::Json)]
pub async fn draw_retention(
    database: String,
    table: TableName,
    dry_run: bool,
    before: Option<i64>,
) -> Result<DrawnProgress, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ChangePolicies, "retention").await?;
    let refused = |error| guard::action_refused("reading retention", error);
    let status = console
        .retention_statuses(&granted, &database)
        .await
        .map_err(refused)?
        .into_iter()
        .find(|status| status.table == table)
        .ok_or_else(guard::not_found)?;
    console.note_read(&granted, &format!("retention of {table}"), &database);
    let runs = console
        .retention_runs(
            &granted,
            &database,
            Some(&table),
            before,
            crate::pages::ACTIONS_A_PAGE,
        )
        .await
        .map_err(refused)?;
    let dry = if dry_run {
        Some(
            console
                .dry_run_retention(&granted, &database, &table)
                .await
                .map_err(refused)?,
        )
    } else {
        None
    };
    let drawn = crate::pages::draw_retention_of(&database, &status, &runs, before.is_none(), dry);
    Ok(crate::components::progress(drawn, status.running.is_none()))
}

/// Draws what the console keeps of a table: what it drops of it itself, and the way to what was changed and done.
#[server(prefix = "/fn", endpoint = "draw_kept_policies", input = leptos::server_fn::codec::Json)]
pub async fn draw_kept_policies(database: String, table: TableName) -> Result<Markup, AppError> {
    use domain::snapshot::Edition;
    use domain::table_page::TablePage;

    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ViewDetails, "hypertable").await?;
    let reading = console
        .read(&granted, &database, |seen| {
            TablePage::of(seen, &table).map(|page| page.table.table_name())
        })
        .map_err(|_| guard::not_found())?;
    let edition = reading.edition.unwrap_or(Edition::Community);
    let table = reading.facts.flatten().unwrap_or(table);
    let status = console
        .retention_statuses(&granted, &database)
        .await
        .map_err(|error| guard::action_refused("reading retention", error))?
        .into_iter()
        .find(|status| status.table == table);
    Ok(crate::pages::draw_kept_policies(
        &database,
        &table,
        status,
        edition,
        |permission| granted.may(permission),
    ))
}

/// Runs the console's retention of a table now. It drops data: the table's name has to be typed.
#[server(prefix = "/fn", endpoint = "run_retention")]
pub async fn run_retention(
    database: String,
    table: String,
    #[server(default)] typed_name: String,
) -> Result<(), AppError> {
    use super::guard;
    use crate::error::Refusal;

    let (console, granted) = guard::demand(domain::role::Permission::ChangePolicies, "retention").await?;
    let table = TableName::from_qualified(&table).ok_or_else(super::bad_request)?;
    guard::stands_on(domain::page::retention_page(&database, &table), Vec::new());
    // A name may have blanks around it, which nobody sees.
    if ![table.to_string(), table.qualified()]
        .iter()
        .any(|name| name.trim() == typed_name.trim())
    {
        return Err(guard::unfit(AppError::Refused(
            Refusal::NameNotTyped,
            format!("This loses data. Type {table} to confirm it."),
        )));
    }
    console
        .run_retention_now(&granted, &database, &table)
        .await
        .map_err(|error| guard::action_refused("running retention", error))?;
    leptos_axum::redirect(&domain::page::retention_page(&database, &table));
    Ok(())
}

/// Ends a run of the console's retention: what was dropped stays dropped.
#[server(prefix = "/fn", endpoint = "cancel_retention")]
pub async fn cancel_retention(database: String, table: String, id: i64) -> Result<(), AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ChangePolicies, "retention").await?;
    let table = TableName::from_qualified(&table).ok_or_else(super::bad_request)?;
    guard::stands_on(domain::page::retention_page(&database, &table), Vec::new());
    console
        .cancel_retention_run(&granted, &database, id)
        .await
        .map_err(|error| guard::action_refused("ending retention", error))?;
    leptos_axum::redirect(&domain::page::retention_page(&database, &table));
    Ok(())
}
