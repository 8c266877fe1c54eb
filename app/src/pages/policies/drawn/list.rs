//! Every table beside what is declared for it, and what was changed.

use backend::declared::DriftReport;
use domain::declared::{Drift, DriftState};
use domain::page::{TableTab, hypertable_page, retention_page};
use domain::policy::PolicyFields;
use domain::policy_change::PolicyChange;
use domain::quantity::{bytes, counted, moment};
use domain::retention_run::{RetentionOutcome, RetentionStatus};
use domain::table_name::TableName;
use leptos::prelude::*;

use super::change::{tone, who};
use super::preview::Against;
use super::steps::{Differences, Steps};
use super::{change_address, form_address};
use crate::components::{Icon, Notice, Symbol, Tone, markup};
use crate::pages::KeptList;

/// How many changes are shown at once.
pub(crate) const CHANGES_A_PAGE: u32 = 50;

/// Draws it.
pub(crate) fn draw_policies(
    database: &str,
    report: DriftReport,
    kept: &[RetentionStatus],
    changes: Vec<PolicyChange>,
    table: Option<&TableName>,
    is_first: bool,
) -> charts::Markup {
    let database = database.to_owned();
    let narrowed = table.cloned();
    // Older changes, and those of one table, are looked at by themselves.
    let is_whole = is_first && narrowed.is_none();
    markup(view! {
        <div class="head"><h1>"Policies"</h1></div>
        {is_whole.then(|| view! { <Report report database=database.clone() /> })}
        {(is_whole && !kept.is_empty()).then(|| view! { <Kept kept=kept.to_vec() database=database.clone() /> })}
        <Changes changes database narrowed is_first />
    })
}

#[component]
fn Report(report: DriftReport, database: String) -> impl IntoView {
    let applied_at_start = report.at_start.clone();
    view! {
        {report.unresolved.iter().map(|words| view! { <Notice tone=Tone::Warn title=words.clone() /> }).collect_view()}
        {report.workers.map(|workers| (workers.declared != workers.actual).then(|| view! {
            <Notice tone=Tone::Warn title=format!("{} background workers are declared, the server has {}", workers.declared, workers.actual)>
                <p>"It is never set by the console: change timescaledb.max_background_workers in the server's configuration and restart it, or declare what it has."</p>
            </Notice>
        }))}
        {applied_at_start.waits.map(|why| view! {
            <Notice tone=Tone::Bad title="What is declared was not applied when the console started; it is tried again">
                <p>{why}</p>
            </Notice>
        })}
        {(!applied_at_start.tables.is_empty()).then(|| view! {
            <Notice tone=Tone::Plain title="When the console started, what is declared was applied">
                <ul>{applied_at_start.tables.iter().map(|outcome| view! { <li>{outcome.sentence()}</li> }).collect_view()}</ul>
            </Notice>
        })}
        <Declared report database />
    }
    .into_any()
}

#[component]
fn Declared(report: DriftReport, database: String) -> impl IntoView {
    if report.tables.is_empty() {
        return view! {
            <section class="card"><div class="empty">
                <p><strong>"There is no hypertable yet."</strong></p>
            </div></section>
        }
        .into_any();
    }
    let differing = report.tables.iter().filter(|drift| can_be_applied(drift)).count() as u64;
    let rows = report
        .tables
        .iter()
        .map(|drift| view! { <Row drift=drift.clone() database=database.clone() /> })
        .collect_view();
    let export = format!("/db/{database}/export/policies.toml");
    view! {
        <section class="card form-card declared">
            <header>
                <h2>"Declared and actual"</h2>
                <div class="end"><a href=export download>"Actual policies as configuration"</a></div>
            </header>
            {(!report.is_declared).then(|| view! {
                <p class="said muted">"Nothing is declared for this database. What is said in the configuration under [policies], or in the TIMESCALEDB_… variables, is compared with the server here; the export above is what it would say now."</p>
            })}
            <form method="post" action="/fn/apply_declared">
                <input type="hidden" name="database" value=database.clone() />
                <div class="scroll" tabindex="0" role="region" aria-label="Tables">
                    <table>
                        <thead><tr>
                            <th scope="col" class="check"><span class="visually-hidden">"Chosen"</span></th>
                            <th scope="col">"Table"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"What is different"</th>
                            <th scope="col"><span class="visually-hidden">"Form"</span></th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {(differing > 0).then(|| view! {
                    <div class="policy-send">
                        <button type="submit" class="btn primary" name="which" value="chosen">"Apply to the chosen"</button>
                        <button type="submit" class="btn" name="which" value="all">{format!("Apply to all {}", counted(differing, "table that differs", "tables that differ"))}</button>
                        <span class="hint">"Each table in a transaction of its own. What would drop rows that are there is held back, unless the table says allow_drop = true: preview it by itself."</span>
                    </div>
                })}
            </form>
        </section>
    }
    .into_any()
}

fn can_be_applied(drift: &Drift) -> bool {
    drift.plan().is_some_and(domain::policy::Plan::can_be_applied)
}

#[component]
fn Row(drift: Drift, database: String) -> impl IntoView {
    let name = drift.table.to_string();
    let table = hypertable_page(&database, &drift.table, TableTab::Policies);
    let differs = drift.plan().is_some();
    let form = if differs {
        format!(
            "{}#preview",
            form_address(&database, &drift.table, &drift.fields, true)
        )
    } else {
        form_address(&database, &drift.table, &PolicyFields::default(), false)
    };
    let (class, symbol, state) = match &drift.state {
        DriftState::NotDeclared => ("pill plain", Symbol::Minus, "nothing declared"),
        DriftState::AsDeclared => ("pill good", Symbol::Check, "as declared"),
        DriftState::Differs { .. } if drift.is_held_back() => {
            ("pill warn", Symbol::Exclamation, "differs, held back")
        }
        DriftState::Differs { .. } => ("pill warn", Symbol::Exclamation, "differs"),
        DriftState::Unfit(_) => ("pill bad", Symbol::Exclamation, "cannot be"),
    };
    let what = match &drift.state {
        DriftState::NotDeclared | DriftState::AsDeclared => None,
        DriftState::Unfit(sentences) => Some(view! { <p>{sentences.join(" ")}</p> }.into_any()),
        DriftState::Differs { differences, plan } => {
            let dropped = plan.first_dropped;
            Some(view! {
                <details class="fewer">
                    <summary>{differences.iter().map(|row| format!("{}: {} → {}", row.field.label(), row.current, row.desired)).collect::<Vec<_>>().join("; ")}</summary>
                    <Against blockers=plan.blockers.clone() />
                    <Differences rows=differences.clone() heads=("actual", "declared") caption="Fields that differ" />
                    {(dropped.chunks > 0).then(|| view! {
                        <p>{format!("Its first run would drop {} ({}).", counted(dropped.chunks, "chunk", "chunks"), bytes(dropped.bytes))}</p>
                    })}
                    <ul class="findings">{plan.warnings.iter().map(|warning| view! { <li class="warn">{warning.sentence()}</li> }).collect_view()}</ul>
                    <Steps steps=plan.steps.clone() />
                </details>
            }.into_any())
        }
    };
    let checkbox = can_be_applied(&drift).then(|| view! {
        // With what this page shows of it: what somebody changes meanwhile is not overwritten.
        <input type="hidden" name="seen[]" value=format!("{}={}", drift.table.qualified(), drift.plan().map(|plan| plan.fingerprint.as_str()).unwrap_or_default()) />
        <input type="checkbox" name="tables[]" value=drift.table.qualified() aria-label=format!("Choose {name}") />
    });
    view! {
        <tr>
            <td class="check">{checkbox}</td>
            <th scope="row" class="name"><a href=table>{name.clone()}</a></th>
            <td>
                <span class=class><Icon symbol /> {state}</span>
                {drift.is_partly_offered.then(|| view! { <div class="under">"compression is declared; the Apache edition has none"</div> })}
            </td>
            <td class="what">{what}</td>
            <td><a class="row-link" href=form aria-label=format!("{} {name}", if differs { "Preview" } else { "Change" })>{if differs { "Preview" } else { "Change" }}</a></td>
        </tr>
    }
    .into_any()
}

/// What the console itself drops.
#[component]
fn Kept(kept: Vec<RetentionStatus>, database: String) -> impl IntoView {
    let rows = kept
        .into_iter()
        .map(|status| {
            let (class, state) = match status.last_run.as_ref().and_then(|run| run.outcome) {
                None => ("pill plain", "not run yet"),
                Some(outcome @ RetentionOutcome::Succeeded) => ("pill good", outcome.as_str()),
                Some(outcome @ RetentionOutcome::Failed) => ("pill bad", outcome.as_str()),
                Some(outcome) => ("pill warn", outcome.as_str()),
            };
            let next = status.next_start.map_or_else(|| "-".to_owned(), written_moment);
            view! {
                <tr>
                    <th scope="row" class="name"><a class="row-link" href=retention_page(&database, &status.table)>{status.table.to_string()}</a></th>
                    <td>{status.policy.threshold.to_string()}</td>
                    <td>{next}</td>
                    <td><span class=class>{state}</span></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <header>
                <h2>"What the console itself drops"</h2>
                <p class="hint">"The server's edition has no retention policies of its own."</p>
            </header>
            <div class="scroll" tabindex="0" role="region" aria-label="What the console itself drops">
                <table>
                    <thead><tr>
                        <th scope="col">"Table"</th><th scope="col">"Older than"</th><th scope="col">"Next run"</th><th scope="col">"Last run"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Changes(
    changes: Vec<PolicyChange>,
    database: String,
    #[prop(optional_no_strip)] narrowed: Option<TableName>,
    is_first: bool,
) -> impl IntoView {
    let more = (changes.len() == CHANGES_A_PAGE as usize)
        .then(|| changes.last().map(|change| change.id))
        .flatten();
    let kept = KeptList::of(&format!("/db/{database}/policies"), narrowed.as_ref());
    let head = view! {
        <header>
            <h2>"Changes"</h2>
            {kept.narrowed()}
            <div class="end">{kept.export(format!("/db/{database}/export/changes"))}</div>
        </header>
    }
    .into_any();
    if changes.is_empty() {
        return view! {
            <section class="card">
                {head}
                <p class="said muted">{if is_first { "Nothing was changed here yet with this console." } else { "There is nothing older." }}</p>
            </section>
        }
        .into_any();
    }
    let rows = changes
        .into_iter()
        .map(|change| {
            let class = match tone(&change.state) {
                Tone::Good => "pill good",
                Tone::Bad => "pill bad",
                Tone::Warn => "pill warn",
                Tone::Plain => "pill plain",
            };
            let state = if change.undone_by.is_some() { "taken back" } else { change.state.label() };
            let what = change
                .differences
                .iter()
                .map(|row| format!("{}: {} → {}", row.field.label(), row.current, row.desired))
                .collect::<Vec<_>>()
                .join("; ");
            view! {
                <tr>
                    <th scope="row"><a class="row-link" href=change_address(&database, change.id)>{format!("Change {}", change.id)}</a></th>
                    <td><time datetime=change.at.to_string() title=format!("{} UTC", moment(change.at))>{written_moment(change.at)}</time></td>
                    <td>{change.relation.to_string()}</td>
                    <td class="what">{what}<div class="under">{change.reason.clone()}</div></td>
                    <td>{who(&change)}</td>
                    <td><span class=class>{state}</span></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            {head}
            <div class="scroll" tabindex="0" role="region" aria-label="Changes">
                <table>
                    <thead><tr>
                        <th scope="col">"Change"</th><th scope="col">"When"</th><th scope="col">"Table"</th>
                        <th scope="col">"What"</th><th scope="col">"Who"</th><th scope="col">"State"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {kept.pager(is_first, more)}
        </section>
    }
    .into_any()
}

/// When it was: to the minute, in UTC.
fn written_moment(at: domain::timestamp::Timestamp) -> String {
    format!("{} UTC", domain::quantity::minute(at))
}
