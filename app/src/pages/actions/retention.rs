//! What the console itself drops of a table, where the server's edition has no retention policies.

use domain::hypertable::TimePoint;
use domain::page::{TableTab, hypertable_page, retention_page};
use domain::quantity::{bytes, counted, minute, thousands};
use domain::retention_run::{DryRun, RetentionOutcome, RetentionRun, RetentionStatus, RetentionTrigger};
use leptos::prelude::*;

use super::list::ACTIONS_A_PAGE;
use crate::components::{Notice, Tone, markup};
use crate::pages::KeptList;

/// Draws it.
pub(crate) fn draw_retention_of(
    database: &str,
    status: &RetentionStatus,
    runs: &[RetentionRun],
    is_first: bool,
    dry: Option<DryRun>,
) -> charts::Markup {
    let base = retention_page(database, &status.table);
    let export =
        KeptList::of(&base, Some(&status.table)).export(format!("/db/{database}/export/retention-runs"));
    let (status, runs, database) = (status.clone(), runs.to_vec(), database.to_owned());
    markup(view! {
        <Head status=status.clone() database=database.clone() />
        {dry.map(|dry| view! { <Dry dry /> })}
        <Start status=status.clone() database=database.clone() base=base.clone() />
        <Runs runs base export is_first />
    })
}

fn place(point: TimePoint) -> String {
    match point {
        TimePoint::Moment(at) => format!("{} UTC", minute(at)),
        TimePoint::Number(number) => number.to_string(),
    }
}

#[component]
fn Head(status: RetentionStatus, database: String) -> impl IntoView {
    let table = status.table.to_string();
    let next = match status.next_start {
        Some(at) => format!("{} UTC", minute(at)),
        None => "none".to_owned(),
    };
    let trouble = status
        .last_run
        .as_ref()
        .filter(|run| run.outcome == Some(RetentionOutcome::Failed))
        .map(|run| run.failure.clone());
    view! {
        <div class="head">
            <h1>{format!("Retention of {table}")}</h1>
            <p class="head-facts">
                <a class="text-link" href=hypertable_page(&database, &status.table, TableTab::Policies)>{table}</a>
            </p>
        </div>
        {trouble.map(|why| view! {
            <Notice tone=Tone::Bad title=format!("{} failed in a row", counted(u64::from(status.failures_in_a_row), "run", "runs"))><p>{why}</p></Notice>
        })}
        <section class="card">
            <p class="said">{status.keeper.sentence()}</p>
            <dl class="facts-line amounts">
                <div><dt>"Drops what is older than"</dt><dd>{status.policy.threshold.to_string()}</dd></div>
                <div><dt>"Runs every"</dt><dd>{status.policy.schedule.interval.to_string()}</dd></div>
                <div><dt>"Next run"</dt><dd>{next}</dd></div>
            </dl>
        </section>
    }
    .into_any()
}

#[component]
fn Dry(dry: DryRun) -> impl IntoView {
    let batches = dry
        .batches
        .iter()
        .map(|batch| view! {
            <li>
                <pre tabindex="0"><code>{format!("{};", batch.statement)}</code></pre>
                <p class="hint">{format!("{}; {} locks of at most {}.", batch.sum(), thousands(batch.locks()), thousands(dry.locks_a_batch))}</p>
                <details class="fewer">
                    <summary>"Chunks"</summary>
                    <ul class="names">{batch.chunks.iter().map(|chunk| view! { <li><code>{chunk.name.name.clone()}</code></li> }).collect_view()}</ul>
                </details>
            </li>
        })
        .collect_view();
    view! {
        <section class="card" aria-label="What a run would do now">
            <header><h2>"What a run would do now"</h2></header>
            <dl class="facts-line amounts">
                <div><dt>"Everything before"</dt><dd>{place(dry.cutoff)}</dd></div>
                <div><dt>"Dropped"</dt><dd>{dry.due.to_string()}</dd></div>
                {(dry.skipped > 0).then(|| view! { <div><dt>"Frozen or tiered, kept"</dt><dd>{counted(dry.skipped, "chunk", "chunks")}</dd></div> })}
                {dry.oldest_kept.map(|oldest| view! { <div><dt>"Oldest chunk kept begins"</dt><dd>{place(oldest)}</dd></div> })}
            </dl>
            {if dry.batches.is_empty() {
                view! { <p class="said muted">"Nothing is due."</p> }.into_any()
            } else {
                view! { <ol class="steps">{batches}</ol> }.into_any()
            }}
        </section>
    }
    .into_any()
}

#[component]
fn Start(status: RetentionStatus, database: String, base: String) -> impl IntoView {
    let table = status.table.clone();
    let dry_run = format!("{base}{}dry_run=1", if base.contains('?') { '&' } else { '?' });
    let body = match status.running.clone() {
        Some(run) => {
            let due = run.due.map(|due| due.chunks).unwrap_or_default();
            view! {
                <p>{format!("A run is under way: {} so far.", run.dropped)}</p>
                <progress max=due.max(1).to_string() value=run.dropped.chunks.to_string() aria-label=format!("{} of {due} chunks", run.dropped.chunks)></progress>
                <form method="post" action="/fn/cancel_retention">
                    <input type="hidden" name="database" value=database />
                    <input type="hidden" name="table" value=table.qualified() />
                    <input type="hidden" name="id" value=run.id.to_string() />
                    <button type="submit" class="btn danger">"End it"</button>
                </form>
            }
            .into_any()
        }
        None => view! {
            <p><a class="btn" href=dry_run>"Dry run"</a> " " <span class="hint">"Shows what a run would drop now, and drops nothing."</span></p>
            <details class="question">
                <summary class="btn danger">"Run now"</summary>
                <div class="question-body">
                    <form method="post" action="/fn/run_retention">
                        <input type="hidden" name="database" value=database />
                        <input type="hidden" name="table" value=table.qualified() />
                        <label>
                            <span>"What is due is dropped for good. Type " <code>{table.to_string()}</code> " to allow it"</span>
                            <input type="text" name="typed_name" required autocomplete="off" autocapitalize="none" spellcheck="false" />
                        </label>
                        <button type="submit" class="btn danger">"Drop what is due"</button>
                    </form>
                </div>
            </details>
        }
        .into_any(),
    };
    view! { <section class="card form-card"><div class="form-body">{body}</div></section> }.into_any()
}

#[component]
fn Runs(runs: Vec<RetentionRun>, base: String, export: AnyView, is_first: bool) -> impl IntoView {
    let more = (runs.len() == ACTIONS_A_PAGE as usize)
        .then(|| runs.last().map(|run| run.id))
        .flatten();
    if runs.is_empty() {
        return view! {
            <section class="card"><header><h2>"Runs"</h2></header><p class="said muted">"It has not run yet."</p></section>
        }
        .into_any();
    }
    let rows = runs
        .into_iter()
        .map(|run| {
            let (class, state) = match run.outcome {
                None if run.is_silent => ("pill warn", "silent"),
                None => ("pill plain", "under way"),
                Some(outcome @ RetentionOutcome::Succeeded) => ("pill good", outcome.as_str()),
                Some(outcome @ RetentionOutcome::Failed) => ("pill bad", outcome.as_str()),
                Some(outcome) => ("pill warn", outcome.as_str()),
            };
            let why = match run.trigger {
                RetentionTrigger::Schedule => "on schedule".to_owned(),
                RetentionTrigger::ByHand { who } => format!("by {who}"),
            };
            view! {
                <tr>
                    <th scope="row">{format!("{} UTC", minute(run.started_at))}</th>
                    <td>{why}</td>
                    <td><span class=class>{state}</span></td>
                    <td class="num">{thousands(run.dropped.chunks)}</td>
                    <td class="num">{bytes(run.dropped.bytes).to_string()}</td>
                    <td class="num">{thousands(run.dropped.rows)}</td>
                    <td class="what">{run.failure}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <header><h2>"Runs"</h2><div class="end">{export}</div></header>
            <div class="scroll" tabindex="0" role="region" aria-label="Runs">
                <table>
                    <thead><tr>
                        <th scope="col">"Started"</th><th scope="col">"Why"</th><th scope="col">"Outcome"</th>
                        <th scope="col" class="num">"Chunks"</th><th scope="col" class="num">"Freed"</th><th scope="col" class="num">"Rows"</th>
                        <th scope="col">"What kept it"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {KeptList::of(&base, None).pager(is_first, more)}
        </section>
    }
    .into_any()
}
