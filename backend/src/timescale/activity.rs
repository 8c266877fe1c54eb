//! Reading locks and long transactions.

use std::collections::HashMap;

use domain::activity::{Activity, HeldTable, LockWait, LongTransaction, PreparedTransaction, SessionFacts};
use domain::table_name::TableName;
use domain::visible::{Hidden, Visible};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::axis::{moment_ms, small_count};

#[derive(FromRow)]
struct WaitRow {
    pid: i32,
    mode: String,
    waiting_ms: Option<i64>,
    blocked_by: Vec<i32>,
    schema_name: Option<String>,
    table_name: Option<String>,
    chunk_schema: Option<String>,
    chunk_name: Option<String>,
    is_visible: bool,
    role: Option<String>,
    application_name: Option<String>,
    state: Option<String>,
    query: Option<String>,
    is_worker: bool,
}

#[derive(FromRow)]
struct TransactionRow {
    pid: Option<i32>,
    gid: Option<String>,
    role: Option<String>,
    application_name: Option<String>,
    state: Option<String>,
    query: Option<String>,
    is_worker: bool,
    since_ms: i64,
    holds_back_vacuum: bool,
    holder: String,
}

#[derive(FromRow)]
struct HeldRow {
    holder: String,
    schema_name: String,
    table_name: String,
    relations: i32,
    mode: String,
}

/// Who waits for whom, and who holds what for long.
pub(super) async fn read_activity(
    connection: &mut PgConnection,
    reads_all_stats: bool,
) -> Result<Activity, sqlx::Error> {
    let waits: Vec<WaitRow> = sqlx::query_as(include_str!("sql/lock_waits.sql"))
        .fetch_all(&mut *connection)
        .await?;
    let transactions: Vec<TransactionRow> = sqlx::query_as(include_str!("sql/long_transactions.sql"))
        .fetch_all(&mut *connection)
        .await?;
    let mut held: HashMap<String, Vec<HeldTable>> = HashMap::new();
    if !transactions.is_empty() {
        let holders: Vec<String> = transactions.iter().map(|row| row.holder.clone()).collect();
        let rows: Vec<HeldRow> = sqlx::query_as(include_str!("sql/held_locks.sql"))
            .bind(holders)
            .fetch_all(&mut *connection)
            .await?;
        for row in rows {
            held.entry(row.holder).or_default().push(HeldTable {
                table: TableName::new(row.schema_name, row.table_name),
                relations: small_count(row.relations),
                mode: row.mode,
            });
        }
    }

    let mut long = Vec::new();
    let mut prepared = Vec::new();
    for row in transactions {
        let Some(since) = moment_ms(row.since_ms) else {
            continue;
        };
        let holds = held.remove(&row.holder).unwrap_or_default();
        match (row.pid, row.gid) {
            (_, Some(gid)) => prepared.push(PreparedTransaction {
                gid,
                owner: row.role.unwrap_or_default(),
                since,
                holds,
            }),
            (Some(pid), None) => long.push(LongTransaction {
                pid,
                session: facts(
                    row.role,
                    row.application_name,
                    row.state,
                    row.query,
                    row.is_worker,
                ),
                since,
                holds,
                holds_back_vacuum: row.holds_back_vacuum,
            }),
            (None, None) => {}
        }
    }
    Ok(Activity {
        waits: waits.into_iter().map(wait).collect(),
        long_transactions: if reads_all_stats {
            Visible::Shown(long)
        } else {
            Visible::Hidden(Hidden::OtherSessions)
        },
        prepared_transactions: prepared,
    })
}

fn facts(
    role: Option<String>,
    application_name: Option<String>,
    state: Option<String>,
    query: Option<String>,
    is_worker: bool,
) -> SessionFacts {
    SessionFacts {
        role: role.unwrap_or_default(),
        application_name: application_name.unwrap_or_default(),
        state: state.unwrap_or_default(),
        query: query.unwrap_or_default(),
        is_worker,
    }
}

fn wait(row: WaitRow) -> LockWait {
    let name = |schema: Option<String>, name: Option<String>| {
        schema.zip(name).map(|(schema, name)| TableName { schema, name })
    };
    LockWait {
        pid: row.pid,
        session: if row.is_visible {
            Visible::Shown(facts(
                row.role,
                row.application_name,
                row.state,
                row.query,
                row.is_worker,
            ))
        } else {
            Visible::Hidden(Hidden::OtherSessions)
        },
        table: name(row.schema_name, row.table_name),
        chunk: name(row.chunk_schema, row.chunk_name),
        mode: row.mode,
        waiting_ms: row.waiting_ms.and_then(|ms| u64::try_from(ms).ok()),
        blocked_by: row.blocked_by,
    }
}
