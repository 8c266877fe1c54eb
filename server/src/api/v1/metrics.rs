//! Hypertables, compression and chunks, from the snapshot.

use axum::extract::State;
use axum::response::Response;
use backend::console::Console;
use domain::hypertable::{Chunk, Exactness, Hypertable, TimePoint, TimeSpan};
use domain::quantity::saved_percent;
use domain::role::Permission;
use domain::snapshot::{HypertableChunks, Snapshot};
use serde::Serialize;

use super::list::{Item, Key, PARAMETERS, is_table, page};
use super::{Ask, snapshot};
use crate::problem::Problem;

/// A place on a time axis: RFC 3339, or the number itself on integer time.
#[derive(Serialize)]
#[serde(untagged)]
enum Point {
    Moment(jiff::Timestamp),
    Number(i64),
}

impl From<TimePoint> for Point {
    fn from(point: TimePoint) -> Self {
        match point {
            TimePoint::Moment(moment) => Self::Moment(moment),
            TimePoint::Number(number) => Self::Number(number),
        }
    }
}

fn span(span: Option<TimeSpan>) -> Option<String> {
    span.map(|span| span.to_string())
}

#[derive(Serialize)]
struct HypertableItem {
    schema: String,
    table: String,
    owner: String,
    time_column: String,
    dimensions: u32,
    chunk_interval: Option<String>,
    range_start: Option<Point>,
    range_end: Option<Point>,
    chunks: u64,
    compressed_chunks: u64,
    total_bytes: u64,
    heap_bytes: u64,
    index_bytes: u64,
    toast_bytes: u64,
    rows: u64,
    /// Whether bytes and rows are exact.
    exact: bool,
    compression_enabled: bool,
    compress_after: Option<String>,
    drop_after: Option<String>,
}

impl From<&Hypertable> for HypertableItem {
    fn from(table: &Hypertable) -> Self {
        Self {
            schema: table.schema.clone(),
            table: table.name.clone(),
            owner: table.owner.clone(),
            time_column: table.time_column.clone(),
            dimensions: table.dimensions,
            chunk_interval: span(table.chunk_interval),
            range_start: table.range.map(|range| range.start.into()),
            range_end: table.range.map(|range| range.end.into()),
            chunks: table.chunks,
            compressed_chunks: table.compressed_chunks,
            total_bytes: table.size.total_bytes(),
            heap_bytes: table.size.heap_bytes,
            index_bytes: table.size.index_bytes,
            toast_bytes: table.size.toast_bytes,
            rows: table.rows,
            exact: table.exactness == Exactness::Exact,
            compression_enabled: table.compression_enabled,
            compress_after: span(table.compress_after),
            drop_after: span(table.drop_after),
        }
    }
}

impl Item for HypertableItem {
    const SORTS: &'static [&'static str] = &["table", "total_bytes", "rows", "chunks"];

    fn key(&self, sort: &str) -> Key {
        match sort {
            "total_bytes" => self.total_bytes.into(),
            "rows" => self.rows.into(),
            "chunks" => self.chunks.into(),
            _ => Key::Text(self.identity()),
        }
    }

    fn identity(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    fn belongs_to(&self, table: &str) -> bool {
        is_table(&self.schema, &self.table, table)
    }
}

#[derive(Serialize)]
struct CompressionItem {
    schema: String,
    table: String,
    enabled: bool,
    chunks: u64,
    compressed_chunks: u64,
    /// Bytes of the compressed chunks before and straight after; null while nothing is compressed.
    before_bytes: Option<u64>,
    after_bytes: Option<u64>,
    saved_percent: Option<f64>,
    compress_after: Option<String>,
}

impl From<&Hypertable> for CompressionItem {
    fn from(table: &Hypertable) -> Self {
        let totals = table.compression;
        Self {
            schema: table.schema.clone(),
            table: table.name.clone(),
            enabled: table.compression_enabled,
            chunks: table.chunks,
            compressed_chunks: table.compressed_chunks,
            before_bytes: totals.map(|totals| totals.before_bytes),
            after_bytes: totals.map(|totals| totals.after_bytes),
            saved_percent: totals.and_then(|totals| saved_percent(totals.before_bytes, totals.after_bytes)),
            compress_after: span(table.compress_after),
        }
    }
}

impl Item for CompressionItem {
    const SORTS: &'static [&'static str] = &["table", "before_bytes", "after_bytes", "compressed_chunks"];

    fn key(&self, sort: &str) -> Key {
        match sort {
            "before_bytes" => self.before_bytes.unwrap_or(0).into(),
            "after_bytes" => self.after_bytes.unwrap_or(0).into(),
            "compressed_chunks" => self.compressed_chunks.into(),
            _ => Key::Text(self.identity()),
        }
    }

    fn identity(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    fn belongs_to(&self, table: &str) -> bool {
        is_table(&self.schema, &self.table, table)
    }
}

#[derive(Serialize)]
struct ChunkItem {
    schema: String,
    table: String,
    chunk_schema: String,
    chunk: String,
    range_start: Option<Point>,
    range_end: Option<Point>,
    total_bytes: u64,
    heap_bytes: u64,
    index_bytes: u64,
    toast_bytes: u64,
    rows: u64,
    exact: bool,
    compressed: bool,
    before_bytes: Option<u64>,
    after_bytes: Option<u64>,
}

impl ChunkItem {
    fn of(schema: &str, table: &str, chunk: &Chunk) -> Self {
        Self {
            schema: schema.to_owned(),
            table: table.to_owned(),
            chunk_schema: chunk.schema.clone(),
            chunk: chunk.name.clone(),
            range_start: chunk.range.map(|range| range.start.into()),
            range_end: chunk.range.map(|range| range.end.into()),
            total_bytes: chunk.size.total_bytes(),
            heap_bytes: chunk.size.heap_bytes,
            index_bytes: chunk.size.index_bytes,
            toast_bytes: chunk.size.toast_bytes,
            rows: chunk.rows,
            exact: chunk.exactness == Exactness::Exact,
            compressed: chunk.is_compressed,
            before_bytes: chunk.compression.map(|totals| totals.before_bytes),
            after_bytes: chunk.compression.map(|totals| totals.after_bytes),
        }
    }
}

impl Item for ChunkItem {
    const SORTS: &'static [&'static str] = &["range_start", "total_bytes", "rows", "table", "chunk"];

    fn key(&self, sort: &str) -> Key {
        match sort {
            "total_bytes" => self.total_bytes.into(),
            "rows" => self.rows.into(),
            "table" => Key::Text(format!("{}.{}", self.schema, self.table)),
            "chunk" => Key::Text(self.identity()),
            _ => Key::Number(match &self.range_start {
                Some(Point::Moment(moment)) => moment.as_microsecond(),
                Some(Point::Number(number)) => *number,
                None => i64::MIN,
            }),
        }
    }

    fn identity(&self) -> String {
        format!("{}.{}", self.chunk_schema, self.chunk)
    }

    fn belongs_to(&self, table: &str) -> bool {
        is_table(&self.schema, &self.table, table)
    }
}

/// One page of what is made of a snapshot.
async fn list<T: Item + Serialize>(
    console: &Console,
    ask: &Ask,
    items: impl FnOnce(&Snapshot) -> Vec<T>,
) -> Result<Response, Problem> {
    let granted = ask.demand(console, Permission::ViewDetails, &PARAMETERS).await?;
    let database = ask.database(console, &granted)?;
    let snapshot = snapshot(console, &granted, &database)?;
    let list = page(ask, items(&snapshot), snapshot.collected_at)?;
    Ok(ask.answer(console, &granted, database.as_str(), &list))
}

/// `GET /api/v1/monitoring/metrics/hypertables`
pub(super) async fn hypertables(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    list(&console, &ask, |snapshot| {
        snapshot.hypertables.iter().map(HypertableItem::from).collect()
    })
    .await
}

/// `GET /api/v1/monitoring/metrics/compression`
pub(super) async fn compression(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    list(&console, &ask, |snapshot| {
        snapshot.hypertables.iter().map(CompressionItem::from).collect()
    })
    .await
}

/// `GET /api/v1/monitoring/metrics/chunks`
pub(super) async fn chunks(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    list(&console, &ask, |snapshot| {
        let of_table = |of: &HypertableChunks| {
            of.chunks
                .iter()
                .map(|chunk| ChunkItem::of(&of.schema, &of.table, chunk))
                .collect::<Vec<_>>()
        };
        snapshot.chunks.iter().flat_map(of_table).collect()
    })
    .await
}
