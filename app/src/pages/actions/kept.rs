//! What the console keeps of one table, on the table's page of policies.

use domain::listing::escape_parameter;
use domain::page::retention_page;
use domain::quantity::minute;
use domain::retention_run::{RetentionKeeper, RetentionOutcome, RetentionStatus};
use domain::role::Permission;
use domain::snapshot::Edition;
use domain::table_name::TableName;
use leptos::prelude::*;

use crate::components::{Icon, Symbol, markup};

/// Draws it.
pub(crate) fn draw_kept_policies(
    database: &str,
    table: &TableName,
    status: Option<RetentionStatus>,
    edition: Edition,
    may: impl Fn(Permission) -> bool,
) -> charts::Markup {
    let page = may(Permission::ChangePolicies).then(|| retention_page(database, table));
    let only = escape_parameter(&table.qualified());
    let link = |path: &str, label: &'static str| {
        let href = format!("/db/{database}/{path}?table={only}");
        view! { <li><a class="btn" href=href>{label}</a></li> }
    };
    let links = [
        may(Permission::ChangePolicies).then(|| link("policies", "Changes of this table")),
        may(Permission::OperateJobs).then(|| link("actions", "Actions on this table")),
    ];
    let has_links = links.iter().any(Option::is_some);
    let body = match status {
        Some(status) => view! { <Kept status page /> }.into_any(),
        None if edition == Edition::Apache => view! { <Nothing /> }.into_any(),
        None => ().into_any(),
    };
    markup(view! {
        {body}
        {has_links.then(|| view! { <ul class="buttons" aria-label="What was done">{links}</ul> })}
    })
}

#[component]
fn Kept(
    status: RetentionStatus,
    /// The page that says more, for whoever may see it.
    #[prop(optional_no_strip)]
    page: Option<String>,
) -> impl IntoView {
    let last = status.last_run.as_ref();
    let (class, symbol, state) = match last.and_then(|run| run.outcome) {
        _ if status.keeper == RetentionKeeper::Server => ("pill plain", Symbol::Minus, "left to the server"),
        _ if status.policy.schedule.paused => ("pill warn", Symbol::Exclamation, "paused"),
        _ if status.running.is_some() => ("pill plain", Symbol::Clock, "under way"),
        Some(RetentionOutcome::Failed) => ("pill bad", Symbol::Exclamation, "failing"),
        Some(RetentionOutcome::Partial) => ("pill warn", Symbol::Exclamation, "not all dropped yet"),
        Some(RetentionOutcome::Cancelled | RetentionOutcome::Interrupted) => {
            ("pill warn", Symbol::Exclamation, "last run ended early")
        }
        Some(RetentionOutcome::Succeeded) => ("pill good", Symbol::Check, "on time"),
        None => ("pill plain", Symbol::Clock, "not run yet"),
    };
    let ended = last.map_or_else(
        || "none yet".to_owned(),
        |run| {
            let outcome = run.outcome.map_or("under way", RetentionOutcome::as_str);
            format!(
                "{} UTC, {outcome}, {} dropped",
                minute(run.started_at),
                run.dropped
            )
        },
    );
    let failure = last
        .map(|run| run.failure.clone())
        .filter(|failure| !failure.is_empty());
    view! {
        <section class="card policy">
            <header>
                <h2>"Retention"</h2>
                <span class=class><Icon symbol /> {state}</span>
                {page.map(|page| view! { <div class="end"><a href=page>"Runs, dry run and more"</a></div> })}
            </header>
            <div class="card-body">
                <p>{status.keeper.sentence()} {failure.map(|failure| format!(" {failure}"))}</p>
                <dl class="facts-line">
                    <div><dt>"Drops what is older than"</dt><dd>{status.policy.threshold.to_string()}</dd></div>
                    <div><dt>"Runs"</dt><dd>{format!("every {}", status.policy.schedule.interval)}</dd></div>
                    <div><dt>"Next run"</dt><dd>{status.next_start.map_or_else(|| "none".to_owned(), |at| format!("{} UTC", minute(at)))}</dd></div>
                    <div><dt>"Last run"</dt><dd>{ended}</dd></div>
                </dl>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <section class="card">
            <div class="empty">
                <p><strong>"Nothing is asked of this table: its old chunks are kept."</strong></p>
                <p>"The Apache edition has no background policies. The console can drop old chunks itself, as long as it runs: change the policy, and say after how long they are dropped."</p>
            </div>
        </section>
    }
    .into_any()
}
