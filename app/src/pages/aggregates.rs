//! Every continuous aggregate: how far it is materialized, what refreshes it, what it costs.

use domain::aggregate_list::{AggregateColumn, AggregateQuery, AggregateRow};
use domain::aggregate_page::{AggregateWords, AggregatesPage as Facts, RefreshWords};
use domain::listing::Column;
use domain::page::{TableTab, hypertable_page};
use domain::psql::Statement;
use domain::quantity::thousands;
use domain::reading::Reading;
use domain::role::Permission;
use domain::snapshot::Edition;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use super::AggregateActions;
use crate::components::{
    Bytes, Choice, ChoiceHead, Choices, ChosenForm, ColumnHead, Dash, FilterBar, LightPill, LoadFailed,
    OwnFrame, PageTitle, Pager, PsqlOf, Refresher, SourceNotices, TableName, Told, database_parameter,
};
use crate::loading::load_again;
use crate::server_fns::list_aggregates;

/// The page. Sorting, filter and page stand in the address.
#[component]
pub(crate) fn AggregatesPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let frame = expect_context::<OwnFrame>();
    // What is chosen lives here, outside of what is loaded.
    let choices = Choices::new("aggregate");
    let parameters = use_query_map();
    let query =
        Memo::new(move |_| parameters.with(|map| AggregateQuery::from_parameters(|name| map.get(name))));
    let list = load_again(
        move || (database.get(), query.get()),
        move || refresher.version(),
        |(database, query)| list_aggregates(database, query),
    );
    view! {
        <PageTitle text=Signal::derive(move || format!("Continuous aggregates · {} · Tidemark", database.get())) />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                let may_refresh = frame.await.is_ok_and(|frame| frame.account.may(Permission::OperateJobs));
                let choices = may_refresh.then_some(choices);
                match list.await {
                    Ok(reading) => view! { <ListBody reading database=database.get_untracked() query choices /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
        <PsqlOf title="Continuous aggregates" statement=Statement::Aggregates />
    }
}

#[component]
fn ListBody(
    reading: Reading<Facts>,
    database: String,
    query: Memo<AggregateQuery>,
    #[prop(optional_no_strip)] choices: Option<Choices>,
) -> impl IntoView {
    let edition = reading.edition.unwrap_or(Edition::Community);
    let facts = reading.facts.clone();
    let total = facts.as_ref().map(|facts| facts.page.total);
    view! {
        <div class="head">
            <h1>"Continuous aggregates"</h1>
            {total.map(|total| view! { <span class="pill plain">{thousands(total as u64)}</span> })}
        </div>
        <SourceNotices reading what="The continuous aggregates appear" />
        {facts.map(|facts| if facts.page.total == 0 {
            view! { <section class="card"><NoAggregates edition /></section> }.into_any()
        } else {
            view! { <ListCard facts database query choices /> }.into_any()
        })}
    }
    .into_any()
}

#[component]
fn ListCard(
    facts: Facts,
    database: String,
    query: Memo<AggregateQuery>,
    #[prop(optional_no_strip)] choices: Option<Choices>,
) -> impl IntoView {
    let Facts { page, rows } = facts;
    let base = format!("/db/{database}/aggregates");
    let shown = page.query.clone();
    let rows: Vec<_> = page.items.iter().cloned().zip(rows).collect();
    view! {
        <section class="card">
            <FilterBar page=page.clone() base=base.clone() query noun=("continuous aggregate", "continuous aggregates") what="Filter by view, source or owner" export=format!("/db/{database}/export/aggregates") />
            {choices.filter(|_| !rows.is_empty()).map(|choices| view! {
                <ChosenForm choices database=database.clone() actions=vec![("refresh", "Refresh", None)] />
            })}
            {if rows.is_empty() {
                view! {
                    <div class="empty">
                        <p><strong>{format!("No continuous aggregate matches “{}”.", shown.filter)}</strong></p>
                        <p>"The filter looks at view, source and owner."</p>
                        <p><A href=base.clone() attr:class="btn">"Show all"</A></p>
                    </div>
                }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="region" aria-label="Continuous aggregates">
                        <table class="operations">
                            <thead>
                                <tr>
                                    {choices.map(|_| view! { <ChoiceHead /> })}
                                    {AggregateColumn::ALL
                                        .iter()
                                        .map(|column| view! { <ColumnHead column=*column class=class(*column) query=shown.clone() base=base.clone() /> })
                                        .collect_view()}
                                    <th scope="col" class="wide-only">"Refreshed"</th>
                                    <th scope="col">"State"</th>
                                </tr>
                            </thead>
                            <tbody>
                                {rows
                                    .into_iter()
                                    .map(|(row, words)| view! { <Row row words database=database.clone() choices /> })
                                    .collect_view()}
                            </tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            <Pager page base />
        </section>
    }
    .into_any()
}

/// On a narrow screen the columns that matter stay; the rest is told under the name.
fn class(column: AggregateColumn) -> &'static str {
    match column {
        AggregateColumn::View => "",
        AggregateColumn::Size => "num",
        AggregateColumn::Watermark
        | AggregateColumn::Source
        | AggregateColumn::Bucket
        | AggregateColumn::Owner => "wide-only",
    }
}

#[component]
fn Row(
    row: AggregateRow,
    words: AggregateWords,
    database: String,
    #[prop(optional_no_strip)] choices: Option<Choices>,
) -> impl IntoView {
    let may_refresh = choices.is_some();
    let source = row.source().clone();
    let AggregateRow {
        aggregate,
        size,
        exactness,
        ..
    } = row;
    let kind = if aggregate.materialized_only {
        "materialized rows only"
    } else {
        "with rows not materialized yet"
    };
    let behind = words.behind.clone();
    let (of, view_name) = (database.clone(), aggregate.view.clone());
    let choice = choices.map(|choices| {
        view! { <Choice choices value=aggregate.view.qualified() label=aggregate.view.to_string() /> }
    });
    view! {
        <tr>
            {choice}
            <th scope="row" class="name">
                <A href=hypertable_page(&database, &aggregate.view, TableTab::Overview)><TableName name=aggregate.view.to_string() /></A>
                <span class="under">
                    {kind}
                    {aggregate.compression_enabled.then_some(" · compression enabled")}
                    {(!aggregate.finalized).then_some(" · old form, which newer versions do not read")}
                    <span class="narrow-only">
                        {format!(" · of {source}")}
                        {behind.map(|behind| format!(" · {behind}"))}
                    </span>
                </span>
            </th>
            <td class="wide-only of"><A href=hypertable_page(&database, &source, TableTab::Overview) attr:class="text-link"><TableName name=source.to_string() /></A></td>
            <td class="wide-only">
                {match aggregate.bucket_width {
                    Some(width) => width.to_string().into_any(),
                    None => view! { <Dash reason="its buckets have no plain width" /> }.into_any(),
                }}
            </td>
            <td class="wide-only">
                {match words.watermark {
                    Some(when) => view! { <Told when /> }.into_any(),
                    None => view! { <Dash reason="nothing is materialized yet" /> }.into_any(),
                }}
                {words.behind.map(|behind| view! { <span class="under">{behind}</span> })}
            </td>
            <td class="num">
                {match size {
                    Some(size) => view! { <Bytes value=size.total_bytes() exactness /> }.into_any(),
                    None => view! { <Dash reason="not read yet" /> }.into_any(),
                }}
            </td>
            <td class="wide-only of">{aggregate.owner}</td>
            <td class="wide-only"><Refreshed policies=words.policies database /></td>
            <td>
                <LightPill light=words.light.light reason=words.light.reason />
                {may_refresh.then(|| view! { <span class="under"><AggregateActions database=of view=view_name /></span> })}
            </td>
        </tr>
    }
    .into_any()
}

/// Each refresh policy with its window, linked to its job.
#[component]
fn Refreshed(policies: Vec<RefreshWords>, database: String) -> impl IntoView {
    if policies.is_empty() {
        return view! { <Dash reason="no policy refreshes it" /> }.into_any();
    }
    policies
        .into_iter()
        .map(|policy| view! {
            <span class="policy">
                <A href=format!("/db/{database}/jobs/{}", policy.job_id) attr:class="text-link">{policy.window}</A>
                {policy.next.map(|next| view! { <span class="under">"next: " <Told when=next /></span> })}
            </span>
        })
        .collect_view()
        .into_any()
}

/// What would be here, and the statement that makes one.
#[component]
fn NoAggregates(edition: Edition) -> impl IntoView {
    match edition {
        Edition::Apache => view! {
            <div class="empty">
                <p><strong>"The Apache edition has no continuous aggregates."</strong></p>
                <p>"They keep sums and averages of a hypertable up to date, so that nobody has to read all of its rows. A server of the Community edition has them; this one can use a materialized view, which is refreshed as a whole:"</p>
                <pre tabindex="0"><code>"CREATE MATERIALIZED VIEW conditions_hourly AS\nSELECT date_trunc('hour', time) AS hour, avg(temperature)\nFROM conditions GROUP BY 1;"</code></pre>
            </div>
        }.into_any(),
        Edition::Community => view! {
            <div class="empty">
                <p><strong>"This database has no continuous aggregates."</strong></p>
                <p>"A continuous aggregate keeps sums and averages of a hypertable up to date, so that nobody has to read all of its rows. Make one, and have it refreshed:"</p>
                <pre tabindex="0"><code>"CREATE MATERIALIZED VIEW conditions_hourly\nWITH (timescaledb.continuous) AS\nSELECT time_bucket('1 hour', time) AS hour, avg(temperature)\nFROM conditions GROUP BY 1;\n\nSELECT add_continuous_aggregate_policy('conditions_hourly',\n  start_offset => INTERVAL '7 days',\n  end_offset => INTERVAL '1 hour',\n  schedule_interval => INTERVAL '1 hour');"</code></pre>
            </div>
        }.into_any(),
    }
}
