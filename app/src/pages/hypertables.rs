//! Every hypertable with what it costs and what keeps it small.

use domain::hypertable::{Hypertable, TimePoint, TimeSpan};
use domain::hypertable_list::{HypertableColumn, HypertableList, HypertableQuery, TableLight};
use domain::listing::Column;
use domain::psql::Statement;
use domain::quantity::{counted, day, exact_bytes, moment, percent, saved_percent, thousands};
use domain::reading::Reading;
use domain::role::Permission;
use domain::snapshot::Edition;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use super::overview::NoHypertables;
use super::table_address;
use crate::charts::Chart;
use crate::components::{
    Bytes, Choice, ChoiceHead, Choices, Choosable, ChosenForm, ColumnHead, Count, Dash, FilterBar, LightPill,
    LoadFailed, OwnFrame, PageTitle, Pager, PsqlOf, Refresher, SizeBar, SizeLegend, SourceNotices, TableName,
    database_parameter, minutes,
};
use crate::loading::load_again;
use crate::server_fns::{draw_tables, list_hypertables};

/// The page. Sorting, filter and page stand in the address.
#[component]
pub(crate) fn HypertablesPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let parameters = use_query_map();
    let query =
        Memo::new(move |_| parameters.with(|map| HypertableQuery::from_parameters(|name| map.get(name))));
    let list = load_again(
        move || (database.get(), query.get()),
        move || refresher.version(),
        |(database, query)| list_hypertables(database, query),
    );
    // What is chosen lives here, outside of what is loaded.
    let choices = Choices::new("table");
    let frame = expect_context::<OwnFrame>();
    let minutes = minutes();
    let drawn = load_again(move || database.get(), move || minutes.get(), draw_tables);
    view! {
        <PageTitle text=Signal::derive(move || format!("Hypertables · {} · Tidemark", database.get())) />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                let may_choose = frame.await.is_ok_and(|frame| frame.account.may(Permission::ChangePolicies));
                let choices = may_choose.then_some(choices);
                match list.await {
                    Ok(reading) => view! { <ListBody reading database=database.get_untracked() query choices /> }.into_any(),
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
        <PsqlOf title="Hypertables" statement=Statement::Hypertables />
    }
}

#[component]
fn ListBody(
    reading: Reading<HypertableList>,
    database: String,
    query: Memo<HypertableQuery>,
    #[prop(optional_no_strip)] choices: Option<Choices>,
) -> impl IntoView {
    let edition = reading.edition.unwrap_or(Edition::Community);
    let list = reading.facts.clone();
    let total = list.as_ref().map(|list| {
        let plain = thousands((list.page.total as u64).saturating_sub(list.aggregates));
        match list.aggregates {
            0 => plain,
            aggregates => format!(
                "{plain} and {}",
                counted(aggregates, "continuous aggregate", "continuous aggregates")
            ),
        }
    });
    view! {
        <div class="head">
            <h1>"Hypertables"</h1>
            {total.map(|total| view! { <span class="pill plain">{total}</span> })}
        </div>
        <SourceNotices reading what="The tables appear" />
        {list.map(|list| if list.page.total == 0 {
            view! { <section class="card"><NoHypertables /></section> }.into_any()
        } else {
            view! {
                <ListCard list edition database query choices />
            }.into_any()
        })}
    }
}

#[component]
fn ListCard(
    list: HypertableList,
    edition: Edition,
    database: String,
    query: Memo<HypertableQuery>,
    #[prop(optional_no_strip)] choices: Option<Choices>,
) -> impl IntoView {
    let base = format!("/db/{database}/hypertables");
    let export = format!("/db/{database}/export/hypertables");
    let HypertableList {
        page,
        lights,
        largest_bytes,
        ..
    } = list;
    let shown = page.query.clone();
    let rows: Vec<_> = page.items.iter().cloned().zip(lights).collect();
    view! {
        <section class="card">
            <FilterBar page=page.clone() base=base.clone() query noun=("table", "tables") what="Filter by schema, name or owner" export />
            {choices.filter(|_| !rows.is_empty()).map(|choices| view! {
                <ChosenForm choices database=database.clone() actions=choosable(edition) />
            })}
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
                                    {choices.map(|_| view! { <ChoiceHead /> })}
                                    {HypertableColumn::ALL
                                        .iter()
                                        .filter(|column| is_offered(**column, edition))
                                        .map(|column| view! {
                                            <ColumnHead column=*column class=class(*column) query=shown.clone() base=base.clone() />
                                            {(*column == HypertableColumn::Name).then(|| view! { <th scope="col">"Policies"</th> })}
                                        })
                                        .collect_view()}
                                </tr>
                            </thead>
                            <tbody>
                                {rows
                                    .into_iter()
                                    .map(|(table, light)| {
                                        let href = table_address(&database, &table);
                                        view! { <Row table light largest=largest_bytes edition href choices /> }
                                    })
                                    .collect_view()}
                            </tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            <footer class="card-foot">
                <SizeLegend />
                {(edition == Edition::Apache).then(|| view! {
                    <p>"The Apache edition has neither compression nor policies." <span class="wide-only">" Their columns are left out."</span></p>
                })}
            </footer>
            <Pager page base />
        </section>
    }
}

/// What can be done to chosen tables in an edition.
fn choosable(edition: Edition) -> Vec<Choosable> {
    let reason = (edition == Edition::Apache)
        .then_some("The Apache edition has no compression, and freezes no chunks.");
    vec![
        ("compress", "Compress", reason),
        ("recompress", "Compress anew", reason),
        ("decompress", "Decompress", reason),
        ("freeze", "Freeze", reason),
        ("unfreeze", "Unfreeze", reason),
        ("drop_older_than", "Drop old chunks", None),
    ]
}

/// Whether the edition can have anything in the column.
fn is_offered(column: HypertableColumn, edition: Edition) -> bool {
    edition == Edition::Community
        || !matches!(
            column,
            HypertableColumn::Compressed
                | HypertableColumn::Saved
                | HypertableColumn::CompressAfter
                | HypertableColumn::Keep
        )
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
fn Row(
    table: Hypertable,
    light: TableLight,
    largest: u64,
    edition: Edition,
    href: String,
    #[prop(optional_no_strip)] choices: Option<Choices>,
) -> impl IntoView {
    let choice = choices.map(|choices| {
        view! { <Choice choices value=table.table_name().qualified() label=table.display_name() /> }
    });
    let name = table.display_name();
    let bytes = table.size.total_bytes();
    let saved = table
        .compression
        .and_then(|c| saved_percent(c.before_bytes, c.after_bytes));
    let dimensions =
        (table.dimensions.len() > 1).then(|| format!(" and {} more", table.dimensions.len() - 1));
    let is_community = edition == Edition::Community;
    let span = |value: Option<TimeSpan>, reason: &'static str| match value {
        Some(span) => span.to_string().into_any(),
        None => view! { <Dash reason /> }.into_any(),
    };
    view! {
        <tr>
            {choice}
            <th scope="row" class="name" title=format!("owned by {}", table.owner)>
                <A href=href><TableName name /></A>
                <span class="under">
                    {table.materializes.is_some().then_some("continuous aggregate, ")}
                    {format!("by {} {}", table.time_column, dimensions.clone().unwrap_or_default())}
                    <span class="narrow-only">
                        {format!("· {}", counted(table.chunks, "chunk", "chunks"))}
                        {table.chunk_interval.map(|interval| format!(" of {interval}"))}
                        {table.drop_after.map(|keep| format!(" · keep {keep}"))}
                    </span>
                </span>
            </th>
            <td><LightPill light=light.light reason=light.reason /></td>
            <td class="num size">
                <Bytes value=bytes exactness=table.exactness />
                <SizeBar size=table.size largest_bytes=largest />
            </td>
            <td class="num wide-only" title=format!("heap {}, TOAST {}", exact_bytes(table.size.heap_bytes), exact_bytes(table.size.toast_bytes))>
                <Bytes value=table.size.index_bytes exactness=table.exactness />
            </td>
            <td class="num"><Count value=table.rows exactness=table.exactness /></td>
            <td class="num wide-only"><Count value=table.chunks /></td>
            {is_community.then(|| view! {
                <td class="num wide-only">
                    {if table.compression_enabled || table.compressed_chunks > 0 {
                        view! { <Count value=table.compressed_chunks /> }.into_any()
                    } else {
                        view! { <Dash reason="compression is not enabled" /> }.into_any()
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
            })}
            <td class="wide-only">{span(table.chunk_interval, "no fixed interval")}</td>
            {is_community.then(|| view! {
                <td class="wide-only">{span(table.compress_after, "no policy")}</td>
                <td class="wide-only">{span(table.drop_after, "no policy")}</td>
            })}
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
