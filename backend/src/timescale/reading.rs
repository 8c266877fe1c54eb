//! One reading: probe, hypertables, policies, server, into a snapshot.

use std::collections::{BTreeMap, HashMap};
use std::num::TryFromIntError;
use std::time::Duration;

use domain::hypertable::{
    Chunk, ChunkRange, CompressionTotals, Exactness, Hypertable, TableSize, TimePoint, TimeSpan,
};
use domain::interval::Interval;
use domain::problem::{Problem, ProblemKind};
use domain::snapshot::{Connections, Edition, HypertableChunks, ServerFacts, Snapshot};
use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;
use sqlx::{Connection, FromRow};

use super::connection::{ConnectionUrl, connect_for_reading};
use super::measure::{Measurements, RELATIONS_PER_SESSION, UnsettledSize};
use super::problem::problem_of;
use crate::clock::SharedClock;

/// The first statement of a reading takes under a millisecond on a server that is there.
const PROBE_TIMEOUT: Duration = Duration::from_secs(4);

/// The statement that reads every chunk, up to TimescaleDB 2.28.
const CHUNKS_2_19: &str = concat!(
    include_str!("sql/relations.sql"),
    include_str!("sql/chunk_places_2_19.sql"),
    include_str!("sql/chunks.sql")
);
/// The same from 2.29 on.
const CHUNKS_2_29: &str = concat!(
    include_str!("sql/relations.sql"),
    include_str!("sql/chunk_places_2_29.sql"),
    include_str!("sql/chunks.sql")
);

/// Reads one database over one connection, which it opens, replaces and gives up by itself.
#[derive(Debug)]
pub struct Reader {
    url: ConnectionUrl,
    clock: SharedClock,
    session: Option<Session>,
    measurements: Measurements,
}

#[derive(Debug)]
struct Session {
    connection: PgConnection,
    relations_opened: usize,
}

#[derive(FromRow)]
struct Probe {
    postgres_version: String,
    database: String,
    role: String,
    timescaledb_version: Option<String>,
    license: Option<String>,
    started_at_ms: Option<i64>,
    reads_all_stats: bool,
    has_compress_relid: bool,
    has_chunk_relid: bool,
}

#[derive(FromRow)]
struct ServerRow {
    database_size_bytes: Option<i64>,
    max_connections: i32,
    open_connections: i32,
    active_connections: i32,
}

#[derive(FromRow)]
struct PolicyRow {
    schema_name: String,
    table_name: String,
    procedure: String,
    after: Option<String>,
}

#[derive(FromRow)]
struct HypertableRow {
    id: i32,
    schema_name: String,
    table_name: String,
    owner: String,
    time_column: String,
    time_type: String,
    integer_time: bool,
    dimensions: i64,
    interval_length: Option<i64>,
    range_start: Option<i64>,
    range_end: Option<i64>,
    chunks: i64,
    compressed_chunks: i64,
    unsettled_chunks: i64,
    exact: bool,
    heap_bytes: i64,
    index_bytes: i64,
    toast_bytes: i64,
    rows: i64,
    compression_enabled: bool,
    before_bytes: Option<i64>,
    after_bytes: Option<i64>,
}

#[derive(FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "the columns of chunks.sql")]
struct ChunkRow {
    hypertable_id: i32,
    relation: Oid,
    schema_name: String,
    chunk_name: String,
    integer_time: bool,
    range_start: Option<i64>,
    range_end: Option<i64>,
    is_compressed: bool,
    unsettled: bool,
    exact: bool,
    heap_bytes: i64,
    index_bytes: i64,
    toast_bytes: i64,
    rows: i64,
    before_bytes: Option<i64>,
    after_bytes: Option<i64>,
}

impl Reader {
    /// A reader that has not connected yet.
    pub fn new(url: ConnectionUrl, clock: SharedClock) -> Self {
        Self {
            url,
            clock,
            session: None,
            measurements: Measurements::default(),
        }
    }

    /// Reads everything. After a failure the connection is given up and the next reading opens a new one.
    pub async fn read(&mut self) -> Result<Snapshot, Problem> {
        // Taken out: a reading that fails, or is dropped half-way, leaves no half-used session behind.
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session {
                connection: connect_for_reading(&self.url)
                    .await
                    .map_err(|error| problem_of(&error))?,
                relations_opened: 0,
            },
        };
        let snapshot = self.read_over(&mut session).await?;
        if session.relations_opened < RELATIONS_PER_SESSION {
            self.session = Some(session);
        } else if let Err(error) = session.connection.close().await {
            tracing::debug!(%error, "closing a used-up session failed; the server ends it by itself");
        }
        Ok(snapshot)
    }

    async fn read_over(&mut self, session: &mut Session) -> Result<Snapshot, Problem> {
        let started = tokio::time::Instant::now();
        let refused = |error: sqlx::Error| problem_of(&error);

        // The first statement also finds out whether the server is still there: one that vanished without a word
        // (a failover, a firewall) would otherwise be waited for.
        let probing = sqlx::query_as(include_str!("sql/probe.sql")).fetch_one(&mut session.connection);
        let probe: Probe = tokio::time::timeout(PROBE_TIMEOUT, probing)
            .await
            .map_err(|_| Problem {
                kind: ProblemKind::Unreachable,
                detail: format!("no answer within {} s", PROBE_TIMEOUT.as_secs()),
                sqlstate: None,
            })?
            .map_err(refused)?;
        let (timescaledb_version, edition) = extension(&probe)?;

        let mut transaction = session
            .connection
            .begin_with("begin transaction isolation level repeatable read read only")
            .await
            .map_err(refused)?;
        let rows: Vec<HypertableRow> = sqlx::query_as(concat!(
            include_str!("sql/relations.sql"),
            include_str!("sql/hypertables.sql")
        ))
        .fetch_all(&mut *transaction)
        .await
        .map_err(refused)?;
        let chunks_sql = if probe.has_chunk_relid {
            CHUNKS_2_29
        } else {
            CHUNKS_2_19
        };
        let chunk_rows: Vec<ChunkRow> = sqlx::query_as(chunks_sql)
            .fetch_all(&mut *transaction)
            .await
            .map_err(refused)?;
        let policies: Vec<PolicyRow> = sqlx::query_as(include_str!("sql/policies.sql"))
            .fetch_all(&mut *transaction)
            .await
            .map_err(refused)?;
        let server: ServerRow = sqlx::query_as(include_str!("sql/server.sql"))
            .fetch_one(&mut *transaction)
            .await
            .map_err(refused)?;
        transaction.commit().await.map_err(refused)?;

        // Outside the transaction: each lock this takes on a chunk is gone with its statement.
        let unsettled = if rows.iter().any(|row| row.unsettled_chunks > 0) {
            let (sums, opened) = self
                .measurements
                .update(&mut session.connection)
                .await
                .map_err(refused)?;
            session.relations_opened += opened;
            sums
        } else {
            BTreeMap::default()
        };

        let out_of_range = |error: TryFromIntError| Problem {
            kind: ProblemKind::Refused,
            detail: format!("the catalog holds a figure out of range: {error}"),
            sqlstate: None,
        };
        let mut chunks: HashMap<i32, Vec<Chunk>> = HashMap::new();
        for row in chunk_rows {
            let (id, measured) = (row.hypertable_id, self.measurements.of(row.relation));
            chunks
                .entry(id)
                .or_default()
                .push(chunk(row, measured).map_err(out_of_range)?);
        }
        let chunks = rows
            .iter()
            .map(|row| HypertableChunks {
                schema: row.schema_name.clone(),
                table: row.table_name.clone(),
                chunks: chunks.remove(&row.id).unwrap_or_default(),
            })
            .collect();
        let policies = by_table(policies);
        let hypertables = rows
            .into_iter()
            .map(|row| {
                let extra = unsettled.get(&row.id).copied().unwrap_or_default();
                hypertable(row, extra, &policies)
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(out_of_range)?;

        Ok(Snapshot {
            collected_at: self.clock.now(),
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            server: server_facts(probe, &server, timescaledb_version, edition),
            hypertables,
            chunks,
        })
    }
}

fn server_facts(
    probe: Probe,
    server: &ServerRow,
    timescaledb_version: String,
    edition: Edition,
) -> ServerFacts {
    ServerFacts {
        // Debian adds its package version in brackets.
        postgres_version: probe
            .postgres_version
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned(),
        timescaledb_version,
        edition,
        database: probe.database,
        role: probe.role,
        started_at: probe
            .started_at_ms
            .and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        database_size_bytes: server
            .database_size_bytes
            .and_then(|bytes| u64::try_from(bytes).ok()),
        connections: Connections {
            open: u32::try_from(server.open_connections).unwrap_or(0),
            active: probe
                .reads_all_stats
                .then(|| u32::try_from(server.active_connections).unwrap_or(0)),
            max: u32::try_from(server.max_connections).unwrap_or(0),
        },
    }
}

fn extension(probe: &Probe) -> Result<(String, Edition), Problem> {
    let Some(version) = probe.timescaledb_version.clone() else {
        return Err(Problem {
            kind: ProblemKind::ExtensionMissing,
            detail: format!("no extension \"timescaledb\" in database \"{}\"", probe.database),
            sqlstate: None,
        });
    };
    if !probe.has_compress_relid {
        return Err(Problem {
            detail: format!(
                "version {version} lacks _timescaledb_catalog.compression_settings.compress_relid"
            ),
            kind: ProblemKind::ExtensionTooOld { version },
            sqlstate: None,
        });
    }
    let edition = match probe.license.as_deref() {
        Some("timescale") => Edition::Community,
        _ => Edition::Apache,
    };
    Ok((version, edition))
}

/// Age of the compression and of the retention policy, by schema and table.
type Policies = HashMap<(String, String), (Option<String>, Option<String>)>;

fn by_table(rows: Vec<PolicyRow>) -> Policies {
    let mut policies = Policies::new();
    for row in rows {
        let (compress, drop) = policies.entry((row.schema_name, row.table_name)).or_default();
        match row.procedure.as_str() {
            "policy_compression" => *compress = row.after,
            _ => *drop = row.after,
        }
    }
    policies
}

/// A policy's age: an interval, or a number on integer time.
fn span(text: &str) -> Option<TimeSpan> {
    text.parse::<i64>()
        .map(TimeSpan::Number)
        .or_else(|_| text.parse::<Interval>().map(TimeSpan::Interval))
        .ok()
}

/// A place on the time axis. TimescaleDB's time is microseconds since 1970; its ends of time mean "open".
fn point(value: i64, integer_time: bool) -> Option<TimePoint> {
    if value == i64::MIN || value == i64::MAX {
        None
    } else if integer_time {
        Some(TimePoint::Number(value))
    } else {
        Timestamp::from_microsecond(value).ok().map(TimePoint::Moment)
    }
}

fn range(start: Option<i64>, end: Option<i64>, integer_time: bool) -> Option<ChunkRange> {
    start
        .and_then(|start| point(start, integer_time))
        .zip(end.and_then(|end| point(end, integer_time)))
        .map(|(start, end)| ChunkRange { start, end })
}

fn exactness(is_exact: bool) -> Exactness {
    if is_exact {
        Exactness::Exact
    } else {
        Exactness::Approximate
    }
}

fn totals(before: Option<i64>, after: Option<i64>) -> Result<Option<CompressionTotals>, TryFromIntError> {
    before
        .zip(after)
        .map(|(before, after)| {
            Ok(CompressionTotals {
                before_bytes: u64::try_from(before)?,
                after_bytes: u64::try_from(after)?,
            })
        })
        .transpose()
}

/// A chunk; one whose statistics lag behind has the bytes that were measured, if it was.
fn chunk(row: ChunkRow, measured: Option<TableSize>) -> Result<Chunk, TryFromIntError> {
    let read = TableSize {
        heap_bytes: u64::try_from(row.heap_bytes)?,
        index_bytes: u64::try_from(row.index_bytes)?,
        toast_bytes: u64::try_from(row.toast_bytes)?,
    };
    Ok(Chunk {
        range: range(row.range_start, row.range_end, row.integer_time),
        schema: row.schema_name,
        name: row.chunk_name,
        size: measured.filter(|_| row.unsettled).unwrap_or(read),
        rows: u64::try_from(row.rows)?,
        exactness: exactness(row.exact),
        is_compressed: row.is_compressed,
        compression: totals(row.before_bytes, row.after_bytes)?,
    })
}

fn hypertable(
    row: HypertableRow,
    unsettled: UnsettledSize,
    policies: &Policies,
) -> Result<Hypertable, TryFromIntError> {
    let (compress_after, drop_after) = policies
        .get(&(row.schema_name.clone(), row.table_name.clone()))
        .map(|(compress, drop)| (compress.as_deref().and_then(span), drop.as_deref().and_then(span)))
        .unwrap_or_default();
    let extra = unsettled.estimate();
    let range = range(row.range_start, row.range_end, row.integer_time);
    Ok(Hypertable {
        chunk_interval: row.interval_length.map(|length| {
            if row.integer_time {
                TimeSpan::Number(length)
            } else {
                TimeSpan::Interval(Interval::from_microseconds(length))
            }
        }),
        schema: row.schema_name,
        name: row.table_name,
        owner: row.owner,
        time_column: row.time_column,
        time_type: row.time_type,
        dimensions: u32::try_from(row.dimensions)?,
        range,
        chunks: u64::try_from(row.chunks)?,
        compressed_chunks: u64::try_from(row.compressed_chunks)?,
        size: TableSize {
            heap_bytes: u64::try_from(row.heap_bytes)? + extra.heap_bytes,
            index_bytes: u64::try_from(row.index_bytes)? + extra.index_bytes,
            toast_bytes: u64::try_from(row.toast_bytes)? + extra.toast_bytes,
        },
        rows: u64::try_from(row.rows)?,
        exactness: exactness(row.exact),
        compression_enabled: row.compression_enabled,
        compression: totals(row.before_bytes, row.after_bytes)?,
        compress_after,
        drop_after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_age_is_an_interval_or_a_number() {
        assert_eq!(span("7 days"), Some(TimeSpan::Interval(Interval::new(0, 7, 0))));
        assert_eq!(
            span("01:00:00"),
            Some(TimeSpan::Interval(Interval::new(0, 0, 3_600_000_000)))
        );
        assert_eq!(span("86400"), Some(TimeSpan::Number(86_400)));
        assert_eq!(span("soon"), None);
    }

    #[test]
    fn an_open_end_of_time_is_no_point() {
        assert_eq!(point(i64::MIN, false), None);
        assert_eq!(point(0, false), Some(TimePoint::Moment(Timestamp::UNIX_EPOCH)));
        assert_eq!(point(42, true), Some(TimePoint::Number(42)));
    }
}
