//! Every background job: whether it does its work, when it runs next, how its last runs ended.

use domain::action::is_routine;
use domain::job::{Job, JobKind, RunOutcome};
use domain::job_list::{JobColumn, JobQuery, job_table};
use domain::jobs_page::{JobWords, JobsPage as Facts, JobsSummary};
use domain::listing::Column;
use domain::page::{TableTab, hypertable_page};
use domain::psql::Statement;
use domain::quantity::{counted, thousands};
use domain::reading::Reading;
use domain::role::Permission;
use domain::snapshot::Edition;
use domain::visible::Visible;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use crate::components::{
    Choice, ChoiceHead, Choices, Choosable, ChosenForm, ColumnHead, Count, Dash, FilterBar, Icon, LightPill,
    LoadFailed, OwnFrame, PageTitle, Pager, PsqlOf, Refresher, RunsChart, SourceNotices, Symbol, TableName,
    Told, database_parameter, range_query, runs_range,
};
use crate::loading::load_again;
use crate::server_fns::list_jobs;

/// The page. Sorting, filter, page and the chart's range stand in the address.
#[component]
pub(crate) fn JobsPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let parameters = use_query_map();
    let query = Memo::new(move |_| parameters.with(|map| JobQuery::from_parameters(|name| map.get(name))));
    let range = runs_range();
    // What is chosen lives here, outside of what is loaded.
    let choices = Choices::new("job");
    let frame = expect_context::<OwnFrame>();
    let list = load_again(
        move || (database.get(), query.get()),
        move || refresher.version(),
        |(database, query)| list_jobs(database, query),
    );
    view! {
        <PageTitle text=Signal::derive(move || format!("Jobs · {} · Tidemark", database.get())) />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone head-bone"></span><span class="bone tiles-bone"></span></div> }>
            {move || Suspend::new(async move {
                match list.await {
                    Ok(reading) => view! { <Head reading database=database.get_untracked() /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
        <RunsChart database job=Signal::derive(|| None) range />
        <Transition fallback=|| view! { <div class="skeleton"><span class="bone table-bone"></span></div> }>
            {move || {
                let kept = range_query(range.get());
                Suspend::new(async move {
                    let reading = list.await.ok()?;
                    let account = frame.await.ok()?.account;
                    let edition = reading.edition.unwrap_or(Edition::Community);
                    let chosen = Chosen {
                        choices,
                        manages: account.may(Permission::ChangePolicies),
                    };
                    // The Apache edition lists TimescaleDB's own jobs only.
                    let chosen = (edition == Edition::Community && account.may(Permission::OperateJobs)).then_some(chosen);
                    let facts = reading.facts?;
                    Some(view! { <ListCard facts edition database=database.get_untracked() kept query chosen /> })
                })
            }}
        </Transition>
        <PsqlOf title="Jobs" statement=Statement::Jobs />
    }
}

/// What is chosen, and whether whoever chooses may do everything.
#[derive(Clone, Copy)]
struct Chosen {
    choices: Choices,
    manages: bool,
}

#[component]
fn Head(reading: Reading<Facts>, database: String) -> impl IntoView {
    let edition = reading.edition.unwrap_or(Edition::Community);
    let facts = reading
        .facts
        .as_ref()
        .map(|facts| (facts.summary.clone(), facts.page.total));
    view! {
        <div class="head">
            <h1>"Jobs"</h1>
            {facts.as_ref().map(|(_, total)| view! { <span class="pill plain">{thousands(*total as u64)}</span> })}
        </div>
        <SourceNotices reading what="The jobs appear" />
        {facts.map(|(summary, _)| view! { <Tiles summary edition database /> })}
    }
    .into_any()
}

#[component]
fn Tiles(summary: JobsSummary, edition: Edition, database: String) -> impl IntoView {
    let others = [(summary.failing, "failing"), (summary.paused, "paused")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", thousands(count)))
        .collect::<Vec<_>>()
        .join(" · ");
    let others = match (edition, others.is_empty()) {
        (Edition::Apache, _) => "the Apache edition has no policies".to_owned(),
        (Edition::Community, true) => "none fails, none is paused".to_owned(),
        (Edition::Community, false) => others,
    };
    view! {
        <dl class="tiles">
            <div class="tile">
                <dt>"On time"</dt>
                <dd class="value">
                    {if summary.judged == 0 {
                        view! { <Dash reason="no job is judged" /> }.into_any()
                    } else {
                        view! { <Count value=summary.healthy /> <small>" of " {counted(summary.judged, "job", "jobs")}</small> }.into_any()
                    }}
                </dd>
                <dd class="sub">{others}</dd>
            </div>
            <div class="tile">
                <dt>"Running now"</dt>
                <dd class="value">
                    {match summary.running {
                        Visible::Shown(running) => view! { <Count value=u64::from(running.jobs) /> }.into_any(),
                        Visible::Hidden(_) => view! { <Dash reason="not visible to the console's role" /> }.into_any(),
                    }}
                </dd>
                <dd class="sub">
                    {match summary.running {
                        Visible::Shown(running) => view! {
                            {format!("{} of {} workers in use, schedulers too; ", running.schedulers + running.jobs, summary.worker_limit)}
                            <A href=format!("/db/{database}/activity") attr:class="text-link">"the budget"</A> }.into_any(),
                        Visible::Hidden(hidden) => hidden.remedy().into_any(),
                    }}
                </dd>
            </div>
            <div class="tile">
                <dt>"Next start"</dt>
                {match summary.next {
                    Some(next) => view! {
                        <dd class="value words"><Told when=next.at /></dd>
                        <dd class="sub"><A href=format!("/db/{database}/jobs/{}", next.id) attr:class="text-link">{next.title}</A></dd>
                    }.into_any(),
                    None => view! {
                        <dd class="value none">"—"</dd>
                        <dd class="sub">"no job has a time"</dd>
                    }.into_any(),
                }}
            </div>
        </dl>
    }
}

#[component]
fn ListCard(
    facts: Facts,
    edition: Edition,
    database: String,
    /// What else stands in the address.
    kept: String,
    query: Memo<JobQuery>,
    #[prop(optional_no_strip)] chosen: Option<Chosen>,
) -> impl IntoView {
    let Facts { page, rows, .. } = facts;
    if page.total == 0 && page.query.table.is_none() {
        return view! { <section class="card"><NoJobs edition /></section> }.into_any();
    }
    let own = format!("/db/{database}/jobs");
    let base = format!("{own}{kept}");
    let shown = page.query.clone();
    let rows: Vec<_> = page.items.iter().cloned().zip(rows).collect();
    view! {
        <section class="card">
            <FilterBar page=page.clone() base=base.clone() query noun=("job", "jobs") what="Filter by job, table, owner or number" export=format!("/db/{database}/export/jobs") />
            {chosen.filter(|_| !rows.is_empty()).map(|Chosen { choices, manages }| view! {
                <ChosenForm choices database=database.clone() actions=choosable(manages) />
            })}
            {if rows.is_empty() {
                view! {
                    <div class="empty">
                        <p><strong>{if shown.filter.is_empty() { "No job works on this table.".to_owned() } else { format!("No job matches “{}”.", shown.filter) }}</strong></p>
                        <p>"The filter looks at what a job does, its table, its procedure and its owner; a number finds the job of that number."</p>
                        <p><A href=own attr:class="btn">"Show all"</A></p>
                    </div>
                }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="region" aria-label="Jobs">
                        <table class="operations">
                            <thead>
                                <tr>
                                    {chosen.map(|_| view! { <ChoiceHead /> })}
                                    {JobColumn::ALL
                                        .iter()
                                        .map(|column| view! {
                                            <ColumnHead column=*column class=class(*column) query=shown.clone() base=base.clone() />
                                            {(*column == JobColumn::Job).then(|| view! { <th scope="col">"State"</th> })}
                                        })
                                        .collect_view()}
                                </tr>
                            </thead>
                            <tbody>
                                {rows
                                    .into_iter()
                                    .map(|(job, words)| view! { <Row job words database=database.clone() chosen /> })
                                    .collect_view()}
                            </tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            {(edition == Edition::Apache).then(|| view! {
                <footer class="card-foot">
                    <p>"The Apache edition has no background policies and no jobs of one's own; what is listed here is TimescaleDB's."</p>
                </footer>
            })}
            <Pager page base />
        </section>
    }
    .into_any()
}

/// What can be done to chosen jobs.
fn choosable(manages: bool) -> Vec<Choosable> {
    let reason = (!manages).then_some("Administrators reschedule jobs.");
    vec![
        ("run_job", "Run now", None),
        ("pause_job", "Pause", None),
        ("resume_job", "Resume", None),
        ("reschedule_job", "Reschedule", reason),
    ]
}

/// On a narrow screen the columns that matter stay; the rest is told under the name.
fn class(column: JobColumn) -> &'static str {
    match column {
        JobColumn::Job => "head-name",
        JobColumn::Id | JobColumn::LastDuration | JobColumn::Failures => "num wide-only",
        _ => "wide-only",
    }
}

#[component]
fn Row(
    job: Job,
    words: JobWords,
    database: String,
    #[prop(optional_no_strip)] chosen: Option<Chosen>,
) -> impl IntoView {
    let JobWords {
        title,
        verdict,
        next,
        last,
    } = words;
    let table = job_table(&job).cloned();
    let started = last.as_ref().and_then(|last| last.started.clone());
    let outcome = last.as_ref().and_then(|last| last.outcome);
    let took = last.and_then(|last| last.took);
    let choice = chosen.map(|Chosen { choices, manages }| {
        let withheld = if verdict.is_none() {
            Some("TimescaleDB's own: nobody runs or pauses it")
        } else {
            (!manages && !is_routine(job.kind)).then_some("Administrators run and pause it")
        };
        view! { <Choice choices value=job.id.to_string() label=format!("{title} (job {})", job.id) withheld /> }
    });
    let never = || view! { <Dash reason="it has never run" /> };
    view! {
        <tr>
            {choice}
            <td class="num wide-only">{job.id.to_string()}</td>
            <th scope="row" class="name">
                <A href=format!("/db/{database}/jobs/{}", job.id)><TableName name=title /></A>
                <span class="under">
                    {(job.kind == JobKind::Custom).then(|| format!("{}.{} ", job.procedure_schema, job.procedure))}
                    <span class="narrow-only">{format!("every {} · next: {}", job.schedule_interval, next.words)}</span>
                </span>
            </th>
            <td>
                {match verdict {
                    Some(verdict) => view! { <LightPill light=verdict.light reason=verdict.reason /> }.into_any(),
                    None => view! { <Dash reason="TimescaleDB's own job, which nothing depends on" /> }.into_any(),
                }}
            </td>
            <td class="wide-only of">
                {match table {
                    Some(table) => view! { <A href=hypertable_page(&database, &table, TableTab::Jobs) attr:class="text-link"><TableName name=table.to_string() /></A> }.into_any(),
                    None => view! { <Dash reason="it belongs to no table" /> }.into_any(),
                }}
            </td>
            <td class="wide-only of"><Owner name=job.owner can_login=job.owner_can_login /></td>
            <td class="wide-only">{job.schedule_interval.to_string()}</td>
            <td class="wide-only"><Told when=next /></td>
            <td class="wide-only">
                {match started {
                    Some(when) => view! { <Told when /> }.into_any(),
                    None => never().into_any(),
                }}
            </td>
            <td class="num wide-only">
                {match took {
                    Some(took) => took.into_any(),
                    None => view! { <Dash reason="no run has finished" /> }.into_any(),
                }}
            </td>
            <td class="wide-only"><Outcome outcome /></td>
            <td class="num wide-only">
                {match job.statistics {
                    Some(statistics) => view! { <Count value=statistics.total_failures /> }.into_any(),
                    None => never().into_any(),
                }}
            </td>
        </tr>
    }
    .into_any()
}

/// The role a job runs as, and whether it can.
#[component]
pub(super) fn Owner(name: String, can_login: bool) -> impl IntoView {
    view! {
        {name}
        {(!can_login).then(|| view! {
            " "
            <span class="pill bad" title="A job whose owner may not log in cannot start."><Icon symbol=Symbol::Cross /> "may not log in"</span>
        })}
    }
    .into_any()
}

/// How a run ended, by glyph, word and tint.
#[component]
pub(super) fn Outcome(outcome: Option<RunOutcome>) -> impl IntoView {
    let (class, symbol, word) = match outcome {
        Some(RunOutcome::Succeeded) => ("outcome ok", Symbol::Check, "succeeded"),
        Some(RunOutcome::Failed) => ("outcome bad", Symbol::Cross, "failed"),
        None => return view! { <Dash reason="no run has finished" /> }.into_any(),
    };
    view! { <span class=class><Icon symbol /> {word}</span> }.into_any()
}

/// What would be here, and what makes one.
#[component]
fn NoJobs(edition: Edition) -> impl IntoView {
    view! {
        <div class="empty">
            <p><strong>"This database has no jobs."</strong></p>
            {match edition {
                Edition::Apache => view! {
                    <p>"The Apache edition has neither policies nor jobs of one's own. A server of the Community edition has both."</p>
                }.into_any(),
                Edition::Community => view! {
                    <p>"A policy is a job that the server runs by itself. This one drops chunks once they are 90 days old:"</p>
                    <pre tabindex="0"><code>"SELECT add_retention_policy('conditions', INTERVAL '90 days');"</code></pre>
                }.into_any(),
            }}
        </div>
    }
}
