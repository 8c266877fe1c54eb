//! Every hypertable with what it costs and what keeps it small.

use domain::hypertable::{Hypertable, TimePoint, TimeSpan};
use domain::listing::{
    Direction, HypertableColumn, HypertableList, HypertablePage, HypertableQuery, PAGE_SIZES,
};
use domain::quantity::{counted, day, exact_bytes, moment, percent, saved_percent, thousands};
use domain::snapshot::Edition;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::overview::NoHypertables;
use crate::components::{
    Bytes, Count, Dash, Icon, LoadFailed, Notice, ProblemNotice, Refresher, SizeBar, SizeLegend, Symbol,
    TableName, Tone, database_parameter,
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
        <Title text=move || format!("Hypertables · {} · Tidemark", database.get()) />
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
            view! { <ListCard page edition base query /> }.into_any()
        })}
    }
}

#[component]
fn ListCard(
    page: HypertablePage,
    edition: Edition,
    base: String,
    query: Memo<HypertableQuery>,
) -> impl IntoView {
    let shown = page.query.clone();
    let largest = page.largest_bytes;
    let rows = page.items.clone();
    view! {
        <section class="card">
            <FilterBar page=page.clone() base=base.clone() query />
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
                                        .into_iter()
                                        .map(|column| view! { <ColumnHead column query=shown.clone() base=base.clone() /> })
                                        .collect_view()}
                                </tr>
                            </thead>
                            <tbody>
                                {rows.into_iter().map(|table| view! { <Row table largest edition /> }).collect_view()}
                            </tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            <footer class="card-foot">
                <SizeLegend />
                {(edition == Edition::Apache).then_some("The Apache edition has neither compression nor policies: those columns are empty.")}
            </footer>
            <Pager page base />
        </section>
    }
}

#[component]
fn FilterBar(page: HypertablePage, base: String, query: Memo<HypertableQuery>) -> impl IntoView {
    let navigate = use_navigate();
    let shown = page.query.clone();
    let found = if shown.filter.is_empty() {
        counted(page.total as u64, "table", "tables")
    } else {
        format!(
            "{} of {}",
            thousands(page.matching as u64),
            counted(page.total as u64, "table", "tables")
        )
    };
    let action = base.clone();
    let filter_as_typed = move |event: leptos::ev::Event| {
        let filter = event_target_value(&event);
        let wanted = HypertableQuery {
            filter,
            page: 1,
            ..query.get_untracked()
        };
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&format!("{base}{}", wanted.query_string()), options);
    };
    let kept: Vec<_> = shown
        .parameters()
        .into_iter()
        .filter(|(name, _)| !matches!(*name, "q" | "page" | "size"))
        .collect();
    view! {
        // Without JavaScript the form is sent; with it, the list follows the typing.
        <form class="filter" method="get" action=action role="search" on:submit=|event| event.prevent_default()>
            <label class="filter-field">
                <Icon symbol=Symbol::Search />
                <span class="visually-hidden">"Filter by schema, name or owner"</span>
                <input type="search" name="q" id="filter" value=shown.filter.clone() placeholder="Filter by schema, name or owner" maxlength="200" autocomplete="off" on:input=filter_as_typed />
                <kbd aria-hidden="true">"/"</kbd>
            </label>
            {kept.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view()}
            {(shown.page_size != HypertableQuery::default().page_size).then(|| view! { <input type="hidden" name="size" value=shown.page_size.to_string() /> })}
            <noscript><button type="submit" class="btn">"Filter"</button></noscript>
            <span class="found" role="status">{found}</span>
        </form>
    }
}

fn label(column: HypertableColumn) -> &'static str {
    match column {
        HypertableColumn::Name => "Table",
        HypertableColumn::Size => "Size",
        HypertableColumn::Indexes => "Indexes",
        HypertableColumn::Rows => "Rows",
        HypertableColumn::Chunks => "Chunks",
        HypertableColumn::Compressed => "Compressed",
        HypertableColumn::Saved => "Saved",
        HypertableColumn::Interval => "Chunk interval",
        HypertableColumn::CompressAfter => "Compress after",
        HypertableColumn::Keep => "Keep",
        HypertableColumn::Oldest => "Oldest chunk",
        HypertableColumn::Newest => "Newest chunk",
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
fn ColumnHead(column: HypertableColumn, query: HypertableQuery, base: String) -> impl IntoView {
    let sorted = (query.sort == column).then_some(query.direction);
    let aria_sort = sorted.map(|direction| match direction {
        Direction::Ascending => "ascending",
        Direction::Descending => "descending",
    });
    let arrow = sorted.map(|direction| match direction {
        Direction::Ascending => " ↑",
        Direction::Descending => " ↓",
    });
    let href = format!("{base}{}", query.sorted_by(column).query_string());
    view! {
        <th scope="col" class=class(column) aria-sort=aria_sort>
            <A href=href scroll=false>{label(column)}<span aria-hidden="true">{arrow}</span></A>
        </th>
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

#[component]
fn Pager(page: HypertablePage, base: String) -> impl IntoView {
    let query = page.query.clone();
    let first = page.first_row + 1;
    let last = page.first_row + page.items.len();
    let to = |number: usize| format!("{base}{}", query.on_page(number).query_string());
    let previous = (query.page > 1).then(|| to(query.page - 1));
    let next = (query.page < page.pages).then(|| to(query.page + 1));
    let sizes = PAGE_SIZES
        .into_iter()
        .map(|size| {
            let wanted = HypertableQuery { page_size: size, page: 1, ..query.clone() };
            let current = (size == query.page_size).then_some("true");
            view! { <A href=format!("{base}{}", wanted.query_string()) scroll=false attr:aria-current=current>{size.to_string()}</A> }
        })
        .collect_view();
    (page.matching > PAGE_SIZES[0]).then(|| view! {
        <nav class="pager" aria-label="Pages of the list">
            <span>{format!("{first} to {last} of {}", thousands(page.matching as u64))}</span>
            <span class="pager-sizes">"Rows " {sizes}</span>
            <span class="pager-steps">
                {match previous {
                    Some(href) => view! { <A href=href attr:class="btn" attr:rel="prev">"Previous"</A> }.into_any(),
                    None => view! { <span class="btn" aria-disabled="true">"Previous"</span> }.into_any(),
                }}
                {match next {
                    Some(href) => view! { <A href=href attr:class="btn" attr:rel="next">"Next"</A> }.into_any(),
                    None => view! { <span class="btn" aria-disabled="true">"Next"</span> }.into_any(),
                }}
            </span>
        </nav>
    })
}
