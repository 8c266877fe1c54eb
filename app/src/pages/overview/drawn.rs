//! What the Overview shows beside its chart. Drawn by the server alone, once for a reading.

use domain::attention::About;
use domain::hypertable::{Exactness, Hypertable, TimeSpan};
use domain::hypertable_list::TableLight;
use domain::judgement::Light;
use domain::observation::Health;
use domain::overview::{DatabaseStatus, Overview, OverviewDetails, StatusFigures};
use domain::page::{TableTab, hypertable_page};
use domain::quantity::{self, age, clock, counted, moment, percent, saved_percent, thousands};
use domain::snapshot::{Edition, Totals};
use leptos::prelude::*;

use super::NoHypertables;
use crate::components::{
    Bytes, Count, Dash, HealthPill, Icon, LightPill, Notice, ProblemNotice, SizeBar, SizeLegend, TableName,
    Tone, look, markup,
};
use crate::pages::table_address;
use crate::server_fns::DrawnOverview;

/// Draws it.
pub(crate) fn draw_overview(overview: Overview) -> DrawnOverview {
    let Overview { status, details } = overview;
    let edition = status.figures.as_ref().map(|figures| figures.edition);
    DrawnOverview {
        health: markup(view! {
            <HealthPill health=status.health attention=details.as_ref().and_then(worst) />
        }),
        may_refresh: details.is_some(),
        figures: markup(view! { <Figures status=status.clone() details=details.clone() /> }),
        attention: markup(
            details
                .clone()
                .map(|details| view! { <NeedsAttention details status=status.clone() /> }),
        ),
        server: markup(status.figures.clone().map(|figures| {
            view! {
                <ServerCard figures status=status.clone() details=details.clone() />
            }
        })),
        tables: markup(edition.zip(details).map(|(edition, details)| {
            view! {
                <LargestTables details edition database=status.database.to_string() />
            }
        })),
    }
}

/// How much needs attention, and how grave the worst of it is.
fn worst(details: &OverviewDetails) -> Option<(u64, Light)> {
    let first = details.attention.first()?;
    Some((details.attention_total, first.light))
}

/// What is wrong, the gravest first.
#[component]
fn NeedsAttention(details: OverviewDetails, status: DatabaseStatus) -> impl IntoView {
    let database = status.database.to_string();
    let more = details
        .attention_total
        .saturating_sub(details.attention.len() as u64);
    let rows = details
        .attention
        .into_iter()
        .map(|attention| {
            let (class, symbol) = look(attention.light);
            let (href, label) = match attention.about {
                About::Table(table) => (
                    hypertable_page(&database, &table, TableTab::Policies),
                    "See the policies",
                ),
                About::Job(id) => (format!("/db/{database}/jobs/{id}"), "See the job"),
                About::Activity => (format!("/db/{database}/activity"), "See the activity"),
            };
            let full = format!("{label}: {}", attention.title);
            view! {
                <li>
                    <span class=format!("mark {class}") title=attention.light.as_str()><Icon symbol /></span>
                    <div>
                        <p class="attention-title">{attention.title}</p>
                        <p class="muted">{attention.reason}</p>
                    </div>
                    <a href=href aria-label=full>{label}</a>
                </li>
            }
        })
        .collect_view();
    let is_calm = details.attention_total == 0;
    let edition = status.figures.as_ref().map(|figures| figures.edition);
    let calm = match (status.health, edition) {
        (Health::Healthy, Some(Edition::Community)) => {
            "Nothing. Every policy does its work, and nobody waits for long."
        }
        (Health::Healthy, _) => "Nothing. Nobody waits for long.",
        (Health::Starting, _) => "Not known before the first reading.",
        (Health::Stale | Health::Unavailable, _) => "Not known while the database cannot be read.",
    };
    view! {
        <section class="card">
            <header>
                <h2>"Needs attention"</h2>
                {(!is_calm).then(|| view! { <div class="end">{thousands(details.attention_total)}</div> })}
            </header>
            {if is_calm {
                view! { <div class="empty"><p class="muted">{calm}</p></div> }.into_any()
            } else {
                view! { <ul class="attention">{rows}</ul> }.into_any()
            }}
            {(more > 0).then(|| view! { <footer class="card-foot"><p>{format!("and {more} more: the list of hypertables shows each table's light.")}</p></footer> })}
        </section>
    }
    .into_any()
}

#[component]
fn Figures(status: DatabaseStatus, details: Option<OverviewDetails>) -> impl IntoView {
    view! {
        <Problem status=status.clone() details=details.clone() />
        {status.figures.map(|figures| view! { <Tiles figures details /> })}
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
fn Tiles(figures: StatusFigures, details: Option<OverviewDetails>) -> impl IntoView {
    let counts = figures.counts;
    let connections = figures.connections;
    let totals = details.as_ref().and_then(|details| details.totals);
    let ingest = details
        .as_ref()
        .and_then(|details| details.ingest_rows_per_second);
    let jobs = details.as_ref().map(|details| details.jobs);
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
                    {(counts.continuous_aggregates > 0).then(|| format!(", {}", counted(counts.continuous_aggregates, "continuous aggregate", "continuous aggregates")))}
                </dd>
            </div>
            {totals.map(|totals| view! {
                <div class="tile">
                    <dt>"Rows"</dt>
                    <dd class="value"><Count value=totals.rows exactness=exactness(totals) /></dd>
                    <dd class="sub">{rows_coming_in(ingest, totals)}</dd>
                </div>
            })}
            {jobs.map(|jobs| view! {
                <div class="tile">
                    <dt>"Jobs"</dt>
                    {if jobs.all == 0 {
                        view! {
                            <dd class="value none">"—"</dd>
                            <dd class="sub">"no policy, no job of one's own"</dd>
                        }.into_any()
                    } else {
                        view! {
                            <dd class="value"><Count value=jobs.healthy /> <small>" of " {thousands(jobs.all)}</small></dd>
                            <dd class="sub">"on time"</dd>
                        }.into_any()
                    }}
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

fn rows_coming_in(rows_per_second: Option<f64>, totals: Totals) -> String {
    match (rows_per_second, totals.rows.checked_div(totals.chunks)) {
        (Some(rows), _) => format!("{} rows/s come in", thousands(quantity::rounded(rows))),
        (None, Some(rows)) => format!("about {} a chunk", thousands(rows)),
        (None, None) => "no chunks yet".to_owned(),
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
                    <dd class="sub">{percent(saved)} " of " <Bytes value=totals.before_bytes /> " when it ran"</dd>
                }.into_any(),
            }}
        </div>
    }
}

#[component]
fn LargestTables(details: OverviewDetails, edition: Edition, database: String) -> impl IntoView {
    let largest_bytes = details
        .largest
        .first()
        .map_or(0, |table| table.size.total_bytes());
    let all = format!("/db/{database}/hypertables");
    view! {
        <section class="card">
            <header>
                <h2>"Largest hypertables"</h2>
                <div class="end"><span class="wide-only"><SizeLegend /></span> <a href=all>"All hypertables"</a></div>
            </header>
            {if details.largest.is_empty() {
                view! { <NoHypertables /> }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="region" aria-label="Largest hypertables">
                        <table>
                            <thead>
                                <tr>
                                    <th scope="col">"Table"</th>
                                    <th scope="col" class="num">"Size"</th>
                                    <td class="wide-only"></td>
                                    <th scope="col" class="num">"Rows"</th>
                                    <th scope="col" class="num wide-only">"Chunks"</th>
                                    {(edition == Edition::Community).then(|| view! {
                                        <th scope="col" class="num wide-only">"Compressed by"</th>
                                        <th scope="col" class="wide-only">"Compress after"</th>
                                        <th scope="col" class="wide-only">"Keep"</th>
                                    })}
                                    {(edition == Edition::Apache).then(|| view! { <th scope="col" class="wide-only">"Chunk interval"</th> })}
                                    <th scope="col">"Policies"</th>
                                </tr>
                            </thead>
                            <tbody>
                                {details
                                    .largest
                                    .into_iter()
                                    .zip(details.lights)
                                    .map(|(table, light)| view! { <LargestRow href=table_address(&database, &table) table light largest_bytes edition /> })
                                    .collect_view()}
                            </tbody>
                        </table>
                    </div>
                }.into_any()
            }}
        </section>
    }
}

#[component]
fn LargestRow(
    table: Hypertable,
    light: TableLight,
    href: String,
    largest_bytes: u64,
    edition: Edition,
) -> impl IntoView {
    let name = table.display_name();
    let span = |value: Option<TimeSpan>| match value {
        Some(span) => span.to_string().into_any(),
        None => view! { <Dash reason="no policy" /> }.into_any(),
    };
    let bytes = table.size.total_bytes();
    let saved = table
        .compression
        .and_then(|c| saved_percent(c.before_bytes, c.after_bytes));
    view! {
        <tr>
            <th scope="row" class="name">
                <a href=href><TableName name /></a>
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
            {match edition {
                Edition::Community => view! {
                    <td class="wide-only">{span(table.compress_after)}</td>
                    <td class="wide-only">{span(table.drop_after)}</td>
                }.into_any(),
                Edition::Apache => view! {
                    <td class="wide-only">
                        {match table.chunk_interval {
                            Some(interval) => interval.to_string().into_any(),
                            None => view! { <Dash reason="no fixed interval" /> }.into_any(),
                        }}
                    </td>
                }.into_any(),
            }}
            <td><LightPill light=light.light reason=light.reason /></td>
        </tr>
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
                {status.freshness.map(|freshness| view! { <div><dt>"Last reading"</dt><dd title=moment(freshness.collected_at)>{clock(freshness.collected_at)}</dd></div> })}
                {details.clone().and_then(|d| d.reading_ms).map(|ms| view! { <div><dt>"It took"</dt><dd>{thousands(ms)} <small>" ms"</small></dd></div> })}
                {details.and_then(|d| d.collector_role).map(|role| view! { <div><dt>"Read as"</dt><dd><code>{role}</code></dd></div> })}
            </dl>
        </section>
    }
}
