//! The Overview: whether all is well, what the database costs, which tables cost most.

use domain::hypertable::{Exactness, Hypertable};
use domain::observation::Health;
use domain::overview::{DatabaseStatus, Overview, OverviewDetails, StatusFigures};
use domain::quantity::{age, counted, percent, saved_percent, thousands};
use domain::snapshot::{Edition, Totals};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::{
    Bytes, Count, Dash, HealthPill, Icon, LiveAge, LoadFailed, Notice, PageTitle, ProblemNotice, Refresher,
    SizeBar, SizeLegend, Symbol, TableName, Tone, database_parameter,
};
use crate::server_fns::{RefreshDatabase, load_overview};

/// The page.
#[component]
pub(crate) fn OverviewPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let overview = Resource::new(
        move || (database.get(), refresher.version()),
        |(database, _)| load_overview(database),
    );
    view! {
        <PageTitle text=Signal::derive(move || format!("{} · Tidemark", database.get())) />
        <Transition fallback=|| view! { <OverviewSkeleton /> }>
            {move || Suspend::new(async move {
                match overview.await {
                    Ok(overview) => view! { <OverviewBody overview /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn OverviewBody(overview: Overview) -> impl IntoView {
    let Overview { status, details } = overview;
    let can_refresh = details.is_some();
    view! {
        <div class="head">
            <h1>{status.database.to_string()}</h1>
            <HealthPill health=status.health />
            {can_refresh.then(|| view! { <div class="end"><RefreshButton database=status.database.to_string() /></div> })}
        </div>
        <Problem status=status.clone() details=details.clone() />
        {status.figures.clone().map(|figures| view! {
            <Tiles figures=figures.clone() totals=details.as_ref().and_then(|d| d.totals) />
            <div class="grid g21">
                {details.clone().map(|details| view! {
                    <LargestTables details edition=figures.edition database=status.database.to_string() />
                })}
                <ServerCard figures status=status.clone() details=details.clone() />
            </div>
        })}
    }
}

#[component]
fn RefreshButton(database: String) -> impl IntoView {
    let refresher = expect_context::<Refresher>();
    let action = ServerAction::<RefreshDatabase>::new();
    Effect::new(move |_| {
        if action.version().get() > 0 {
            refresher.now();
        }
    });
    view! {
        <ActionForm action>
            <input type="hidden" name="database" value=database />
            <button type="submit" class="btn" disabled=move || action.pending().get()>
                <Icon symbol=Symbol::Refresh /> "Refresh now"
            </button>
        </ActionForm>
    }
}

/// What is wrong; a viewer learns that something is, not what.
#[component]
fn Problem(status: DatabaseStatus, details: Option<OverviewDetails>) -> impl IntoView {
    let has_figures = status.figures.is_some();
    match (status.health, details) {
        (Health::Healthy, _) => ().into_any(),
        (Health::Starting, _) => view! {
            <Notice tone=Tone::Plain title="The first reading is under way">
                <p>"The figures appear here as soon as it is done."</p>
            </Notice>
        }
        .into_any(),
        (
            _,
            Some(OverviewDetails {
                problem: Some(report),
                ..
            }),
        ) => view! { <ProblemNotice report has_figures /> }.into_any(),
        (health, _) => {
            let (tone, title) = if health == Health::Stale {
                (Tone::Warn, "The database could not be read lately")
            } else {
                (Tone::Bad, "The database could not be read yet")
            };
            view! {
                <Notice tone title>
                    <p>
                        {has_figures.then_some("The figures on this page are those of the last reading. ")}
                        "The console keeps trying. An operator or an administrator sees the reason."
                    </p>
                </Notice>
            }
            .into_any()
        }
    }
}

fn exactness(totals: Totals) -> Exactness {
    if totals.exact {
        Exactness::Exact
    } else {
        Exactness::Approximate
    }
}

#[component]
fn Tiles(figures: StatusFigures, totals: Option<Totals>) -> impl IntoView {
    let counts = figures.counts;
    let connections = figures.connections;
    view! {
        <dl class="tiles">
            <div class="tile">
                <dt>"Database size"</dt>
                <dd class="value">
                    {match figures.database_size_bytes {
                        Some(value) => view! { <Bytes value /> }.into_any(),
                        None => view! { <Dash reason="not visible to the console's role" /> }.into_any(),
                    }}
                </dd>
                {totals.map(|totals| view! {
                    <dd class="sub"><Bytes value=totals.bytes exactness=exactness(totals) /> " in hypertables"</dd>
                })}
            </div>
            {totals.map(|totals| view! { <SavedTile totals edition=figures.edition /> })}
            <div class="tile">
                <dt>"Chunks"</dt>
                <dd class="value"><Count value=counts.chunks /></dd>
                <dd class="sub">
                    {(figures.edition == Edition::Community).then(|| format!("{} compressed · ", thousands(counts.compressed_chunks)))}
                    {counted(counts.hypertables, "hypertable", "hypertables")}
                </dd>
            </div>
            {totals.map(|totals| view! {
                <div class="tile">
                    <dt>"Rows"</dt>
                    <dd class="value"><Count value=totals.rows exactness=exactness(totals) /></dd>
                    <dd class="sub">{rows_for_each_chunk(totals)}</dd>
                </div>
            })}
            <div class="tile">
                <dt>"Connections"</dt>
                <dd class="value"><Count value=u64::from(connections.open) /> <small>" of " {thousands(u64::from(connections.max))}</small></dd>
                <dd class="sub">
                    {match connections.active {
                        Some(active) => format!("{active} active"),
                        None => "activity not visible to the console's role".to_owned(),
                    }}
                </dd>
            </div>
        </dl>
    }
}

fn rows_for_each_chunk(totals: Totals) -> String {
    match totals.rows.checked_div(totals.chunks) {
        Some(rows) => format!("about {} a chunk", thousands(rows)),
        None => "no chunks yet".to_owned(),
    }
}

#[component]
fn SavedTile(totals: Totals, edition: Edition) -> impl IntoView {
    let saved = saved_percent(totals.before_bytes, totals.after_bytes);
    view! {
        <div class="tile">
            <dt>"Saved by compression"</dt>
            {match (edition, saved) {
                (Edition::Apache, _) => view! {
                    <dd class="value none">"—"</dd>
                    <dd class="sub">"not in the Apache edition"</dd>
                }.into_any(),
                (Edition::Community, None) => view! {
                    <dd class="value none">"—"</dd>
                    <dd class="sub">"no chunk is compressed"</dd>
                }.into_any(),
                (Edition::Community, Some(saved)) => view! {
                    <dd class="value"><Bytes value=totals.before_bytes.saturating_sub(totals.after_bytes) /></dd>
                    <dd class="sub">{percent(saved)} " of " <Bytes value=totals.before_bytes /></dd>
                }.into_any(),
            }}
        </div>
    }
}

#[component]
fn LargestTables(details: OverviewDetails, edition: Edition, database: String) -> impl IntoView {
    let total = details.totals.map_or(0, |totals| totals.hypertables);
    let largest_bytes = details
        .largest
        .first()
        .map_or(0, |table| table.size.total_bytes());
    let all = format!("/db/{database}/hypertables");
    view! {
        <section class="card">
            <header>
                <h2>"Largest hypertables"</h2>
                <div class="end"><span class="wide-only"><SizeLegend /></span> <A href=all>{format!("All {}", thousands(total))}</A></div>
            </header>
            {if details.largest.is_empty() {
                view! { <NoHypertables /> }.into_any()
            } else {
                view! {
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">"Table"</th>
                                <th scope="col" class="num">"Size"</th>
                                <td class="wide-only"></td>
                                <th scope="col" class="num">"Rows"</th>
                                <th scope="col" class="num wide-only">"Chunks"</th>
                                {(edition == Edition::Community).then(|| view! { <th scope="col" class="num wide-only">"Compressed by"</th> })}
                                <th scope="col" class="wide-only">"Chunk interval"</th>
                            </tr>
                        </thead>
                        <tbody>
                            {details
                                .largest
                                .into_iter()
                                .map(|table| view! { <LargestRow table largest_bytes edition /> })
                                .collect_view()}
                        </tbody>
                    </table>
                }.into_any()
            }}
        </section>
    }
}

#[component]
fn LargestRow(table: Hypertable, largest_bytes: u64, edition: Edition) -> impl IntoView {
    let bytes = table.size.total_bytes();
    let saved = table
        .compression
        .and_then(|c| saved_percent(c.before_bytes, c.after_bytes));
    view! {
        <tr>
            <th scope="row" class="name">
                <TableName name=table.display_name() />
                <span class="under narrow-only">{counted(table.chunks, "chunk", "chunks")}</span>
            </th>
            <td class="num"><Bytes value=bytes exactness=table.exactness /></td>
            <td class="wide-only"><SizeBar size=table.size largest_bytes /></td>
            <td class="num"><Count value=table.rows exactness=table.exactness /></td>
            <td class="num wide-only"><Count value=table.chunks /></td>
            {(edition == Edition::Community).then(|| view! {
                <td class="num wide-only">
                    {match saved {
                        Some(saved) => percent(saved).into_any(),
                        None => view! { <Dash reason="nothing is compressed" /> }.into_any(),
                    }}
                </td>
            })}
            <td class="wide-only">
                {match table.chunk_interval {
                    Some(interval) => interval.to_string().into_any(),
                    None => view! { <Dash reason="no fixed interval" /> }.into_any(),
                }}
            </td>
        </tr>
    }
}

/// What would be here, and the command that changes it.
#[component]
pub(super) fn NoHypertables() -> impl IntoView {
    view! {
        <div class="empty">
            <p><strong>"This database has no hypertables that the console's role can see."</strong></p>
            <p>"A hypertable is a table that TimescaleDB cuts into chunks by time. Make one of an ordinary table:"</p>
            <pre><code>"SELECT create_hypertable('conditions', by_range('time'));"</code></pre>
            <p>"Or fill this database with the factory demo: " <code>"tidemark demo load"</code></p>
        </div>
    }
}

#[component]
fn ServerCard(
    figures: StatusFigures,
    status: DatabaseStatus,
    details: Option<OverviewDetails>,
) -> impl IntoView {
    let edition_title = match figures.edition {
        Edition::Community => "All features",
        Edition::Apache => "No compression and no background policies",
    };
    view! {
        <section class="card">
            <header><h2>"Server"</h2></header>
            <dl class="facts">
                <div><dt>"TimescaleDB"</dt><dd>{figures.timescaledb_version}</dd></div>
                <div><dt>"Edition"</dt><dd title=edition_title>{figures.edition.as_str()}</dd></div>
                <div><dt>"PostgreSQL"</dt><dd>{figures.postgres_version}</dd></div>
                {details.clone().and_then(|d| d.uptime_ms).map(|uptime| view! { <div><dt>"Up for"</dt><dd>{age(uptime)}</dd></div> })}
                {status.freshness.map(|freshness| view! { <div><dt>"Last reading"</dt><dd><LiveAge freshness /></dd></div> })}
                {details.clone().and_then(|d| d.reading_ms).map(|ms| view! { <div><dt>"It took"</dt><dd>{thousands(ms)} <small>" ms"</small></dd></div> })}
                {details.and_then(|d| d.collector_role).map(|role| view! { <div><dt>"Read as"</dt><dd><code>{role}</code></dd></div> })}
            </dl>
        </section>
    }
}

#[component]
fn OverviewSkeleton() -> impl IntoView {
    view! {
        <div class="skeleton" role="status" aria-label="Loading">
            <span class="bone head-bone"></span>
            <span class="bone tiles-bone"></span>
            <span class="bone table-bone"></span>
        </div>
    }
}
