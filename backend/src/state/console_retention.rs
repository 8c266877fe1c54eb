//! What the console itself drops of tables, where the server's edition has no retention policies of its own.

use domain::policy::AgePolicy;
use domain::table_name::TableName;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{StateError, StateStore, loaded, stored};

/// What the console drops of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConsoleRetention {
    /// The table.
    pub(crate) table: TableName,
    /// What, and when.
    pub(crate) policy: AgePolicy,
    /// When it is due next.
    pub(crate) next_start: Timestamp,
}

fn read(row: &AnyRow) -> Result<ConsoleRetention, StateError> {
    let policy: String = row.try_get("policy")?;
    Ok(ConsoleRetention {
        table: TableName {
            schema: row.try_get("schema_name")?,
            name: row.try_get("table_name")?,
        },
        policy: serde_json::from_str(&policy)
            .map_err(|_| StateError::Unreadable(format!("the retention policy {policy}")))?,
        next_start: loaded(row.try_get("next_start_ms")?)?,
    })
}

/// Every table of a database that the console drops chunks of.
pub(crate) async fn console_retentions(
    connection: &mut AnyConnection,
    database: &str,
) -> Result<Vec<ConsoleRetention>, StateError> {
    let rows = sqlx::query(
        "select schema_name, table_name, policy, next_start_ms from console_retention
         where database_name = $1 order by schema_name, table_name",
    )
    .bind(database)
    .fetch_all(connection)
    .await?;
    rows.iter().map(read).collect()
}

/// Sets what the console drops of a table and when it is due next; `None` to drop nothing any more.
pub(crate) async fn set_console_retention(
    connection: &mut AnyConnection,
    database: &str,
    table: &TableName,
    retention: Option<(&AgePolicy, Timestamp)>,
) -> Result<(), StateError> {
    let Some((policy, next_start)) = retention else {
        sqlx::query(
            "delete from console_retention where database_name = $1 and schema_name = $2 and table_name = $3",
        )
        .bind(database)
        .bind(table.schema.as_str())
        .bind(table.name.as_str())
        .execute(connection)
        .await?;
        return Ok(());
    };
    sqlx::query(
        "insert into console_retention (database_name, schema_name, table_name, policy, next_start_ms)
         values ($1, $2, $3, $4, $5)
         on conflict (database_name, schema_name, table_name)
         do update set policy = excluded.policy, next_start_ms = excluded.next_start_ms",
    )
    .bind(database)
    .bind(table.schema.as_str())
    .bind(table.name.as_str())
    // A policy is plain data: it cannot fail to be written.
    .bind(serde_json::to_string(policy).unwrap_or_default())
    .bind(stored(next_start))
    .execute(connection)
    .await?;
    Ok(())
}

impl StateStore {
    /// What the console drops of one table; `None` where it drops nothing of it.
    pub(crate) async fn console_retention(
        &self,
        database: &str,
        table: &TableName,
    ) -> Result<Option<ConsoleRetention>, StateError> {
        let mut connection = self.connection().await?;
        let all = console_retentions(&mut connection, database).await?;
        Ok(all.into_iter().find(|of| of.table == *table))
    }
}
