//! What is asked of one hypertable, and whether it is done.

use domain::job::{JobKind, NextStart};
use domain::judgement::{ChunkDue, PolicyVerdict};
use domain::listing::escape_parameter;
use domain::page::TableTab;
use domain::psql::Statement;
use domain::quantity::{counted, minute};
use domain::role::Permission;
use domain::snapshot::Edition;
use domain::table_page::TablePage;
use leptos::prelude::*;
use leptos_router::components::A;

use super::{Shown, Tab};
use crate::components::{Bytes, Fragment, LightPill, OwnFrame, PsqlOf, Refresher, Withheld};
use crate::loading::load_again;
use crate::server_fns::draw_kept_policies;

/// The page.
#[component]
pub(crate) fn TablePoliciesPage() -> impl IntoView {
    let shown = expect_context::<Shown>();
    let frame = expect_context::<OwnFrame>();
    let refresher = expect_context::<Refresher>();
    let kept = load_again(
        move || (shown.database.get(), shown.name.get()),
        move || refresher.version(),
        |(database, table)| draw_kept_policies(database, table),
    );
    view! {
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                let account = frame.await.ok()?.account;
                let href = format!("{}/change", shown.address(TableTab::Policies));
                Some(view! { <ChangeLink href may=account.may(Permission::ChangePolicies) /> })
            })}
        </Transition>
        <Tab body=|reading, page, shown| view! {
            <Policies edition=reading.edition.unwrap_or(Edition::Community) page shown />
        } />
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                Some(view! { <Fragment markup=kept.await.ok()? /> })
            })}
        </Transition>
        <PsqlOf title="Policies" statement=Statement::Policies table=shown.name />
    }
}

/// The way to the form.
#[component]
fn ChangeLink(href: String, may: bool) -> impl IntoView {
    let link = if may {
        view! { <A href=href attr:class="btn primary">"Change the policy"</A> }.into_any()
    } else {
        view! { <Withheld button="Change the policy" id="change-reason" reason="Administrators change policies; your role may see them." /> }.into_any()
    };
    view! { <div class="page-actions">{link}</div> }.into_any()
}

#[component]
fn Policies(page: TablePage, shown: Shown, edition: Edition) -> impl IntoView {
    let TablePage {
        verdict, jobs, table, ..
    } = page;
    if verdict.policies.is_empty() {
        // What the console itself does in the Apache edition is drawn below.
        return (edition == Edition::Community)
            .then(|| view! { <section class="card"><NoPolicies table=table.table_name().as_literal() /></section> })
            .into_any();
    }
    let jobs_base = format!("/db/{}/jobs", shown.database.get_untracked());
    let chunks_base = shown.address(TableTab::Chunks);
    verdict
        .policies
        .into_iter()
        .map(|policy| {
            let job = jobs.iter().find(|job| job.id == policy.job_id);
            let after = job.and_then(|job| job.threshold).map(|threshold| {
                let from = if threshold.from_creation {
                    " after it was created"
                } else {
                    ""
                };
                format!("{}{from}", threshold.after)
            });
            let schedule = job.map(|job| format!("every {}", job.schedule_interval));
            let next = job
                .filter(|job| job.scheduled)
                .and_then(|job| match job.next_start {
                    NextStart::At(at) => Some(format!("{} UTC", minute(at))),
                    NextStart::NotYet | NextStart::RunningOrStuck | NextStart::Never => None,
                });
            let job_href = format!("{jobs_base}/{}", policy.job_id);
            view! { <Policy policy after schedule next job_href chunks_base=chunks_base.clone() /> }
        })
        .collect_view()
        .into_any()
}

#[component]
fn Policy(
    policy: PolicyVerdict,
    after: Option<String>,
    schedule: Option<String>,
    next: Option<String>,
    job_href: String,
    chunks_base: String,
) -> impl IntoView {
    let PolicyVerdict { due, overdue, .. } = policy;
    let joint = if chunks_base.contains('?') { '&' } else { '?' };
    let found = move |filter: &str| format!("{chunks_base}{joint}q={}", escape_parameter(filter));
    let (is_due, is_overdue) = if policy.kind == JobKind::Retention {
        (ChunkDue::Drop, ChunkDue::DropOverdue)
    } else {
        (ChunkDue::Compress, ChunkDue::CompressOverdue)
    };
    let (all_due, all_overdue) = (found(is_due.as_str()), found(is_overdue.as_str()));
    let due_when = if next.is_some() { "Due then" } else { "Due" };
    let more = overdue.chunks.saturating_sub(overdue.oldest.len() as u64);
    let named = overdue
        .oldest
        .into_iter()
        .map(|chunk| {
            let href = found(&chunk.name);
            view! { <li><A href=href><code>{chunk.name}</code></A></li> }
        })
        .collect_view();
    view! {
        <section class="card policy">
            <header>
                <h2>{policy.kind.as_str()}</h2>
                <LightPill light=policy.light reason=policy.reason.clone() />
                <div class="end"><A href=job_href>{format!("Job {}", policy.job_id)}</A></div>
            </header>
            <div class="card-body">
                <p>{policy.reason} {policy.advice.map(|advice| format!(" {advice}"))}</p>
                <dl class="facts-line">
                    {after.map(|after| view! { <div><dt>"Handles chunks older than"</dt><dd>{after}</dd></div> })}
                    {schedule.map(|schedule| view! { <div><dt>"Runs"</dt><dd>{schedule}</dd></div> })}
                    {next.map(|next| view! { <div><dt>"Next run"</dt><dd>{next}</dd></div> })}
                    {(due.chunks > 0).then(|| view! { <div><dt>{due_when}</dt><dd><A href=all_due>{counted(due.chunks, "chunk", "chunks")}</A> " · " <Bytes value=due.bytes /></dd></div> })}
                    {policy.lag.map(|lag| view! { <div><dt>"Behind by"</dt><dd>{lag.to_string()}</dd></div> })}
                    {(overdue.chunks > 0).then(|| view! { <div><dt>"Overdue"</dt><dd><A href=all_overdue>{counted(overdue.chunks, "chunk", "chunks")}</A> " · " <Bytes value=overdue.bytes /></dd></div> })}
                </dl>
                {(overdue.chunks > 0).then(|| view! {
                    <ul class="names" aria-label="The oldest overdue chunks">{named} {(more > 0).then(|| view! { <li>{format!("and {more} more")}</li> })}</ul>
                })}
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn NoPolicies(table: String) -> impl IntoView {
    view! {
        <div class="empty">
            <p><strong>"Nothing is asked of this table: it is neither compressed nor are its old chunks dropped."</strong></p>
            <p>"Policies are added with:"</p>
            <pre tabindex="0"><code>{format!("SELECT add_compression_policy({table}, compress_after => INTERVAL '7 days');\nSELECT add_retention_policy({table}, drop_after => INTERVAL '90 days');")}</code></pre>
        </div>
    }
    .into_any()
}
