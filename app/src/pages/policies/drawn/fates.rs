//! What becomes of each chunk, one by one: what is dropped first, then what is compressed.

use backend::policies::Planned;
use domain::hypertable::{Chunk, TimePoint};
use domain::policy::Fate;
use domain::quantity::{bytes, minute, thousands};
use domain::table_name::TableName;
use domain::timestamp::Timestamp;
use leptos::prelude::*;

/// Chunks that are listed at once.
const CHUNKS_A_PAGE: usize = 100;

/// One page of the list.
#[derive(Debug, Clone)]
pub(super) struct Fates {
    rows: Vec<(Chunk, Fate)>,
    /// Chunks that anything is done to.
    total: usize,
    /// Of these, how many are dropped.
    dropped: usize,
    /// The page, from one.
    page: usize,
}

impl Fates {
    /// Of a plan's chunks, in the order they are handled.
    pub(super) fn of(planned: &Planned, table: &TableName, page: usize) -> Self {
        let chunks = planned.snapshot.chunks_of(table);
        // The outlook has the fates in the order of the chunks.
        let mut handled: Vec<(&Chunk, Fate)> = chunks
            .iter()
            .zip(planned.outlook.fates.iter().copied())
            .filter(|(_, fate)| fate.dropped_at.is_some() || fate.compressed_at.is_some())
            .collect();
        handled.sort_by_key(|(chunk, fate)| {
            let start = chunk.range.map(|range| range.start);
            (
                fate.dropped_at.is_none(),
                fate.dropped_at.or(fate.compressed_at),
                start,
            )
        });
        let total = handled.len();
        let page = page.clamp(1, total.div_ceil(CHUNKS_A_PAGE).max(1));
        Self {
            total,
            dropped: handled
                .iter()
                .filter(|(_, fate)| fate.dropped_at.is_some())
                .count(),
            rows: handled
                .into_iter()
                .skip((page - 1) * CHUNKS_A_PAGE)
                .take(CHUNKS_A_PAGE)
                .map(|(chunk, fate)| (chunk.clone(), fate))
                .collect(),
            page,
        }
    }
}

/// Draws it, folded away until it is asked for.
#[component]
pub(super) fn ChunkByChunk(
    fates: Fates,
    /// The address of the preview.
    address: String,
    /// Whether it was asked for.
    is_open: bool,
) -> impl IntoView {
    let Fates {
        rows,
        total,
        dropped,
        page,
    } = fates;
    if total == 0 {
        return ().into_any();
    }
    let pages = total.div_ceil(CHUNKS_A_PAGE);
    let first = (page - 1) * CHUNKS_A_PAGE;
    let shown = rows.len();
    let rows = rows
        .into_iter()
        .map(|(chunk, fate)| {
            view! {
                <tr>
                    <th scope="row" class="name"><code>{chunk.name.clone()}</code></th>
                    <td>{chunk.range.map_or_else(|| "-".to_owned(), |range| format!("{} to {}", place(range.start), place(range.end)))}</td>
                    <td class="num">{bytes(chunk.size.total_bytes()).to_string()}</td>
                    <td class="num">{thousands(chunk.rows)}</td>
                    <td>{when(fate.compressed_at)}</td>
                    <td>{when(fate.dropped_at)}</td>
                </tr>
            }
        })
        .collect_view();
    let step = |page: Option<usize>, rel: &'static str, label: &'static str| match page {
        Some(page) => {
            let href = format!("{address}&chunks={page}#chunk-by-chunk");
            view! { <a class="btn" href=href rel=rel>{label}</a> }.into_any()
        }
        None => view! { <span class="btn" aria-disabled="true">{label}</span> }.into_any(),
    };
    let summary = match dropped {
        0 => format!("Chunk by chunk: {} compressed", thousands(total as u64)),
        dropped if dropped == total => format!("Chunk by chunk: {} dropped", thousands(total as u64)),
        dropped => format!(
            "Chunk by chunk: {} dropped, {} only compressed",
            thousands(dropped as u64),
            thousands((total - dropped) as u64)
        ),
    };
    view! {
        <section class="card" id="chunk-by-chunk">
            <details class="numbers" open=is_open>
                <summary>{summary}</summary>
                <div class="scroll" tabindex="0" role="region" aria-label="Chunk by chunk">
                    <table>
                        <thead><tr>
                            <th scope="col">"Chunk"</th><th scope="col">"Range"</th>
                            <th scope="col" class="num">"On disk now"</th><th scope="col" class="num">"Rows, about"</th>
                            <th scope="col">"Compressed"</th><th scope="col">"Dropped"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {(pages > 1).then(|| view! {
                    <nav class="pager" aria-label="Pages of the chunks">
                        <span>{format!("{} to {} of {}", thousands(first as u64 + 1), thousands((first + shown) as u64), thousands(total as u64))}</span>
                        <span class="pager-steps">
                            {step((page > 1).then(|| page - 1), "prev", "Previous")}
                            {step((page < pages).then_some(page + 1), "next", "Next")}
                        </span>
                    </nav>
                })}
            </details>
        </section>
    }
    .into_any()
}

fn place(point: TimePoint) -> String {
    match point {
        TimePoint::Moment(at) => minute(at),
        TimePoint::Number(number) => number.to_string(),
    }
}

fn when(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| format!("{} UTC", minute(at)))
}
