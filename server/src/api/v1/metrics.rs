//! Hypertables, compression and chunks, from the snapshot.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use backend::console::{Console, MadeOf};
use domain::hypertable::{Chunk, Exactness, Hypertable, TimePoint, TimeSpan};
use domain::quantity::saved_percent;
use domain::role::Permission;
use domain::snapshot::Snapshot;
use domain::table_name::TableName;
use serde::Serialize;
use utoipa::ToSchema;

use super::document::{DatabaseParameter, Refusals};
use super::list::{
    Candidate, Key, List, ListParameters, Listing, PARAMETERS, Place, Wanted, is_table, joined,
};
use super::{Ask, Written, snapshot};
use crate::problem::Problem;

/// A place on a time axis: RFC 3339, or the number itself on integer time.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Point {
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

fn view(table: &Hypertable) -> Option<String> {
    table.materializes.as_ref().map(TableName::qualified)
}

/// Whether this names the table, or the continuous aggregate whose results lie in it.
fn is_table_or_view(of: &Hypertable, table: &str) -> bool {
    let is_view = |view: &TableName| is_table(&view.schema, &view.name, table);
    is_table(&of.schema, &of.name, table) || of.materializes.as_ref().is_some_and(is_view)
}

#[derive(Serialize, ToSchema)]
pub(super) struct HypertableItem {
    schema: String,
    table: String,
    /// The continuous aggregate whose results lie in it, as `schema.view`; null for a table of its own.
    continuous_aggregate: Option<String>,
    owner: String,
    time_column: String,
    dimensions: usize,
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
            continuous_aggregate: view(table),
            owner: table.owner.clone(),
            time_column: table.time_column.clone(),
            dimensions: table.dimensions.len(),
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

/// A hypertable in the list of hypertables.
#[derive(Clone, Copy)]
struct Listed<'a>(&'a Hypertable);

impl<'a> Candidate<'a> for Listed<'a> {
    type Item = HypertableItem;

    const SORTS: &'static [&'static str] = &["table", "total_bytes", "rows", "chunks"];

    fn key(self, sort: &str) -> Key {
        match sort {
            "total_bytes" => self.0.size.total_bytes().into(),
            "rows" => self.0.rows.into(),
            "chunks" => self.0.chunks.into(),
            _ => Key::Text(joined(self.identity())),
        }
    }

    fn identity(self) -> (&'a str, &'a str) {
        (&self.0.schema, &self.0.name)
    }

    fn belongs_to(self, table: &str) -> bool {
        is_table_or_view(self.0, table)
    }

    fn item(self) -> HypertableItem {
        self.0.into()
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct CompressionItem {
    schema: String,
    table: String,
    /// The continuous aggregate whose results lie in it, as `schema.view`; null for a table of its own.
    continuous_aggregate: Option<String>,
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
            continuous_aggregate: view(table),
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

/// A hypertable in the list of what compression saves.
#[derive(Clone, Copy)]
struct Compressed<'a>(&'a Hypertable);

impl<'a> Candidate<'a> for Compressed<'a> {
    type Item = CompressionItem;

    const SORTS: &'static [&'static str] = &["table", "before_bytes", "after_bytes", "compressed_chunks"];

    fn key(self, sort: &str) -> Key {
        let totals = self.0.compression;
        match sort {
            "before_bytes" => totals.map_or(0, |totals| totals.before_bytes).into(),
            "after_bytes" => totals.map_or(0, |totals| totals.after_bytes).into(),
            "compressed_chunks" => self.0.compressed_chunks.into(),
            _ => Key::Text(joined(self.identity())),
        }
    }

    fn identity(self) -> (&'a str, &'a str) {
        (&self.0.schema, &self.0.name)
    }

    fn belongs_to(self, table: &str) -> bool {
        is_table_or_view(self.0, table)
    }

    fn item(self) -> CompressionItem {
        self.0.into()
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct ChunkItem {
    schema: String,
    table: String,
    /// The continuous aggregate whose results lie in it, as `schema.view`; null for a table of its own.
    continuous_aggregate: Option<String>,
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
    fn of(table: &Hypertable, chunk: &Chunk) -> Self {
        Self {
            schema: table.schema.clone(),
            table: table.name.clone(),
            continuous_aggregate: view(table),
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

/// A chunk of a hypertable.
#[derive(Clone, Copy)]
struct Placed<'a> {
    of: &'a Hypertable,
    chunk: &'a Chunk,
}

impl<'a> Candidate<'a> for Placed<'a> {
    type Item = ChunkItem;

    const SORTS: &'static [&'static str] = &["range_start", "total_bytes", "rows", "table", "chunk"];

    fn key(self, sort: &str) -> Key {
        match sort {
            "total_bytes" => self.chunk.size.total_bytes().into(),
            "rows" => self.chunk.rows.into(),
            "table" => Key::Text(joined((&self.of.schema, &self.of.name))),
            "chunk" => Key::Text(joined(self.identity())),
            _ => Key::Number(match self.chunk.range.map(|range| range.start) {
                Some(TimePoint::Moment(moment)) => moment.as_microsecond(),
                Some(TimePoint::Number(number)) => number,
                None => i64::MIN,
            }),
        }
    }

    fn identity(self) -> (&'a str, &'a str) {
        (&self.chunk.schema, &self.chunk.name)
    }

    fn belongs_to(self, table: &str) -> bool {
        is_table_or_view(self.of, table)
    }

    fn item(self) -> ChunkItem {
        ChunkItem::of(self.of, self.chunk)
    }
}

/// Every table of a snapshot.
fn tables(snapshot: &Snapshot) -> impl Iterator<Item = Place> {
    (0..)
        .zip(snapshot.hypertables.iter())
        .map(|(table, _)| (table, 0))
}

fn table(snapshot: &Snapshot, (table, _): Place) -> &Hypertable {
    &snapshot.hypertables[table as usize]
}

struct Hypertables;

impl Listing for Hypertables {
    type Candidate<'a> = Listed<'a>;

    fn places(snapshot: &Snapshot) -> impl Iterator<Item = Place> {
        tables(snapshot)
    }

    fn at(snapshot: &Snapshot, place: Place) -> Listed<'_> {
        Listed(table(snapshot, place))
    }
}

struct Compression;

impl Listing for Compression {
    type Candidate<'a> = Compressed<'a>;

    fn places(snapshot: &Snapshot) -> impl Iterator<Item = Place> {
        tables(snapshot)
    }

    fn at(snapshot: &Snapshot, place: Place) -> Compressed<'_> {
        Compressed(table(snapshot, place))
    }
}

struct Chunks;

impl Listing for Chunks {
    type Candidate<'a> = Placed<'a>;

    fn places(snapshot: &Snapshot) -> impl Iterator<Item = Place> {
        (0..)
            .zip(snapshot.chunks.iter())
            .flat_map(|(table, of)| (0..).zip(&of.chunks).map(move |(chunk, _)| (table, chunk)))
    }

    fn at(snapshot: &Snapshot, (table, chunk): Place) -> Placed<'_> {
        // Hypertables and their chunks lie in the same order.
        Placed {
            of: &snapshot.hypertables[table as usize],
            chunk: &snapshot.chunks[table as usize].chunks[chunk as usize],
        }
    }
}

/// One page of a list. Its order is made once for a reading, and so is its first page, which most ask for.
async fn list<L: Listing>(console: &Console, ask: &Ask) -> Result<Response, Problem>
where
    for<'a> L::Candidate<'a>: Candidate<'a>,
{
    let granted = ask.demand(console, Permission::ViewDetails, &PARAMETERS).await?;
    let database = ask.database(console, &granted)?;
    let wanted = Wanted::by(ask, <L::Candidate<'static> as Candidate<'static>>::SORTS)?;
    let reading = console
        .last_reading(&granted, database.as_str())
        .map_err(|error| Problem::parameter("db", error.to_string()))?;
    let snapshot = snapshot(&reading)?;
    let make = async {
        let order = reading
            .keep(
                MadeOf::Sizes,
                format!("order of {} {}", ask.path, wanted.order_name()),
                |order: &Vec<Place>| order.len() * size_of::<Place>(),
                async { Ok::<_, Problem>(wanted.order::<L>(&snapshot)) },
            )
            .await?;
        ask.written(&wanted.page::<L>(&snapshot, &order))
    };
    let written = if wanted.is_first_page() {
        let name = format!("{} {:?}", ask.path, ask.parameters);
        let bytes = |written: &Written| written.bytes.len();
        reading.keep(MadeOf::Sizes, name, bytes, make).await?
    } else {
        Arc::new(make.await?)
    };
    let modified = Some(snapshot.sizes_collected_at);
    Ok(ask.answer(console, &granted, database.as_str(), &written, modified))
}

/// Hypertables, with what they cost
#[utoipa::path(get, path = "/api/v1/monitoring/metrics/hypertables", tag = "Metrics",
    params(DatabaseParameter, ListParameters, ("sort" = Option<String>, Query, pattern = "^-?(table|total_bytes|rows|chunks)$",
        description = "What the list is sorted by, with a - before it for the largest first: table, total_bytes, rows, chunks")),
    responses((status = OK, body = List<HypertableItem>), Refusals))]
pub(super) async fn hypertables(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    list::<Hypertables>(&console, &ask).await
}

/// What compression saves
#[utoipa::path(get, path = "/api/v1/monitoring/metrics/compression", tag = "Metrics",
    params(DatabaseParameter, ListParameters, ("sort" = Option<String>, Query, pattern = "^-?(table|before_bytes|after_bytes|compressed_chunks)$",
        description = "What the list is sorted by, with a - before it for the largest first: table, before_bytes, after_bytes, compressed_chunks")),
    responses((status = OK, body = List<CompressionItem>), Refusals))]
pub(super) async fn compression(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    list::<Compression>(&console, &ask).await
}

/// Chunks
#[utoipa::path(get, path = "/api/v1/monitoring/metrics/chunks", tag = "Metrics",
    params(DatabaseParameter, ListParameters, ("sort" = Option<String>, Query, pattern = "^-?(range_start|total_bytes|rows|table|chunk)$",
        description = "What the list is sorted by, with a - before it for the largest first: range_start, total_bytes, rows, table, chunk")),
    responses((status = OK, body = List<ChunkItem>), Refusals))]
pub(super) async fn chunks(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    list::<Chunks>(&console, &ask).await
}
