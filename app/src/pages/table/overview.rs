//! What a hypertable costs, how it is cut, and how it grows.

use domain::dimension::DimensionKind;
use domain::hypertable::{Hypertable, TimePoint};
use domain::page::{TableTab, hypertable_page};
use domain::psql::Statement;
use domain::quantity::{counted, moment, percent, rounded, saved_percent, thousands};
use domain::snapshot::Edition;
use domain::table_page::TablePage;
use leptos::prelude::*;
use leptos_router::components::A;

use super::{Shown, Tab};
use crate::components::{
    Bytes, ChunkCharts, Count, Dash, IngestChart, PsqlOf, SizeBar, SizeChart, SizeLegend,
};

/// The page.
#[component]
pub(crate) fn TableOverviewPage() -> impl IntoView {
    let shown = expect_context::<Shown>();
    view! {
        <Tab body=|reading, page, _| view! { <Tiles edition=reading.edition.unwrap_or(Edition::Community) page /> } />
        <ChunkCharts table=shown.name with_sizes=false />
        <SizeChart table=shown.name />
        <div class="grid g2">
            <IngestChart table=shown.name />
            <Tab body=|_, page, shown| view! { <Facts page shown /> } />
        </div>
        <PsqlOf title="Overview" statement=Statement::Hypertables table=shown.name />
    }
}

#[component]
fn Tiles(page: TablePage, edition: Edition) -> impl IntoView {
    let table = page.table;
    let size = table.size;
    let total = size.total_bytes();
    let saved = table.compression.and_then(|totals| {
        saved_percent(totals.before_bytes, totals.after_bytes).map(|saved| (saved, totals))
    });
    let ingest = table
        .ingest
        .map(|rate| format!("{} rows/s come in", thousands(rounded(rate.rows_per_second()))));
    view! {
        <dl class="tiles">
            <div class="tile">
                <dt>"Size"</dt>
                <dd class="value"><Bytes value=total exactness=table.exactness /></dd>
                <dd class="sub"><SizeBar size largest_bytes=total /></dd>
                <dd class="sub"><SizeLegend /></dd>
            </div>
            <div class="tile">
                <dt>"Rows"</dt>
                <dd class="value"><Count value=table.rows exactness=table.exactness /></dd>
                <dd class="sub">{ingest}</dd>
            </div>
            <div class="tile">
                <dt>"Chunks"</dt>
                <dd class="value"><Count value=table.chunks /></dd>
                <dd class="sub">
                    {if edition == Edition::Community {
                        format!("{} compressed", thousands(table.compressed_chunks))
                    } else {
                        "compression is not in the Apache edition".to_owned()
                    }}
                </dd>
            </div>
            <div class="tile">
                <dt>"Saved by compression"</dt>
                {match saved {
                    Some((saved, totals)) => view! {
                        <dd class="value"><Bytes value=totals.before_bytes.saturating_sub(totals.after_bytes) /></dd>
                        <dd class="sub">{percent(saved)} " of " <Bytes value=totals.before_bytes /> " when it ran"</dd>
                    }.into_any(),
                    None => view! {
                        <dd class="value none">"—"</dd>
                        <dd class="sub">"no chunk is compressed"</dd>
                    }.into_any(),
                }}
            </div>
        </dl>
    }
}

#[component]
fn Facts(page: TablePage, shown: Shown) -> impl IntoView {
    let TablePage {
        table,
        sources,
        materializes,
        ..
    } = page;
    let database = shown.database.get_untracked();
    let tablespaces = if table.tablespaces.is_empty() {
        "default".to_owned()
    } else {
        table.tablespaces.join(", ")
    };
    let source = materializes.map(|aggregate| {
        let href = hypertable_page(&database, &aggregate.source, TableTab::Overview);
        view! { <div><dt>"Aggregates"</dt><dd><A href=href>{aggregate.source.to_string()}</A></dd></div> }
    });
    let aggregates = (!sources.is_empty()).then(|| {
        let links = sources
            .into_iter()
            .map(|aggregate| {
                let href = hypertable_page(&database, &aggregate.view, TableTab::Overview);
                view! { <span class="line"><A href=href>{aggregate.view.to_string()}</A></span> }
            })
            .collect_view();
        view! { <div><dt>"Continuous aggregates"</dt><dd>{links}</dd></div> }
    });
    view! {
        <section class="card">
            <header><h2>"Table"</h2></header>
            <dl class="facts">
                <div><dt>"Owner"</dt><dd>{table.owner.clone()}</dd></div>
                <Dimensions table=table.clone() />
                <div><dt>"Oldest row is not before"</dt><dd><Place point=table.range.map(|range| range.start) /></dd></div>
                <div><dt>"Chunks until"</dt><dd><Place point=table.range.map(|range| range.end) /></dd></div>
                <div><dt>"Tablespace"</dt><dd>{tablespaces}</dd></div>
                {source}
                {aggregates}
            </dl>
        </section>
    }
}

#[component]
fn Dimensions(table: Hypertable) -> impl IntoView {
    table
        .dimensions
        .into_iter()
        .map(|dimension| {
            let cut = match dimension.kind {
                DimensionKind::Range {
                    interval,
                    now_function,
                } => {
                    let now = now_function
                        .map(|function| format!(", now is {function}()"))
                        .unwrap_or_default();
                    format!("every {interval}{now}")
                }
                DimensionKind::Hash { partitions } => {
                    format!(
                        "into {}",
                        counted(u64::from(partitions), "partition", "partitions")
                    )
                }
            };
            view! {
                <div>
                    <dt>"By " <code>{dimension.column}</code> " " <small>{dimension.column_type}</small></dt>
                    <dd>{cut}</dd>
                </div>
            }
        })
        .collect_view()
}

/// A place on the time axis, in full.
#[component]
fn Place(point: Option<TimePoint>) -> impl IntoView {
    match point {
        Some(TimePoint::Moment(at)) => view! { <time datetime=at.to_string()>{moment(at)}</time> }.into_any(),
        Some(TimePoint::Number(number)) => number.to_string().into_any(),
        None => view! { <Dash reason="no chunks yet" /> }.into_any(),
    }
}
