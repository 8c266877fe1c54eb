//! Chunks, of one hypertable or of all.

use domain::chunk_list::{ChunkQuery, ChunkRow};
use domain::listing::ListPage;
use domain::reading::Reading;
use leptos::prelude::*;

use crate::error::AppError;

/// Loads one page of the list.
#[server(prefix = "/fn", endpoint = "list_chunks", input = leptos::server_fn::codec::Json)]
pub async fn list_chunks(
    database: String,
    query: ChunkQuery,
) -> Result<Reading<ListPage<ChunkRow>>, AppError> {
    let (console, granted) = super::guard::demand(domain::role::Permission::ViewDetails, "chunks").await?;
    let query = query.checked();
    let bytes = |page: &Option<ListPage<ChunkRow>>| {
        let rows = page.as_ref().map_or(0, |page| page.items.len());
        rows * 2 * size_of::<ChunkRow>()
    };
    let reading = console
        .last_reading(&granted, &database)
        .map_err(|_| super::guard::not_found())?;
    let not_shown = |_| super::guard::not_found();
    // Jobs are read more often than sizes; what is due goes by both.
    let rules = reading
        .read(|seen| domain::judgement::DueRules::of(seen.snapshot).fingerprint())
        .map_err(not_shown)?;
    let name = format!("list of chunks {query:?}, due by {:?}", rules.facts);
    let page = reading
        .keep(backend::console::MadeOf::Sizes, name, bytes, async {
            let page = reading.read(|seen| domain::chunk_list::chunk_page(&query, seen.snapshot));
            page.map(|page| page.facts)
        })
        .await
        .map_err(not_shown)?;
    // As old as it is now.
    let source = reading.read(|_| ()).map_err(not_shown)?;
    source
        .map(|()| page.as_ref().clone())
        .found()
        .ok_or_else(super::guard::not_found)
}
