//! Runs of the console's own retention, and the transactions they are made of.

use domain::audit::ActorKind;
use domain::policy::AgePolicy;
use domain::retention_run::{ChunkSum, RetentionOutcome, RetentionRun, RetentionTrigger};
use domain::table_name::TableName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{StateError, StateStore, loaded, stored, time};
use crate::actions::Pulse;

/// Nothing was heard of the console for so long: it is taken for dead.
pub(crate) const SILENT_AFTER_MS: i64 = 30_000;

/// Who asked for something: kind, name and address; for the schedule the console itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Actor {
    pub(crate) kind: ActorKind,
    pub(crate) name: String,
    pub(crate) address: String,
}

/// A run that begins.
#[derive(Debug, Clone)]
pub(crate) struct NewRun<'a> {
    pub(crate) database: &'a str,
    pub(crate) table: &'a TableName,
    pub(crate) policy: &'a AgePolicy,
    pub(crate) actor: &'a Actor,
    pub(crate) intent_id: i64,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub(crate) struct RunEnd {
    pub(crate) outcome: RetentionOutcome,
    pub(crate) oldest_kept: Option<domain::hypertable::TimePoint>,
    pub(crate) failure: String,
}

/// A run that has not ended, with what is needed to end it for a console that is gone.
#[derive(Debug, Clone)]
pub(crate) struct OpenRun {
    pub(crate) run: RetentionRun,
    pub(crate) actor: Actor,
    pub(crate) intent_id: i64,
}

/// A chunk as a batch's record names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BatchChunk {
    pub(crate) name: TableName,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
}

/// A batch that was begun, and of which nobody wrote down how it ended.
#[derive(Debug, Clone)]
pub(crate) struct OpenBatch {
    pub(crate) number: i64,
    pub(crate) chunks: Vec<BatchChunk>,
}

const COLUMNS: &str = "select id, schema_name, table_name, policy, actor_kind, actor, address, started_at_ms, seen_at_ms,
    ended_at_ms, outcome, due_chunks, due_bytes, due_rows, dropped_chunks, dropped_bytes, dropped_rows, batches,
    oldest_kept, failure, cancelled_by, intent_id
  from retention_runs";

fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn actor(row: &AnyRow) -> Result<Actor, StateError> {
    let kind: String = row.try_get("actor_kind")?;
    Ok(Actor {
        kind: actor_kind(&kind)?,
        name: row.try_get("actor")?,
        address: row.try_get("address")?,
    })
}

pub(super) fn actor_kind(text: &str) -> Result<ActorKind, StateError> {
    ActorKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| StateError::Unreadable(format!("the actor {text:?}")))
}

fn open_run(row: &AnyRow, now: Timestamp) -> Result<OpenRun, StateError> {
    let actor = actor(row)?;
    let trigger = match actor.kind {
        ActorKind::Console => RetentionTrigger::Schedule,
        ActorKind::CommandLine => RetentionTrigger::ByHand {
            who: "the command line".to_owned(),
        },
        _ => RetentionTrigger::ByHand {
            who: actor.name.clone(),
        },
    };
    let outcome: Option<String> = row.try_get("outcome")?;
    let outcome = outcome
        .map(|text| {
            RetentionOutcome::ALL
                .into_iter()
                .find(|outcome| outcome.as_str() == text)
                .ok_or_else(|| StateError::Unreadable(format!("the outcome {text:?}")))
        })
        .transpose()?;
    let due = match row.try_get::<Option<i64>, _>("due_chunks")? {
        None => None,
        Some(chunks) => Some(ChunkSum {
            chunks: count(chunks),
            bytes: count(row.try_get("due_bytes")?),
            rows: count(row.try_get("due_rows")?),
        }),
    };
    let oldest_kept: Option<String> = row.try_get("oldest_kept")?;
    let ended_at = time(row, "ended_at_ms")?;
    let seen_at_ms: i64 = row.try_get("seen_at_ms")?;
    Ok(OpenRun {
        run: RetentionRun {
            id: row.try_get("id")?,
            table: TableName {
                schema: row.try_get("schema_name")?,
                name: row.try_get("table_name")?,
            },
            trigger,
            started_at: loaded(row.try_get("started_at_ms")?)?,
            ended_at,
            outcome,
            is_silent: ended_at.is_none() && seen_at_ms + SILENT_AFTER_MS < stored(now),
            due,
            dropped: ChunkSum {
                chunks: count(row.try_get("dropped_chunks")?),
                bytes: count(row.try_get("dropped_bytes")?),
                rows: count(row.try_get("dropped_rows")?),
            },
            batches: count(row.try_get("batches")?),
            oldest_kept: oldest_kept
                .map(|text| {
                    serde_json::from_str(&text)
                        .map_err(|_| StateError::Unreadable(format!("the place {text}")))
                })
                .transpose()?,
            failure: row.try_get("failure")?,
            cancelled_by: row.try_get("cancelled_by")?,
        },
        actor,
        intent_id: row.try_get("intent_id")?,
    })
}

/// Begins a run; returns its number.
pub(crate) async fn insert_run(
    connection: &mut AnyConnection,
    run: &NewRun<'_>,
    now: Timestamp,
) -> Result<i64, StateError> {
    Ok(sqlx::query_scalar(
        "insert into retention_runs (database_name, schema_name, table_name, policy, actor_kind, actor, address,
           started_at_ms, seen_at_ms, intent_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
    )
    .bind(run.database)
    .bind(run.table.schema.as_str())
    .bind(run.table.name.as_str())
    // A policy is plain data: it cannot fail to be written.
    .bind(serde_json::to_string(run.policy).unwrap_or_default())
    .bind(run.actor.kind.as_str())
    .bind(run.actor.name.as_str())
    .bind(run.actor.address.as_str())
    .bind(stored(now))
    .bind(stored(now))
    .bind(run.intent_id)
    .fetch_one(connection)
    .await?)
}

/// Ends a run that has not ended; `false` where somebody else did.
pub(crate) async fn end_run(
    connection: &mut AnyConnection,
    id: i64,
    end: &RunEnd,
    now: Timestamp,
) -> Result<bool, StateError> {
    let ended = sqlx::query(
        "update retention_runs set ended_at_ms = $2, seen_at_ms = $3, outcome = $4, oldest_kept = $5, failure = $6
         where id = $1 and ended_at_ms is null",
    )
    .bind(id)
    .bind(stored(now))
    .bind(stored(now))
    .bind(end.outcome.as_str())
    .bind(
        end.oldest_kept
            .map(|point| serde_json::to_string(&point).unwrap_or_default()),
    )
    .bind(end.failure.as_str())
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Sets when a table is due next, unless its policy or its next start was changed meanwhile.
pub(crate) async fn move_next_start(
    connection: &mut AnyConnection,
    database: &str,
    table: &TableName,
    seen: Timestamp,
    next_start: Timestamp,
) -> Result<bool, StateError> {
    let moved = sqlx::query(
        "update console_retention set next_start_ms = $5
         where database_name = $1 and schema_name = $2 and table_name = $3 and next_start_ms = $4",
    )
    .bind(database)
    .bind(table.schema.as_str())
    .bind(table.name.as_str())
    .bind(stored(seen))
    .bind(stored(next_start))
    .execute(connection)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Notes how a batch ended: what was dropped of it is added to its run. Once only, whoever comes first.
pub(crate) async fn settle_batch(
    connection: &mut AnyConnection,
    run_id: i64,
    batch: i64,
    dropped: ChunkSum,
    now: Timestamp,
) -> Result<(), StateError> {
    let settled = sqlx::query(
        "update retention_batches set is_settled = 1 where run_id = $1 and number = $2 and is_settled = 0",
    )
    .bind(run_id)
    .bind(batch)
    .execute(&mut *connection)
    .await?;
    if settled.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query(
        "update retention_runs set dropped_chunks = dropped_chunks + $2, dropped_bytes = dropped_bytes + $3,
           dropped_rows = dropped_rows + $4, batches = batches + $5, seen_at_ms = $6 where id = $1",
    )
    .bind(run_id)
    .bind(number(dropped.chunks))
    .bind(number(dropped.bytes))
    .bind(number(dropped.rows))
    .bind(i64::from(dropped.chunks > 0))
    .bind(stored(now))
    .execute(connection)
    .await?;
    Ok(())
}

impl StateStore {
    /// Notes what a run found to be due.
    pub(crate) async fn note_due(&self, id: i64, due: ChunkSum, now: Timestamp) -> Result<(), StateError> {
        sqlx::query(
            "update retention_runs set due_chunks = $2, due_bytes = $3, due_rows = $4, seen_at_ms = $5 where id = $1",
        )
        .bind(id)
        .bind(number(due.chunks))
        .bind(number(due.bytes))
        .bind(number(due.rows))
        .bind(stored(now))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes that the console which runs it is alive, as long as the run has not ended.
    pub(crate) async fn note_run_alive(&self, id: i64, now: Timestamp) -> Result<Pulse, StateError> {
        let row = sqlx::query(
            "update retention_runs set seen_at_ms = $2 where id = $1 and ended_at_ms is null returning cancelled_by",
        )
        .bind(id)
        .bind(stored(now))
        .fetch_optional(&self.pool)
        .await?;
        let is_to_end = row
            .map(|row| row.try_get::<Option<String>, _>("cancelled_by"))
            .transpose()?
            .map(|who| who.is_some());
        Ok(Pulse::of(is_to_end))
    }

    /// Writes down what is about to be dropped in one transaction, as long as the run has not ended; `false` where it has.
    pub(crate) async fn begin_batch(
        &self,
        run_id: i64,
        batch: i64,
        chunks: &[BatchChunk],
    ) -> Result<bool, StateError> {
        let inserted = sqlx::query(
            "insert into retention_batches (run_id, number, chunks)
             select id, $2, $3 from retention_runs where id = $1 and ended_at_ms is null",
        )
        .bind(run_id)
        .bind(batch)
        // Names and numbers cannot fail to be written.
        .bind(serde_json::to_string(chunks).unwrap_or_default())
        .execute(&self.pool)
        .await?;
        Ok(inserted.rows_affected() == 1)
    }

    /// Batches of a run of which nobody wrote down how they ended.
    pub(crate) async fn open_batches(&self, run_id: i64) -> Result<Vec<OpenBatch>, StateError> {
        let rows = sqlx::query(
            "select number, chunks from retention_batches where run_id = $1 and is_settled = 0 order by number",
        )
        .bind(run_id)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let chunks: String = row.try_get("chunks")?;
                Ok(OpenBatch {
                    number: row.try_get("number")?,
                    chunks: serde_json::from_str(&chunks)
                        .map_err(|_| StateError::Unreadable("the chunks of a retention run".to_owned()))?,
                })
            })
            .collect()
    }

    /// Notes how a batch ended.
    pub(crate) async fn settle_batch(
        &self,
        run_id: i64,
        batch: i64,
        dropped: ChunkSum,
        now: Timestamp,
    ) -> Result<(), StateError> {
        let mut transaction = self.begin().await?;
        settle_batch(&mut transaction, run_id, batch, dropped, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes runs and actions that ended before this time, with all that is known of them.
    pub(crate) async fn remove_operations_before(&self, before: Timestamp) -> Result<(), StateError> {
        let mut transaction = self.begin().await?;
        sqlx::query("delete from retention_runs where ended_at_ms < $1")
            .bind(stored(before))
            .execute(&mut *transaction)
            .await?;
        sqlx::query("delete from actions where ended_at_ms < $1")
            .bind(stored(before))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Asks for a run to end; `false` where it has ended, or there is none.
    pub(crate) async fn cancel_run(&self, database: &str, id: i64, who: &str) -> Result<bool, StateError> {
        let cancelled = sqlx::query(
            "update retention_runs set cancelled_by = $3
             where id = $1 and database_name = $2 and ended_at_ms is null",
        )
        .bind(id)
        .bind(database)
        .bind(who)
        .execute(&self.pool)
        .await?;
        Ok(cancelled.rows_affected() == 1)
    }

    /// Runs that have not ended, the oldest first.
    pub(crate) async fn open_runs(&self, database: &str, now: Timestamp) -> Result<Vec<OpenRun>, StateError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} where database_name = $1 and ended_at_ms is null order by id"
        )))
        .bind(database)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| open_run(row, now)).collect()
    }

    /// One run.
    pub(crate) async fn retention_run(&self, id: i64, now: Timestamp) -> Result<Option<OpenRun>, StateError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} where id = $1")))
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(|row| open_run(row, now)).transpose()
    }

    /// Runs, the newest first: of one table or of all, older than one of them.
    pub(crate) async fn retention_runs(
        &self,
        database: &str,
        table: Option<&TableName>,
        before: Option<i64>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<RetentionRun>, StateError> {
        let of_table = "and schema_name = $4 and table_name = $5";
        let statement = format!(
            "{COLUMNS} where database_name = $1 and id < $2 {} order by id desc limit $3",
            if table.is_some() { of_table } else { "" }
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(database)
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit));
        if let Some(table) = table {
            query = query.bind(table.schema.as_str()).bind(table.name.as_str());
        }
        let rows = query.fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| open_run(row, now).map(|open| open.run))
            .collect()
    }

    /// How many runs of a table failed since the last that did not.
    pub(crate) async fn failures_in_a_row(
        &self,
        database: &str,
        table: &TableName,
    ) -> Result<u32, StateError> {
        let count: i64 = sqlx::query_scalar(
            "select count(*) from retention_runs where database_name = $1 and schema_name = $2 and table_name = $3
               and outcome in ('failed', 'interrupted') and id > coalesce((select max(id) from retention_runs
                 where database_name = $4 and schema_name = $5 and table_name = $6
                   and outcome in ('succeeded', 'partial')), 0)",
        )
        .bind(database)
        .bind(table.schema.as_str())
        .bind(table.name.as_str())
        .bind(database)
        .bind(table.schema.as_str())
        .bind(table.name.as_str())
        .fetch_one(&self.pool)
        .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}
