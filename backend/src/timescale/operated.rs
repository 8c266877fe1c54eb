//! Hypertables and chunks as they are at the moment something is done to them.

use std::collections::HashMap;

use domain::chunk_status::ChunkStatus;
use domain::hypertable::{ChunkRange, TimePoint};
use domain::interval::Interval;
use domain::table_name::TableName;
use domain::time_axis::TimeAxis;
use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;
use sqlx::{Connection, FromRow};

use super::axis::{count, point, range};
use super::connection::{ConnectionUrl, connect_for_change};
use super::operation::OperatedServer;

const CHUNKS_2_19: &str = concat!(
    include_str!("sql/operated_chunks_2_19.sql"),
    include_str!("sql/operated_chunks.sql")
);
const CHUNKS_2_29: &str = concat!(
    include_str!("sql/operated_chunks_2_29.sql"),
    include_str!("sql/operated_chunks.sql")
);
/// Chunks a session measures before it is replaced: each takes 25 kB of its memory.
const MEASURED_A_SESSION: usize = 1_000;

/// A hypertable.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct OperatedTable {
    #[sqlx(skip)]
    pub(crate) table: TableName,
    pub(crate) relation: Oid,
    pub(crate) id: i32,
    pub(crate) compression_enabled: bool,
    dimension_id: i32,
    time_type: String,
    pub(crate) is_integer: bool,
    /// Whether its `integer_now_func` is somebody else's code, which a superuser does not call.
    pub(crate) now_is_untrusted: bool,
    indexes: i32,
    /// The continuous aggregates that are made of it, quoted as in SQL.
    aggregates: Vec<String>,
    /// The continuous aggregate whose results lie in it, quoted as in SQL.
    materializes: Option<String>,
    pub(crate) time_column: String,
}

/// A chunk.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct OperatedChunk {
    pub(crate) relation: Oid,
    pub(crate) chunk_id: i32,
    schema_name: String,
    chunk_name: String,
    status: i32,
    pub(crate) is_tiered: bool,
    pub(crate) created_us: Option<i64>,
    pub(crate) range_start: i64,
    pub(crate) range_end: i64,
    is_compressed: bool,
    pub(crate) settings_differ: bool,
    before_bytes: Option<i64>,
    after_bytes: Option<i64>,
}

/// What a chunk takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Measured {
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    /// Locks it takes to drop it.
    pub(crate) locks: u64,
}

#[derive(FromRow)]
struct MeasuredRow {
    relation: Oid,
    bytes: i64,
    row_count: i64,
    locks: i64,
}

impl OperatedTable {
    /// What its time axis is made of.
    pub(crate) fn axis(&self) -> TimeAxis {
        if self.is_integer {
            TimeAxis::Numbers
        } else {
            TimeAxis::Moments
        }
    }

    pub(crate) fn indexes(&self) -> u64 {
        u64::try_from(self.indexes).unwrap_or(0)
    }

    /// The continuous aggregates that are made of it.
    pub(crate) fn aggregates(&self) -> Vec<TableName> {
        self.aggregates
            .iter()
            .filter_map(|name| TableName::from_qualified(name))
            .collect()
    }

    /// What people name it by: the continuous aggregate whose results lie in it, or itself.
    pub(crate) fn named(&self) -> TableName {
        self.materializes
            .as_deref()
            .and_then(TableName::from_qualified)
            .unwrap_or_else(|| self.table.clone())
    }

    /// A place on its axis by the catalog's number; `None` at an open end.
    pub(crate) fn point(&self, value: i64) -> Option<TimePoint> {
        point(value, self.is_integer)
    }

    /// A value of its time column as SQL writes it, by the catalog's number.
    pub(crate) fn literal(&self, value: i64) -> String {
        if self.is_integer {
            return value.to_string();
        }
        match (self.point(value), self.time_type.as_str()) {
            (Some(TimePoint::Moment(at)), "date") => {
                format!("DATE '{}'", at.to_string().split('T').next().unwrap_or_default())
            }
            (Some(TimePoint::Moment(at)), "timestamp without time zone") => {
                format!("TIMESTAMP '{}'", at.to_string().trim_end_matches('Z'))
            }
            // A UUID's time is one with a zone.
            (Some(TimePoint::Moment(at)), _) => format!("TIMESTAMPTZ '{at}'"),
            // Beyond the calendar.
            (_, "date") => format!("_timescaledb_functions.to_date({value})"),
            (_, "timestamp without time zone") => {
                format!("_timescaledb_functions.to_timestamp_without_timezone({value})")
            }
            _ => format!("_timescaledb_functions.to_timestamp({value})"),
        }
    }
}

impl OperatedChunk {
    pub(crate) fn name(&self) -> TableName {
        TableName::new(&self.schema_name, &self.chunk_name)
    }

    pub(crate) fn status(&self) -> ChunkStatus {
        ChunkStatus::from_bits(u32::try_from(self.status).unwrap_or(0))
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.is_compressed || self.status().is_compressed()
    }

    /// Whether retention, compression and people leave it alone.
    pub(crate) fn is_left_alone(&self) -> bool {
        self.is_tiered || self.status().is_frozen()
    }

    /// Its part of the time axis.
    pub(crate) fn range(&self, of: &OperatedTable) -> Option<ChunkRange> {
        range(Some(self.range_start), Some(self.range_end), of.is_integer)
    }

    /// Bytes before and straight after it was compressed.
    pub(crate) fn compression(&self) -> Option<(u64, u64)> {
        self.before_bytes
            .zip(self.after_bytes)
            .map(|(before, after)| (count(before), count(after)))
    }
}

/// A hypertable by its name; `None` where there is none.
pub(crate) async fn read_operated_table(
    connection: &mut PgConnection,
    table: &TableName,
) -> Result<Option<OperatedTable>, sqlx::Error> {
    let row: Option<OperatedTable> = sqlx::query_as(include_str!("sql/operated_table.sql"))
        .bind(table.schema.as_str())
        .bind(table.name.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| OperatedTable {
        table: table.clone(),
        ..row
    }))
}

/// The chunks of a hypertable, the oldest first.
pub(crate) async fn read_operated_chunks(
    connection: &mut PgConnection,
    server: &OperatedServer,
    table: &OperatedTable,
) -> Result<Vec<OperatedChunk>, sqlx::Error> {
    let statement = if server.has_chunk_relid {
        CHUNKS_2_29
    } else {
        CHUNKS_2_19
    };
    sqlx::query_as(statement)
        .bind(table.id)
        .bind(table.dimension_id)
        .bind(table.relation)
        .fetch_all(connection)
        .await
}

/// Measures chunks in sessions of their own.
pub(crate) async fn measure_chunks(
    url: &ConnectionUrl,
    chunks: &[&OperatedChunk],
) -> Result<HashMap<Oid, Measured>, sqlx::Error> {
    let mut measured = HashMap::with_capacity(chunks.len());
    for some in chunks.chunks(MEASURED_A_SESSION) {
        let mut connection = connect_for_change(url).await?;
        measure_in(&mut connection, some, &mut measured).await?;
        connection.close().await?;
    }
    Ok(measured)
}

/// Measures one chunk in this session; `None` where it is gone.
pub(crate) async fn measure_chunk(
    connection: &mut PgConnection,
    chunk: &OperatedChunk,
) -> Result<Option<Measured>, sqlx::Error> {
    let mut measured = HashMap::new();
    measure_in(connection, &[chunk], &mut measured).await?;
    Ok(measured.remove(&chunk.relation))
}

async fn measure_in(
    connection: &mut PgConnection,
    chunks: &[&OperatedChunk],
    measured: &mut HashMap<Oid, Measured>,
) -> Result<(), sqlx::Error> {
    let relations: Vec<Oid> = chunks.iter().map(|chunk| chunk.relation).collect();
    let ids: Vec<i32> = chunks.iter().map(|chunk| chunk.chunk_id).collect();
    let rows: Vec<MeasuredRow> = sqlx::query_as(include_str!("sql/measure_chunks.sql"))
        .bind(relations)
        .bind(ids)
        .fetch_all(connection)
        .await?;
    measured.extend(rows.into_iter().map(|row| {
        let of = Measured {
            bytes: count(row.bytes),
            rows: count(row.row_count),
            locks: count(row.locks),
        };
        (row.relation, of)
    }));
    Ok(())
}

/// How a chunk is now: its status, and whether it is compressed; `None` where it is gone.
pub(crate) async fn chunk_now(
    connection: &mut PgConnection,
    chunk: &OperatedChunk,
) -> Result<Option<OperatedChunk>, sqlx::Error> {
    let row: Option<(i32, bool)> = sqlx::query_as(
        "select k.status::int4, exists (
           select from _timescaledb_catalog.compression_settings s where s.relid = c.oid and s.compress_relid is not null)
         from _timescaledb_catalog.chunk k join pg_class c on c.oid = $2 where k.id = $1",
    )
    .bind(chunk.chunk_id)
    .bind(chunk.relation)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(status, is_compressed)| OperatedChunk {
        status,
        is_compressed,
        ..chunk.clone()
    }))
}

/// Of these relations, those that are still there.
pub(crate) async fn relations_there(
    connection: &mut PgConnection,
    relations: &[TableName],
) -> Result<Vec<bool>, sqlx::Error> {
    let names: Vec<String> = relations.iter().map(TableName::as_identifier).collect();
    sqlx::query_scalar(
        "select to_regclass(name) is not null from unnest($1::text[]) with ordinality as of(name, place) order by place",
    )
    .bind(names)
    .fetch_all(connection)
    .await
}

/// The catalog's number of the moment an interval ago, by the server's clock.
pub(crate) async fn interval_ago(
    connection: &mut PgConnection,
    interval: Interval,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select (extract(epoch from now() - $1::text::interval) * 1000000)::int8")
        .bind(interval.to_string())
        .fetch_one(connection)
        .await
}

/// The value of a table's integer time so far back from its now. Calls the table's own function.
pub(crate) async fn number_ago(
    connection: &mut PgConnection,
    table: &OperatedTable,
    number: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select _timescaledb_functions.subtract_integer_from_now($1::oid::regclass, $2::int8)")
        .bind(table.relation)
        .bind(number)
        .fetch_one(connection)
        .await
}
