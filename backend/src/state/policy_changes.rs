//! Changes of policies: one row each, from the intent on. What ends a change names the transaction it knows of, so that
//! whoever comes second, the console that made it or one that settles it, ends nothing.

use domain::audit::ActorKind;
use domain::policy::{Current, Desired, Difference, PlannedStep};
use domain::policy_change::{ChangeState, PolicyChange};
use domain::table_name::TableName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{StateError, StateStore, loaded, stored, time};

/// Stands for a transaction that was not begun.
const NO_TRANSACTION: i64 = -1;

macro_rules! changes {
    ($condition:literal) => {
        concat!(
            "select id, database_name, schema_name, table_name, at_ms, actor_kind, actor, address, reason, undoes,
               undone_by, intent_id, content, transaction_id, state, settled, finished_at_ms
             from policy_changes where ",
            $condition
        )
    };
}

/// What a change is made of, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Content {
    /// What it was planned for.
    pub(crate) before: Current,
    pub(crate) steps: Vec<PlannedStep>,
    pub(crate) effects: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) desired: Desired,
    pub(crate) inverse: Desired,
    pub(crate) drops_data: bool,
}

/// A change that is about to begin.
#[derive(Debug)]
pub(crate) struct NewChange<'a> {
    pub(crate) database: &'a str,
    pub(crate) relation: &'a TableName,
    pub(crate) at: Timestamp,
    pub(crate) actor_kind: ActorKind,
    pub(crate) actor: &'a str,
    pub(crate) address: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) undoes: Option<i64>,
    pub(crate) intent_id: i64,
    pub(crate) content: &'a Content,
    pub(crate) state: &'a ChangeState,
}

/// A change as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredChange {
    pub(crate) change: PolicyChange,
    pub(crate) address: String,
    pub(crate) intent_id: i64,
    pub(crate) before: Current,
    pub(crate) desired: Desired,
    pub(crate) transaction_id: Option<i64>,
}

/// How a change ends.
#[derive(Debug)]
pub(crate) struct End<'a> {
    pub(crate) id: i64,
    /// The transaction whose fate is known.
    pub(crate) transaction_id: Option<i64>,
    pub(crate) state: &'a ChangeState,
    pub(crate) settled: Option<&'a str>,
    pub(crate) at: Timestamp,
}

/// Plain data cannot fail to be written.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Writes a change down and returns its number.
pub(crate) async fn insert_change(
    connection: &mut AnyConnection,
    change: &NewChange<'_>,
) -> Result<i64, StateError> {
    Ok(sqlx::query_scalar(
        "insert into policy_changes (database_name, schema_name, table_name, at_ms, actor_kind, actor, address, reason,
           undoes, intent_id, fingerprint, content, state)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id",
    )
    .bind(change.database)
    .bind(change.relation.schema.as_str())
    .bind(change.relation.name.as_str())
    .bind(stored(change.at))
    .bind(change.actor_kind.as_str())
    .bind(change.actor)
    .bind(change.address)
    .bind(change.reason)
    .bind(change.undoes)
    .bind(change.intent_id)
    .bind(change.content.before.fingerprint())
    .bind(json(change.content))
    .bind(json(change.state))
    .fetch_one(connection)
    .await?)
}

/// Ends a change; `false` where it has ended, or another transaction has begun meanwhile.
pub(crate) async fn end_change(connection: &mut AnyConnection, end: &End<'_>) -> Result<bool, StateError> {
    let ended = sqlx::query(
        "update policy_changes set state = $1, settled = $2, finished_at_ms = $3
         where id = $4 and finished_at_ms is null and coalesce(transaction_id, -1) = $5",
    )
    .bind(json(end.state))
    .bind(end.settled)
    .bind(stored(end.at))
    .bind(end.id)
    .bind(end.transaction_id.unwrap_or(NO_TRANSACTION))
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Notes which change took another one back.
pub(crate) async fn mark_undone(connection: &mut AnyConnection, id: i64, by: i64) -> Result<(), StateError> {
    sqlx::query("update policy_changes set undone_by = $1 where id = $2")
        .bind(by)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<StoredChange, StateError> {
    let id: i64 = row.try_get("id")?;
    let unreadable = || StateError::Unreadable(format!("the change of a policy number {id}"));
    let actor_kind: String = row.try_get("actor_kind")?;
    let content: String = row.try_get("content")?;
    let state: String = row.try_get("state")?;
    let content: Content = serde_json::from_str(&content).map_err(|_| unreadable())?;
    Ok(StoredChange {
        change: PolicyChange {
            id,
            database: row.try_get("database_name")?,
            relation: TableName {
                schema: row.try_get("schema_name")?,
                name: row.try_get("table_name")?,
            },
            at: loaded(row.try_get("at_ms")?)?,
            finished_at: time(row, "finished_at_ms")?,
            actor_kind: ActorKind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == actor_kind)
                .ok_or_else(unreadable)?,
            actor: row.try_get("actor")?,
            reason: row.try_get("reason")?,
            undoes: row.try_get("undoes")?,
            undone_by: row.try_get("undone_by")?,
            statements: content.steps,
            effects: content.effects,
            warnings: content.warnings,
            differences: content.differences,
            inverse: content.inverse,
            drops_data: content.drops_data,
            state: serde_json::from_str(&state).map_err(|_| unreadable())?,
            settled: row.try_get("settled")?,
        },
        address: row.try_get("address")?,
        intent_id: row.try_get("intent_id")?,
        before: content.before,
        desired: content.desired,
        transaction_id: row.try_get("transaction_id")?,
    })
}

impl StateStore {
    /// Writes down which transaction is about to do a change, in the place of the one before; `false` where somebody
    /// ended the change meanwhile, so that nothing may be done any more.
    pub(crate) async fn begin_attempt(
        &self,
        id: i64,
        before: Option<i64>,
        transaction_id: i64,
        state: &ChangeState,
    ) -> Result<bool, StateError> {
        let begun = sqlx::query(
            "update policy_changes set transaction_id = $1, state = $2
             where id = $3 and finished_at_ms is null and coalesce(transaction_id, -1) = $4",
        )
        .bind(transaction_id)
        .bind(json(state))
        .bind(id)
        .bind(before.unwrap_or(NO_TRANSACTION))
        .execute(&self.pool)
        .await?;
        Ok(begun.rows_affected() == 1)
    }

    /// Notes how a change stands that has not ended.
    pub(crate) async fn note_change(&self, id: i64, state: &ChangeState) -> Result<(), StateError> {
        sqlx::query("update policy_changes set state = $1 where id = $2 and finished_at_ms is null")
            .bind(json(state))
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// One change of a database.
    pub(crate) async fn find_change(
        &self,
        database: &str,
        id: i64,
    ) -> Result<Option<StoredChange>, StateError> {
        sqlx::query(changes!("database_name = $1 and id = $2"))
            .bind(database)
            .bind(id)
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(read)
            .transpose()
    }

    /// Changes of a database, or of one table of it, newest first.
    pub(crate) async fn changes(
        &self,
        database: &str,
        table: Option<&TableName>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<StoredChange>, StateError> {
        let before = before.unwrap_or(i64::MAX);
        let statement = match table {
            None => sqlx::query(changes!(
                "database_name = $1 and id < $2 order by id desc limit $3"
            ))
            .bind(database)
            .bind(before)
            .bind(i64::from(limit)),
            Some(table) => sqlx::query(changes!(
                "database_name = $1 and id < $2 and schema_name = $4 and table_name = $5 order by id desc limit $3"
            ))
            .bind(database)
            .bind(before)
            .bind(i64::from(limit))
            .bind(table.schema.as_str())
            .bind(table.name.as_str()),
        };
        statement.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// How many changes there are of a database, or of one table of it.
    pub(crate) async fn count_changes(
        &self,
        database: &str,
        table: Option<&TableName>,
    ) -> Result<u64, StateError> {
        let count: i64 = sqlx::query_scalar(
            "select count(*) from policy_changes where database_name = $1
               and ($2 = '' or (schema_name = $2 and table_name = $3))",
        )
        .bind(database)
        .bind(table.map_or("", |table| table.schema.as_str()))
        .bind(table.map_or("", |table| table.name.as_str()))
        .fetch_one(&self.pool)
        .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Changes of a database whose end is not known, oldest first.
    pub(crate) async fn changes_without_end(&self, database: &str) -> Result<Vec<StoredChange>, StateError> {
        sqlx::query(changes!(
            "database_name = $1 and finished_at_ms is null order by id"
        ))
        .bind(database)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// The policy of a fingerprint, where a change was planned for it.
    pub(crate) async fn policy_of_fingerprint(
        &self,
        database: &str,
        fingerprint: &str,
    ) -> Result<Option<Current>, StateError> {
        let found = sqlx::query(changes!(
            "database_name = $1 and fingerprint = $2 order by id desc limit 1"
        ))
        .bind(database)
        .bind(fingerprint)
        .fetch_optional(&self.pool)
        .await?;
        Ok(found.as_ref().map(read).transpose()?.map(|stored| stored.before))
    }
}
