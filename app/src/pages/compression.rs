//! What compression does to each hypertable.

use domain::compression_list::{CompressionColumn, CompressionQuery, TableCompression};
use domain::listing::{Column, ListPage};
use domain::page::{TableTab, hypertable_page};
use domain::psql::Statement;
use domain::quantity::{percent, thousands};
use domain::reading::Reading;
use domain::snapshot::Edition;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use crate::charts::Chart;
use crate::components::{
    Bytes, ColumnHead, Count, Dash, FilterBar, LoadFailed, Notice, PageTitle, Pager, PsqlOf, Refresher,
    SourceNotices, TableName, Tone, database_parameter, minutes,
};
use crate::loading::load_again;
use crate::server_fns::{draw_compression, list_compression};

/// The page. Sorting, filter and page stand in the address.
#[component]
pub(crate) fn CompressionPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let parameters = use_query_map();
    let query =
        Memo::new(move |_| parameters.with(|map| CompressionQuery::from_parameters(|name| map.get(name))));
    let list = load_again(
        move || (database.get(), query.get()),
        move || refresher.version(),
        |(database, query)| list_compression(database, query),
    );
    let minutes = minutes();
    let drawn = load_again(move || database.get(), move || minutes.get(), draw_compression);
    view! {
        <PageTitle text=Signal::derive(move || format!("Compression · {} · Tidemark", database.get())) />
        <div class="head"><h1>"Compression"</h1></div>
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                match list.await {
                    Ok(reading) => view! { <Body reading database=database.get_untracked() query /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                let figure = drawn.await.ok().flatten()?;
                Some(view! { <Chart figure zoom=false /> })
            })}
        </Transition>
        <PsqlOf title="Compression" statement=Statement::Compression />
    }
}

#[component]
fn Body(
    reading: Reading<ListPage<TableCompression>>,
    database: String,
    query: Memo<CompressionQuery>,
) -> impl IntoView {
    let edition = reading.edition;
    let page = reading.facts.clone();
    view! {
        <SourceNotices reading what="The tables appear" />
        {match (edition, page) {
            (Some(Edition::Apache), _) => view! {
                <Notice tone=Tone::Plain title="The Apache edition has no compression">
                    <p>"A server of the Community edition compresses chunks of a certain age, often to a tenth of their size; the rows stay readable as before."</p>
                </Notice>
            }.into_any(),
            (_, Some(page)) => view! {
                <ListCard
                    page
                    database=database.clone()
                    base=format!("/db/{database}/compression")
                    export=format!("/db/{database}/export/compression")
                    query
                />
            }.into_any(),
            (_, None) => ().into_any(),
        }}
    }
    .into_any()
}

#[component]
fn ListCard(
    page: ListPage<TableCompression>,
    database: String,
    base: String,
    export: String,
    query: Memo<CompressionQuery>,
) -> impl IntoView {
    let shown = page.query.clone();
    let heads = CompressionColumn::ALL
        .iter()
        .map(|column| view! { <ColumnHead column=*column class=class(*column) query=shown.clone() base=base.clone() /> })
        .collect_view();
    let rows = page
        .items
        .iter()
        .cloned()
        .map(|row| view! { <Row row database=database.clone() /> })
        .collect_view();
    let is_empty = page.items.is_empty();
    view! {
        <section class="card">
            <FilterBar page=page.clone() base=base.clone() query noun=("table", "tables") what="Filter by schema, name or owner" export=export.clone() />
            {if is_empty {
                view! {
                    <div class="empty">
                        <p><strong>{if shown.filter.is_empty() { "There is no hypertable.".to_owned() } else { format!("No hypertable matches “{}”.", shown.filter) }}</strong></p>
                        <p><A href=base.clone() attr:class="btn">"Show all"</A></p>
                    </div>
                }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="region" aria-label="Compression">
                        <table>
                            <thead><tr>{heads}</tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            <Pager page base />
        </section>
    }
    .into_any()
}

fn class(column: CompressionColumn) -> &'static str {
    match column {
        CompressionColumn::Table => "",
        CompressionColumn::Saved | CompressionColumn::Compressed => "num",
        CompressionColumn::SegmentBy | CompressionColumn::OrderBy | CompressionColumn::CompressAfter => {
            "wide-only"
        }
        _ => "num wide-only",
    }
}

#[component]
fn Row(row: TableCompression, database: String) -> impl IntoView {
    let name = row.display_name();
    let of = row.materializes.clone().unwrap_or_else(|| row.table.clone());
    let href = hypertable_page(&database, &of, TableTab::Compression);
    let saved = row.saved_percent();
    let (segment_by, order_by) = (row.segment_by(), row.order_by());
    let none = if row.is_enabled {
        "nothing is compressed"
    } else {
        "compression is not enabled"
    };
    let bytes = move |value: Option<u64>| match value {
        Some(value) => view! { <Bytes value /> }.into_any(),
        None => view! { <Dash reason=none /> }.into_any(),
    };
    let text = move |value: Option<String>, reason: &'static str| match value {
        Some(value) => value.into_any(),
        None => view! { <Dash reason /> }.into_any(),
    };
    let choice = if row.is_enabled {
        "the server chooses"
    } else {
        "compression is not enabled"
    };
    view! {
        <tr>
            <th scope="row" class="name"><A href=href><TableName name /></A></th>
            <td class="num wide-only"><Bytes value=row.size.total_bytes() exactness=row.exactness /></td>
            <td class="num wide-only">{bytes(row.totals.map(|totals| totals.before_bytes))}</td>
            <td class="num wide-only">{bytes(row.totals.map(|totals| totals.after_bytes))}</td>
            <td class="num">{text(saved.map(percent), none)}</td>
            <td class="num wide-only">{bytes(row.totals.map(|_| row.compressed_bytes))}</td>
            <td class="num wide-only"><Count value=row.chunks /></td>
            <td class="num"><Count value=row.compressed_chunks /></td>
            <td class="wide-only">{text(segment_by, choice)}</td>
            <td class="wide-only">{text(order_by, choice)}</td>
            <td class="wide-only">{text(row.compress_after.map(|after| after.to_string()), "no policy")}</td>
            <td class="num wide-only">{thousands(row.chunks_with_other_settings)}</td>
        </tr>
    }
    .into_any()
}
