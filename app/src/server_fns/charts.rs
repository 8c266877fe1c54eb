//! Charts, drawn on the server.

use charts::Markup;
use domain::history::Range;
use domain::table_name::TableName;
use domain::time_axis::Window;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::charts::DrawnChart;
use crate::error::AppError;

/// A chart of sizes, and how they grow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SizeFigure {
    /// The chart.
    pub figure: DrawnChart,
    /// The growth in sentences, with what they rest on.
    pub sentences: Markup,
    /// Whether the limit is no size.
    pub is_limit_unread: bool,
}

/// The charts of a table's chunks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChunkFigures {
    /// Every chunk on the time axis.
    pub map: DrawnChart,
    /// How large they are.
    pub sizes: DrawnChart,
    /// Whether each place of the map is one chunk, and named.
    pub shows_chunks: bool,
}

/// Draws how large a table was over a range; with the date a limit is reached, which is a size as people write it.
#[server(prefix = "/fn", endpoint = "draw_sizes", input = leptos::server_fn::codec::Json)]
pub async fn draw_sizes(
    database: String,
    table: TableName,
    range: Range,
    limit: String,
) -> Result<SizeFigure, AppError> {
    use super::guard;
    use crate::drawings::Asked;

    let (console, granted) = guard::demand(domain::role::Permission::ViewDetails, "sizes").await?;
    let limit = checked_limit(limit)?;
    let asked = Asked {
        console: &console,
        granted: &granted,
        database: &database,
        range,
        limit: &limit,
    };
    let name = format!("sizes {table:?} {range:?} {limit:?} {}", minute(&console));
    guard::keep(
        &console,
        &granted,
        &database,
        backend::console::MadeOf::Sizes,
        name,
        SizeFigure::bytes,
        async {
            let table = guard::recorded_table(&console, &granted, &database, &table)?;
            asked
                .draw_table(table)
                .await
                .map_err(|error| guard::history_failed(&error))
        },
    )
    .await
}

/// Draws how large all tables were, on each other; `None` for those who may see the status only.
#[server(prefix = "/fn", endpoint = "draw_storage", input = leptos::server_fn::codec::Json)]
pub async fn draw_storage(
    database: String,
    range: Range,
    limit: String,
) -> Result<Option<SizeFigure>, AppError> {
    use domain::role::Permission;

    use super::guard;
    use crate::drawings::{Asked, Database};

    let (_, granted) = guard::demand(Permission::ViewStatus, "storage").await?;
    if !granted.may(Permission::ViewDetails) {
        return Ok(None);
    }
    let (console, granted) = guard::demand(Permission::ViewDetails, "storage").await?;
    let limit = checked_limit(limit)?;
    let asked = Asked {
        console: &console,
        granted: &granted,
        database: &database,
        range,
        limit: &limit,
    };
    let name = format!("storage {range:?} {limit:?} {}", minute(&console));
    guard::keep(
        &console,
        &granted,
        &database,
        backend::console::MadeOf::Sizes,
        name,
        SizeFigure::bytes,
        async {
            let read = console
                .read(&granted, &database, Database::of)
                .map_err(|_| guard::not_found())?;
            asked
                .draw_database(read.facts.unwrap_or_else(Database::unread))
                .await
                .map_err(|error| guard::history_failed(&error))
        },
    )
    .await
    .map(Some)
}

/// Draws how fast rows came into a table.
#[server(prefix = "/fn", endpoint = "draw_ingest", input = leptos::server_fn::codec::Json)]
pub async fn draw_ingest(database: String, table: TableName, range: Range) -> Result<DrawnChart, AppError> {
    use domain::history::{Measure, Subject};

    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ViewDetails, "ingest").await?;
    let kept_as = format!("ingest {table:?} {range:?} {}", minute(&console));
    guard::keep(
        &console,
        &granted,
        &database,
        backend::console::MadeOf::Sizes,
        kept_as,
        DrawnChart::bytes,
        async {
            let TableName { schema, name } =
                guard::recorded_table(&console, &granted, &database, &table)?.recorded_as;
            let recorded = console
                .history(
                    &granted,
                    &database,
                    &Subject::Table { schema, name },
                    Measure::IngestRowsPerSecond,
                    range,
                )
                .await
                .map_err(|error| guard::history_failed(&error))?;
            Ok(crate::drawings::draw_ingest(&recorded).into())
        },
    )
    .await
}

/// Draws the chunks of a table; `window` is the part of its time axis, everything without one. `None` for a table
/// without chunks.
#[server(prefix = "/fn", endpoint = "draw_chunks", input = leptos::server_fn::codec::Json)]
pub async fn draw_chunks(
    database: String,
    table: TableName,
    window: Option<Window>,
) -> Result<Option<ChunkFigures>, AppError> {
    use domain::table_page::TablePage;

    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ViewDetails, "chunks").await?;
    let name = format!("chunks {table:?} {window:?} {}", minute(&console));
    let bytes = |figures: &Option<ChunkFigures>| figures.as_ref().map_or(0, ChunkFigures::bytes);
    guard::keep(
        &console,
        &granted,
        &database,
        backend::console::MadeOf::Sizes,
        name,
        bytes,
        async {
            let drawn = console
                .read(&granted, &database, |seen| {
                    TablePage::of(seen, &table).map(|page| crate::drawings::draw_chunks(seen, &page, window))
                })
                .map_err(|_| guard::not_found())?;
            match drawn.facts {
                Some(Some(figures)) => Ok(figures),
                Some(None) => Err(guard::not_found()),
                None => Ok(None),
            }
        },
    )
    .await
}

/// Draws what compression made of each table; `None` where nothing is compressed.
#[server(prefix = "/fn", endpoint = "draw_compression", input = leptos::server_fn::codec::Json)]
pub async fn draw_compression(database: String) -> Result<Option<DrawnChart>, AppError> {
    draw_reading("compression", &database, crate::drawings::draw_compression).await
}

/// Draws what the largest tables cost; `None` where there is no table.
#[server(prefix = "/fn", endpoint = "draw_tables", input = leptos::server_fn::codec::Json)]
pub async fn draw_tables(database: String) -> Result<Option<DrawnChart>, AppError> {
    draw_reading("hypertables", &database, crate::drawings::draw_tables).await
}

/// Draws what needs nothing but the last reading.
#[cfg(feature = "ssr")]
async fn draw_reading(
    resource: &str,
    database: &str,
    draw: fn(domain::reading::Seen<'_>) -> Option<charts::Figure>,
) -> Result<Option<DrawnChart>, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ViewDetails, resource).await?;
    let name = format!("chart of {resource}");
    guard::keep(
        &console,
        &granted,
        database,
        backend::console::MadeOf::Sizes,
        name,
        DrawnChart::bytes_of,
        async {
            let drawn = console
                .read(&granted, database, draw)
                .map_err(|_| guard::not_found())?;
            Ok(drawn.facts.flatten().map(DrawnChart::from))
        },
    )
    .await
}

#[cfg(feature = "ssr")]
impl SizeFigure {
    fn bytes(&self) -> usize {
        self.figure.bytes() + self.sentences.len()
    }
}

#[cfg(feature = "ssr")]
impl ChunkFigures {
    fn bytes(&self) -> usize {
        self.map.bytes() + self.sizes.bytes()
    }
}

/// A limit has so many characters at most.
pub const LONGEST_LIMIT: usize = 20;

#[cfg(feature = "ssr")]
fn checked_limit(limit: String) -> Result<String, AppError> {
    if limit.len() > LONGEST_LIMIT {
        return Err(super::bad_request());
    }
    Ok(limit)
}

/// The minute that it is: what ends now is another one then.
#[cfg(feature = "ssr")]
pub(super) fn minute(console: &backend::console::Console) -> i64 {
    console.now().as_second() / 60
}
