//! Reading the server: connections, workers, cache, transaction ids, replication slots.

use domain::server_health::{
    BackgroundWorkers, CacheReads, ReplicationSlot, RunningWorkers, ServerHealth, TransactionIds,
};
use domain::snapshot::Connections;
use domain::visible::{Hidden, Visible};
use jiff::Timestamp;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::axis::{count, moment_ms, small_count};

#[derive(FromRow)]
struct ServerRow {
    max_connections: i32,
    open_connections: i32,
    active_connections: i32,
    timescaledb_workers: i32,
    server_workers: i32,
    parallel_workers: i32,
    console_connections: i32,
    schedulers: i32,
    running_jobs: i32,
    running_parallel: i32,
    running_workers: i32,
    databases: i32,
    cache_hits: Option<i64>,
    cache_reads: Option<i64>,
    statistics_reset_ms: Option<i64>,
    transaction_age: i64,
    multixact_age: i64,
    forced_vacuum_age: i64,
}

#[derive(FromRow)]
struct SlotRow {
    name: String,
    kind: String,
    active: bool,
    held_bytes: Option<i64>,
    wal_status: Option<String>,
}

/// The counters of the reading before, to tell what came since.
#[derive(Debug, Clone, Copy)]
pub(super) struct CacheCounters {
    reads: CacheReads,
    reset_at: Option<Timestamp>,
}

/// Connections and health. What the slow beat adds (a newer version) is left empty.
pub(super) async fn read_server(
    connection: &mut PgConnection,
    reads_all_stats: bool,
    before: &mut Option<CacheCounters>,
) -> Result<(Connections, ServerHealth), sqlx::Error> {
    let row: ServerRow = sqlx::query_as(include_str!("sql/server.sql"))
        .fetch_one(&mut *connection)
        .await?;
    let slots: Vec<SlotRow> = sqlx::query_as(include_str!("sql/replication_slots.sql"))
        .fetch_all(&mut *connection)
        .await?;

    let connections = Connections {
        open: small_count(row.open_connections),
        active: reads_all_stats.then(|| small_count(row.active_connections)),
        console: small_count(row.console_connections),
        max: small_count(row.max_connections),
    };
    let counters = CacheCounters {
        reads: CacheReads {
            hits: count(row.cache_hits.unwrap_or(0)),
            reads: count(row.cache_reads.unwrap_or(0)),
        },
        reset_at: row.statistics_reset_ms.and_then(moment_ms),
    };
    let recent_cache = before
        .filter(|before| before.reset_at == counters.reset_at)
        .and_then(|before| counters.reads.since(before.reads));
    *before = Some(counters);
    let health = ServerHealth {
        workers: BackgroundWorkers {
            timescaledb_limit: small_count(row.timescaledb_workers),
            server_limit: small_count(row.server_workers),
            parallel_limit: small_count(row.parallel_workers),
            running: if reads_all_stats {
                Visible::Shown(RunningWorkers {
                    schedulers: small_count(row.schedulers),
                    jobs: small_count(row.running_jobs),
                    parallel: small_count(row.running_parallel),
                    all: small_count(row.running_workers),
                })
            } else {
                Visible::Hidden(Hidden::OtherSessions)
            },
            databases: small_count(row.databases),
            scheduled_jobs: 0,
        },
        cache: counters.reads,
        recent_cache,
        statistics_reset_at: counters.reset_at,
        transaction_ids: TransactionIds {
            age: count(row.transaction_age),
            multixact_age: count(row.multixact_age),
            forced_vacuum_age: count(row.forced_vacuum_age),
        },
        replication_slots: slots.into_iter().map(slot).collect(),
        newer_version: None,
    };
    Ok((connections, health))
}

fn slot(row: SlotRow) -> ReplicationSlot {
    ReplicationSlot {
        name: row.name,
        kind: row.kind,
        active: row.active,
        held_bytes: row.held_bytes.map(count),
        wal_status: row.wal_status,
    }
}
