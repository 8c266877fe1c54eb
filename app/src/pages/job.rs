//! One background job: what it does, whether it works, why it fails, its runs.

use domain::fact::{Fact, FactGroup};
use domain::job_page::{FailedRun, JobPage as Facts, JobVerdict, OverdueWords};
use domain::page::{TableTab, chunks_page, hypertable_page};
use domain::quantity::{counted, thousands};
use domain::reading::Reading;
use domain::role::Permission;
use domain::table_name::TableName;
use domain::visible::Visible;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_params_map;

use super::JobActions;
use super::jobs::{Outcome, Owner};
use crate::components::{
    FactCard, LightPill, LoadFailed, OwnFrame, PageTitle, Refresher, RunsChart, SourceNotices, Told,
    database_parameter, runs_range,
};
use crate::error::AppError;
use crate::loading::load_again;
use crate::server_fns::load_job;

/// The page.
#[component]
pub(crate) fn JobPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let parameters = use_params_map();
    // No job has the number that stands for what is none: the server says so, with the answer's status.
    let id = Memo::new(move |_| {
        let id = parameters.read().get("id").and_then(|id| id.parse().ok());
        id.unwrap_or(i32::MIN)
    });
    let range = runs_range();
    let frame = expect_context::<OwnFrame>();
    let job = load_again(
        move || (database.get(), id.get()),
        move || refresher.version(),
        |(database, id)| load_job(database, id),
    );
    view! {
        <PageTitle text=Signal::derive(move || format!("Job {} · {} · Tidemark", id.get(), database.get())) />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone head-bone"></span><span class="bone tiles-bone"></span></div> }>
            {move || Suspend::new(async move {
                match job.await {
                    Ok(reading) => view! { <Head reading database=database.get_untracked() /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                let account = frame.await.ok()?.account;
                let facts = job.await.ok()?.facts?;
                let manages = account.may(Permission::ChangePolicies);
                Some(view! {
                    <JobActions
                        database=database.get_untracked()
                        id=facts.id
                        is_paused=facts.is_paused
                        may_operate={manages || facts.is_routine && account.may(Permission::OperateJobs)}
                        may_reschedule=manages
                    />
                })
            })}
        </Transition>
        <RunsChart database job=Signal::derive(move || Some(id.get())) range />
        <Transition fallback=|| view! { <div class="skeleton"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move { body(job.await, database.get_untracked()) })}
        </Transition>
    }
}

fn body(reading: Result<Reading<Facts>, AppError>, database: String) -> Option<AnyView> {
    let facts = reading.ok()?.facts?;
    Some(view! { <Body facts database /> }.into_any())
}

#[component]
fn Head(reading: Reading<Facts>, database: String) -> impl IntoView {
    let facts = reading.facts.clone();
    view! {
        <SourceNoticesAbove reading has_facts=facts.is_some() />
        {facts.map(|facts| view! {
            <div class="head">
                <h1>{facts.title}</h1>
                {facts.verdict.clone().map(|verdict| view! { <LightPill light=verdict.light reason=verdict.reason /> })}
                <span class="muted">
                    {format!("number {}", facts.id)}
                    {facts.table.map(|table| view! {
                        " · on " <A href=hypertable_page(&database, &table, TableTab::Overview) attr:class="text-link">{table.to_string()}</A>
                    })}
                    " · as " <Owner name=facts.owner can_login=facts.owner_can_login />
                </span>
            </div>
            <dl class="tiles">
                <div class="tile">
                    <dt>"Next start"</dt>
                    <dd class="value words"><Told when=facts.next /></dd>
                </div>
                <div class="tile">
                    <dt>"Last start"</dt>
                    <dd class="value words">
                        {match facts.last.as_ref().and_then(|last| last.started.clone()) {
                            Some(when) => view! { <Told when /> }.into_any(),
                            None => view! { <span class="muted">"never"</span> }.into_any(),
                        }}
                    </dd>
                </div>
                <div class="tile">
                    <dt>"Last finished run"</dt>
                    <dd class="value words"><Outcome outcome=facts.last.as_ref().and_then(|last| last.outcome) /></dd>
                    <dd class="sub">{facts.last.and_then(|last| last.took).map(|took| format!("took {took}"))}</dd>
                </div>
            </dl>
            {facts.verdict.map(|verdict| view! { <Verdict verdict /> })}
        })}
    }
    .into_any()
}

/// Notices about the source; with a title above them while there are no facts to make one of.
#[component]
fn SourceNoticesAbove(reading: Reading<Facts>, has_facts: bool) -> impl IntoView {
    view! {
        {(!has_facts).then(|| view! { <div class="head"><h1>"Job"</h1></div> })}
        <SourceNotices reading what="The job appears" />
    }
    .into_any()
}

#[component]
fn Verdict(verdict: JobVerdict) -> impl IntoView {
    view! {
        <section class="card verdict">
            <h2 class="visually-hidden">"Whether it does its work"</h2>
            <p>{verdict.reason}</p>
            {verdict.advice.map(|advice| view! { <p class="muted">{advice}</p> })}
        </section>
    }
}

#[component]
fn Body(facts: Facts, database: String) -> impl IntoView {
    let group = |title: &str, facts: Vec<Fact>| FactGroup {
        title: title.to_owned(),
        facts,
        findings: Vec::new(),
    };
    let table = facts.table.clone();
    let address = chunk_address(database, table);
    view! {
        {facts.overdue.map(|overdue| view! { <OverdueCard overdue address=address.clone() /> })}
        <Failures failures=facts.failures further=facts.further_failures address />
        <div class="cards">
            <FactCard group=group("Schedule", facts.facts) />
            {(!facts.runs.is_empty()).then(|| view! { <FactCard group=group("Runs so far", facts.runs) /> })}
            {facts.config.map(|config| view! {
                <section class="card">
                    <header><h2>"Configuration"</h2></header>
                    <pre class="config" tabindex="0"><code>{config}</code></pre>
                </section>
            })}
        </div>
    }
    .into_any()
}

/// Where the chunk of a name is listed.
fn chunk_address(
    database: String,
    table: Option<TableName>,
) -> impl Fn(&str) -> Option<String> + Clone + Send + Sync + 'static {
    move |chunk| table.as_ref().map(|table| chunks_page(&database, table, chunk))
}

/// A chunk's name, linked to where it is listed.
fn chunk_link(name: String, address: Option<String>) -> AnyView {
    match address {
        Some(href) => view! { <A href=href attr:class="text-link"><code>{name}</code></A> }.into_any(),
        None => view! { <code>{name}</code> }.into_any(),
    }
}

#[component]
fn OverdueCard<F>(overdue: OverdueWords, address: F) -> impl IntoView
where
    F: Fn(&str) -> Option<String> + 'static,
{
    view! {
        <section class="card beneath">
            <header><h2>"Overdue chunks"</h2></header>
            <div class="said">
                <p>{overdue.sentence}</p>
                <ul class="names">
                    {overdue
                        .oldest
                        .into_iter()
                        .map(|chunk| {
                            let href = address(&chunk.name);
                            view! { <li>{chunk_link(chunk.name, href)}</li> }
                        })
                        .collect_view()}
                </ul>
                {(overdue.further > 0).then(|| view! { <p class="muted">{format!("and {} more", thousands(overdue.further))}</p> })}
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Failures<F>(failures: Visible<Vec<FailedRun>>, further: u64, address: F) -> impl IntoView
where
    F: Fn(&str) -> Option<String> + 'static,
{
    let body = match failures {
        Visible::Hidden(hidden) => view! { <p class="said muted">{hidden.remedy()}</p> }.into_any(),
        Visible::Shown(failures) if failures.is_empty() => {
            view! { <p class="said muted">"The server remembers no failed run."</p> }.into_any()
        }
        Visible::Shown(failures) => view! {
            <ol class="failures">
                {failures
                    .into_iter()
                    .map(|failure| {
                        let href = failure.chunk.as_deref().and_then(&address);
                        view! { <Failure failure href /> }
                    })
                    .collect_view()}
            </ol>
        }
        .into_any(),
    };
    view! {
        <section class="card beneath">
            <header><h2>"Failed runs"</h2></header>
            {body}
            {(further > 0).then(|| view! { <footer class="card-foot"><p>{format!("{} before these; timescaledb_information.job_errors has those the server still remembers.", counted(further, "failure", "failures"))}</p></footer> })}
        </section>
    }
    .into_any()
}

#[component]
fn Failure(failure: FailedRun, href: Option<String>) -> impl IntoView {
    view! {
        <li>
            <p>
                <strong>{failure.cause}</strong>
                " "
                {failure.sqlstate.map(|code| view! { <code title="SQLSTATE">{code}</code> })}
                " "
                {failure.when.map(|when| view! { <span class="muted"><Told when /></span> })}
            </p>
            <p class="evidence">{failure.message}</p>
            {failure.chunk.map(|chunk| view! { <p>"It fails on " {chunk_link(chunk, href)} "."</p> })}
            <p class="muted">{failure.advice}</p>
        </li>
    }
    .into_any()
}
