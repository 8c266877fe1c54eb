//! The slow beat: hypertables with their chunks, sizes, rows and compression, and the database's size.

use std::collections::HashMap;
use std::num::TryFromIntError;
use std::sync::Arc;

use domain::chunk_status::ChunkStatus;
use domain::compression_settings::CompressionSettings;
use domain::hypertable::{Chunk, ChunkRange, CompressionTotals, Exactness, Hypertable, TableSize};
use domain::ingest::IngestRate;
use domain::problem::{Problem, ProblemKind};
use domain::snapshot::HypertableChunks;
use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;
use sqlx::{Connection, FromRow};

use super::axis::{moment_ms, range};
use super::definition::{DimensionRow, HypertableRow, SettingsRow, compression_settings, defined};
use super::ingest::{Counter, IngestCounters};
use super::integer_now::IntegerNows;
use super::measure::{Measurements, UnsettledSize};
use super::problem::problem_of;
use crate::clock::SharedClock;

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

/// A session keeps about as much memory for this many relations whose statistics it read as for one it opened.
const RELATIONS_READ_PER_OPENED: usize = 20;

/// What the slow beat read.
#[derive(Debug, Clone)]
pub(super) struct Sizes {
    pub(super) collected_at: Timestamp,
    pub(super) duration_ms: u64,
    pub(super) database_size_bytes: Option<u64>,
    /// The version `CREATE EXTENSION` would install.
    pub(super) default_version: Option<String>,
    pub(super) hypertables: Arc<Vec<Hypertable>>,
    pub(super) chunks: Arc<Vec<HypertableChunks>>,
}

/// What one reading of sizes leaves for the next.
#[derive(Debug, Default)]
pub(super) struct SizesMemory {
    measurements: Measurements,
    ingest: IngestCounters,
    nows: IntegerNows,
}

#[derive(FromRow)]
struct DatabaseRow {
    database_size_bytes: Option<i64>,
    default_version: Option<String>,
}

#[derive(FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "the columns of chunks.sql")]
struct RelationRow {
    hypertable_id: i32,
    is_chunk: bool,
    relation: Oid,
    schema_name: String,
    relation_name: String,
    range_start: Option<i64>,
    range_end: Option<i64>,
    status: i32,
    created_at_ms: Option<i64>,
    is_compressed: bool,
    unsettled: bool,
    exact: bool,
    heap_bytes: i64,
    index_bytes: i64,
    toast_bytes: i64,
    rows: i64,
    before_bytes: Option<i64>,
    after_bytes: Option<i64>,
    inserted_rows: i64,
}

/// The rows of one reading.
struct Rows {
    database: DatabaseRow,
    hypertables: Vec<HypertableRow>,
    dimensions: Vec<DimensionRow>,
    settings: Vec<SettingsRow>,
    relations: Vec<RelationRow>,
}

/// Reads sizes. Returns also how many relations this may have opened in the session.
pub(super) async fn read_sizes(
    connection: &mut PgConnection,
    has_chunk_relid: bool,
    statistics_reset_at: Option<Timestamp>,
    clock: &SharedClock,
    memory: &mut SizesMemory,
) -> Result<(Sizes, usize), Problem> {
    let started = tokio::time::Instant::now();
    let refused = |error: sqlx::Error| problem_of(&error);
    let rows = read_rows(connection, has_chunk_relid).await.map_err(refused)?;
    let read_at = clock.now();

    // Outside the transaction: each lock this takes on a chunk is gone with its statement.
    let unsettled: Vec<(i32, Oid)> = rows
        .relations
        .iter()
        .filter(|row| row.unsettled)
        .map(|row| (row.hypertable_id, row.relation))
        .collect();
    let (estimates, mut opened) = memory
        .measurements
        .update(connection, &unsettled)
        .await
        .map_err(refused)?;
    memory.nows.update(connection).await.map_err(refused)?;
    // A function that asks for the newest row plans over every chunk of its table.
    opened += rows
        .relations
        .iter()
        .filter(|row| memory.nows.of(row.hypertable_id).is_some())
        .count();

    let counters: Vec<Counter> = rows
        .relations
        .iter()
        .map(|row| Counter {
            hypertable_id: row.hypertable_id,
            relation: row.relation,
            inserted_rows: row.inserted_rows,
            is_compressed: row.is_compressed,
        })
        .collect();
    // The statistics of each relation leave a reference behind, some 125 bytes, and the statement's own memory is not
    // given back whole.
    opened += rows.relations.len() / RELATIONS_READ_PER_OPENED;
    let rates = memory.ingest.update(read_at, statistics_reset_at, &counters);

    let database_size_bytes = rows
        .database
        .database_size_bytes
        .and_then(|bytes| u64::try_from(bytes).ok());
    let default_version = rows.database.default_version.clone();
    let (hypertables, chunks) = assemble(rows, &memory.measurements, &estimates, &memory.nows, &rates)
        .map_err(|error| Problem {
            kind: ProblemKind::Refused,
            detail: format!("the catalog holds a figure out of range: {error}"),
            sqlstate: None,
        })?;
    let sizes = Sizes {
        collected_at: read_at,
        duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        database_size_bytes,
        default_version,
        hypertables: Arc::new(hypertables),
        chunks: Arc::new(chunks),
    };
    Ok((sizes, opened))
}

/// One short transaction, so that tables, chunks and settings are of one moment.
async fn read_rows(connection: &mut PgConnection, has_chunk_relid: bool) -> Result<Rows, sqlx::Error> {
    let mut transaction = connection
        .begin_with("begin transaction isolation level repeatable read read only")
        .await?;
    let rows = Rows {
        hypertables: sqlx::query_as(include_str!("sql/hypertables.sql"))
            .fetch_all(&mut *transaction)
            .await?,
        dimensions: sqlx::query_as(include_str!("sql/dimensions.sql"))
            .fetch_all(&mut *transaction)
            .await?,
        settings: sqlx::query_as(include_str!("sql/compression_settings.sql"))
            .fetch_all(&mut *transaction)
            .await?,
        relations: sqlx::query_as(if has_chunk_relid { CHUNKS_2_29 } else { CHUNKS_2_19 })
            .fetch_all(&mut *transaction)
            .await?,
        database: sqlx::query_as(include_str!("sql/database_size.sql"))
            .fetch_one(&mut *transaction)
            .await?,
    };
    transaction.commit().await?;
    Ok(rows)
}

/// What belongs to one hypertable, before it is summed up.
#[derive(Default)]
struct Parts {
    dimensions: Vec<DimensionRow>,
    root: Option<RelationRow>,
    chunks: Vec<RelationRow>,
}

fn assemble(
    rows: Rows,
    measurements: &Measurements,
    estimates: &HashMap<i32, UnsettledSize>,
    nows: &IntegerNows,
    rates: &HashMap<i32, IngestRate>,
) -> Result<(Vec<Hypertable>, Vec<HypertableChunks>), TryFromIntError> {
    let mut parts: HashMap<i32, Parts> = HashMap::new();
    for row in rows.dimensions {
        parts.entry(row.hypertable_id).or_default().dimensions.push(row);
    }
    for row in rows.relations {
        let of = parts.entry(row.hypertable_id).or_default();
        if row.is_chunk {
            of.chunks.push(row);
        } else {
            of.root = Some(row);
        }
    }
    let mut settings: HashMap<Oid, CompressionSettings> = rows
        .settings
        .into_iter()
        .map(|row| (row.relation, compression_settings(row)))
        .collect();

    let mut hypertables = Vec::with_capacity(rows.hypertables.len());
    let mut all_chunks = Vec::with_capacity(rows.hypertables.len());
    for row in rows.hypertables {
        let id = row.id;
        // Without a dimension or a table of its own it is being created or dropped at this moment.
        let Some(Parts {
            dimensions,
            root: Some(root),
            chunks: mut chunk_rows,
        }) = parts.remove(&id)
        else {
            continue;
        };
        let Some(first) = dimensions.first() else {
            continue;
        };
        let integer_time = first.is_integer;
        let table_settings = settings.remove(&root.relation);
        chunk_rows.sort_by(|a, b| (a.range_start, &a.relation_name).cmp(&(b.range_start, &b.relation_name)));
        let Some(mut table) = hypertable(row, &dimensions, &root, table_settings)? else {
            continue;
        };
        let mut chunks = Vec::with_capacity(chunk_rows.len());
        let mut range: Option<ChunkRange> = None;
        let mut unknown = TableSize::default();
        for row in chunk_rows {
            let compressed_with = settings.remove(&row.relation);
            let measured = measurements.of(row.relation);
            let is_unknown = row.unsettled && measured.is_none();
            let chunk = chunk(row, integer_time, measured, compressed_with)?;
            if is_unknown {
                add(&mut unknown, chunk.size);
            } else {
                add(&mut table.size, chunk.size);
            }
            table.chunks += 1;
            table.rows += chunk.rows;
            if chunk.exactness == Exactness::Approximate {
                table.exactness = Exactness::Approximate;
            }
            if chunk.is_compressed {
                table.compressed_chunks += 1;
                table.compressed_bytes += chunk.size.total_bytes();
            }
            table.chunks_with_other_settings += u64::from(chunk.compressed_with.is_some());
            table.compression = sum(table.compression, chunk.compression);
            range = union(range, chunk.range);
            chunks.push(chunk);
        }
        // Chunks that wait to be measured count as the mean of the measured; while there is none, as what the
        // statistics say.
        add(
            &mut table.size,
            estimates
                .get(&id)
                .and_then(|estimate| estimate.of_the_unmeasured())
                .unwrap_or(unknown),
        );
        table.range = range;
        table.integer_now = nows.of(id);
        table.ingest = rates.get(&id).copied();
        all_chunks.push(HypertableChunks {
            schema: table.schema.clone(),
            table: table.name.clone(),
            chunks,
        });
        hypertables.push(table);
    }
    Ok((hypertables, all_chunks))
}

fn size(row: &RelationRow) -> Result<TableSize, TryFromIntError> {
    Ok(TableSize {
        heap_bytes: u64::try_from(row.heap_bytes)?,
        index_bytes: u64::try_from(row.index_bytes)?,
        toast_bytes: u64::try_from(row.toast_bytes)?,
    })
}

fn add(sum: &mut TableSize, size: TableSize) {
    sum.heap_bytes += size.heap_bytes;
    sum.index_bytes += size.index_bytes;
    sum.toast_bytes += size.toast_bytes;
}

fn sum(a: Option<CompressionTotals>, b: Option<CompressionTotals>) -> Option<CompressionTotals> {
    match (a, b) {
        (Some(a), Some(b)) => Some(CompressionTotals {
            before_bytes: a.before_bytes + b.before_bytes,
            after_bytes: a.after_bytes + b.after_bytes,
        }),
        (a, b) => a.or(b),
    }
}

fn union(a: Option<ChunkRange>, b: Option<ChunkRange>) -> Option<ChunkRange> {
    match (a, b) {
        (Some(a), Some(b)) => Some(ChunkRange {
            start: a.start.min(b.start),
            end: a.end.max(b.end),
        }),
        (a, b) => a.or(b),
    }
}

fn exactness(is_exact: bool) -> Exactness {
    if is_exact {
        Exactness::Exact
    } else {
        Exactness::Approximate
    }
}

/// A hypertable with its own table's bytes and rows; its chunks are to be added.
fn hypertable(
    row: HypertableRow,
    dimensions: &[DimensionRow],
    root: &RelationRow,
    settings: Option<CompressionSettings>,
) -> Result<Option<Hypertable>, TryFromIntError> {
    let Some(table) = defined(row, dimensions, settings) else {
        return Ok(None);
    };
    Ok(Some(Hypertable {
        size: size(root)?,
        rows: u64::try_from(root.rows)?,
        exactness: exactness(root.exact),
        ..table
    }))
}

/// A chunk; one whose statistics lag behind has the bytes that were measured, if it was.
fn chunk(
    row: RelationRow,
    integer_time: bool,
    measured: Option<TableSize>,
    compressed_with: Option<CompressionSettings>,
) -> Result<Chunk, TryFromIntError> {
    let read = size(&row)?;
    let compression = row
        .before_bytes
        .zip(row.after_bytes)
        .map(|(before, after)| {
            Ok::<_, TryFromIntError>(CompressionTotals {
                before_bytes: u64::try_from(before)?,
                after_bytes: u64::try_from(after)?,
            })
        })
        .transpose()?;
    Ok(Chunk {
        range: range(row.range_start, row.range_end, integer_time),
        schema: row.schema_name,
        name: row.relation_name,
        size: measured.filter(|_| row.unsettled).unwrap_or(read),
        rows: u64::try_from(row.rows)?,
        exactness: exactness(row.exact),
        is_compressed: row.is_compressed,
        compression,
        status: ChunkStatus::from_bits(u32::try_from(row.status)?),
        created_at: row.created_at_ms.and_then(moment_ms),
        compressed_with: compressed_with.map(Box::new),
    })
}
