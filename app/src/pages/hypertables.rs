//! Every hypertable with what it costs and what keeps it small.

use domain::hypertable::{Hypertable, TimePoint, TimeSpan};
use domain::hypertable_list::{HypertableColumn, HypertableList, HypertableQuery};
use domain::listing::{Column, ListPage};
use domain::quantity::{counted, day, exact_bytes, moment, percent, saved_percent, thousands};
use domain::snapshot::Edition;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use super::overview::NoHypertables;
use crate::components::{
    Bytes, ColumnHead, Count, Dash, FilterBar, LoadFailed, Notice, PageTitle, Pager, ProblemNotice,
    Refresher, SizeBar, SizeLegend, TableName, Tone, database_parameter,
};
use crate::server_fns::list_hypertables;

/// The page. Sorting, filter and page stand in the address.
#[component]
pub(crate) fn HypertablesPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let parameters = use_query_map();
    let query =
        Memo::new(move |_| parameters.with(|map| HypertableQuery::from_parameters(|name| map.get(name))));
    let list = Resource::new(
        move || (database.get(), query.get(), refresher.version()),
        |(database, query, _)| list_hypertables(database, query),
    );
    view! {
        <PageTitle text=Signal::derive(move || format!("Hypertables · {} · Tidemark", database.get())) />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                match list.await {
                    Ok(list) => view! { <ListBody list database=database.get_untracked() query /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn ListBody(list: HypertableList, database: String, query: Memo<HypertableQuery>) -> impl IntoView {
    let base = format!("/db/{database}/hypertables");
    let HypertableList {
        page,
        largest_bytes,
        problem,
        edition,
        ..
    } = list;
    let edition = edition.unwrap_or(Edition::Community);
    let total = page.as_ref().map(|page| page.total);
    let is_starting = page.is_none() && problem.is_none();
    view! {
        <div class="head">
            <h1>"Hypertables"</h1>
            {total.map(|total| view! { <span class="pill plain">{thousands(total as u64)}</span> })}
        </div>
        {problem.map(|report| view! { <ProblemNotice report has_figures=page.is_some() /> })}
        {is_starting.then(|| view! {
            <Notice tone=Tone::Plain title="The first reading is under way">
                <p>"The tables appear here as soon as it is done."</p>
            </Notice>
        })}
        {page.map(|page| if page.total == 0 {
            view! { <section class="card"><NoHypertables /></section> }.into_any()
        } else {
            view! { <ListCard page largest_bytes edition base query /> }.into_any()
        })}
    }
}

#[component]
fn ListCard(
    page: ListPage<Hypertable>,
    largest_bytes: u64,
    edition: Edition,
    base: String,
    query: Memo<HypertableQuery>,
) -> impl IntoView {
    let shown = page.query.clone();
    let rows = page.items.clone();
    view! {
        <section class="card">
            <FilterBar page=page.clone() base=base.clone() query noun=("table", "tables") what="Filter by schema, name or owner" />
            {if rows.is_empty() {
                view! {
                    <div class="empty">
                        <p><strong>{format!("No hypertable matches “{}”.", shown.filter)}</strong></p>
                        <p>"The filter looks at schema, name and owner."</p>
                        <p><A href=base.clone() attr:class="btn">"Show all"</A></p>
                    </div>
                }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="region" aria-label="Hypertables">
                        <table class="hypertables">
                            <thead>
                                <tr>
                                    {HypertableColumn::ALL
                                        .iter()
                                        .map(|column| view! { <ColumnHead column=*column class=class(*column) query=shown.clone() base=base.clone() /> })
                                        .collect_view()}
                                </tr>
                            </thead>
                            <tbody>
                                {rows.into_iter().map(|table| view! { <Row table largest=largest_bytes edition /> }).collect_view()}
                            </tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            <footer class="card-foot">
                <SizeLegend />
                {(edition == Edition::Apache).then(|| view! {
                    <p>"The Apache edition has neither compression nor policies." <span class="wide-only">" Those columns are empty."</span></p>
                })}
            </footer>
            <Pager page base />
        </section>
    }
}

/// On a narrow screen the columns that matter stay; the rest is told under the name.
fn class(column: HypertableColumn) -> &'static str {
    match column {
        HypertableColumn::Name => "",
        HypertableColumn::Size => "num size",
        HypertableColumn::Rows => "num",
        HypertableColumn::Indexes
        | HypertableColumn::Chunks
        | HypertableColumn::Compressed
        | HypertableColumn::Saved => "num wide-only",
        _ => "wide-only",
    }
}

#[component]
fn Row(table: Hypertable, largest: u64, edition: Edition) -> impl IntoView {
    let bytes = table.size.total_bytes();
    let saved = table
        .compression
        .and_then(|c| saved_percent(c.before_bytes, c.after_bytes));
    let no_policy = match edition {
        Edition::Community => "no policy",
        Edition::Apache => "the Apache edition has no policies",
    };
    let dimensions = (table.dimensions > 1).then(|| format!(" and {} more", table.dimensions - 1));
    let span = |value: Option<TimeSpan>, reason: &'static str| match value {
        Some(span) => span.to_string().into_any(),
        None => view! { <Dash reason /> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="name" title=format!("owned by {}", table.owner)>
                <TableName name=table.display_name() />
                <span class="under">
                    {format!("by {} {}", table.time_column, dimensions.clone().unwrap_or_default())}
                    <span class="narrow-only">
                        {format!("· {}", counted(table.chunks, "chunk", "chunks"))}
                        {table.chunk_interval.map(|interval| format!(" of {interval}"))}
                        {table.drop_after.map(|keep| format!(" · keep {keep}"))}
                    </span>
                </span>
            </th>
            <td class="num size">
                <Bytes value=bytes exactness=table.exactness />
                <SizeBar size=table.size largest_bytes=largest />
            </td>
            <td class="num wide-only" title=format!("heap {}, TOAST {}", exact_bytes(table.size.heap_bytes), exact_bytes(table.size.toast_bytes))>
                <Bytes value=table.size.index_bytes exactness=table.exactness />
            </td>
            <td class="num"><Count value=table.rows exactness=table.exactness /></td>
            <td class="num wide-only"><Count value=table.chunks /></td>
            <td class="num wide-only">
                {match (edition, table.compression_enabled || table.compressed_chunks > 0) {
                    (Edition::Community, true) => view! { <Count value=table.compressed_chunks /> }.into_any(),
                    (Edition::Community, false) => view! { <Dash reason="compression is not enabled" /> }.into_any(),
                    (Edition::Apache, _) => view! { <Dash reason="the Apache edition has no compression" /> }.into_any(),
                }}
            </td>
            <td class="num wide-only">
                {match (saved, table.compression) {
                    (Some(saved), Some(totals)) => view! {
                        <span title=format!("{} before, {} straight after", exact_bytes(totals.before_bytes), exact_bytes(totals.after_bytes))>{percent(saved)}</span>
                    }.into_any(),
                    _ => view! { <Dash reason="nothing is compressed" /> }.into_any(),
                }}
            </td>
            <td class="wide-only">{span(table.chunk_interval, "no fixed interval")}</td>
            <td class="wide-only">{span(table.compress_after, no_policy)}</td>
            <td class="wide-only">{span(table.drop_after, no_policy)}</td>
            <td class="wide-only"><Point point=table.range.map(|range| range.start) /></td>
            <td class="wide-only"><Point point=table.range.map(|range| range.end) /></td>
        </tr>
    }
}

#[component]
fn Point(point: Option<TimePoint>) -> impl IntoView {
    match point {
        Some(TimePoint::Moment(at)) => {
            view! { <time datetime=at.to_string() title=moment(at)>{day(at)}</time> }.into_any()
        }
        Some(TimePoint::Number(number)) => number.to_string().into_any(),
        None => view! { <Dash reason="no chunks yet" /> }.into_any(),
    }
}
