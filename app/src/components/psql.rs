//! The same facts without the console.

use domain::psql::Statement;
use domain::table_name::TableName;
use leptos::prelude::*;

use super::frame::database_parameter;
use crate::browser::{copy, is_hydrated};
use crate::loading::load;
use crate::server_fns::psql_statement;

/// A statement by its name. It stands beside what follows the readings, not in it: it stays the same.
#[component]
pub(crate) fn PsqlOf(
    /// What it gives, for example `Hypertables`.
    title: &'static str,
    /// Which one.
    statement: Statement,
    /// For this table only.
    #[prop(optional, into)]
    table: Option<Signal<TableName>>,
) -> impl IntoView {
    let database = database_parameter();
    let loaded = load(
        move || (database.get(), table.map(|table| table.get())),
        move |(database, table)| psql_statement(database, statement, table),
    );
    view! {
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                let sql = loaded.await.ok().flatten()?;
                Some(view! { <Psql title sql /> })
            })}
        </Transition>
    }
}

/// A statement that gives in psql what the page shows: folded away, and copied with a button where the browser can.
#[component]
pub(crate) fn Psql(
    /// What it gives, for example `Hypertables`.
    title: &'static str,
    /// The statement.
    #[prop(into)]
    sql: String,
) -> impl IntoView {
    let is_hydrated = is_hydrated();
    let said = RwSignal::new("");
    let statement = StoredValue::new(sql.clone());
    let copy_it = move |_| {
        copy(&statement.get_value(), move |is_copied| {
            said.set(if is_copied {
                "Copied."
            } else {
                "The browser did not copy it. Select the statement and copy it with the keyboard."
            });
        });
    };
    view! {
        <details class="psql">
            <summary>"SQL" <span class="visually-hidden">{format!(" for {title}")}</span></summary>
            <div class="psql-body">
                <p>
                    "The same facts in psql, by TimescaleDB's own views and functions. "
                    <Show when=move || is_hydrated.get()>
                        <button type="button" class="btn" aria-label=format!("Copy the SQL for {title}") on:click=copy_it>"Copy"</button>
                    </Show>
                    " " <span class="hint" aria-live="polite">{said}</span>
                </p>
                <pre tabindex="0" role="region" aria-label=format!("SQL for {title}")><code>{sql}</code></pre>
            </div>
        </details>
    }
    .into_any()
}
