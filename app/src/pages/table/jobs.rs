//! The jobs of one hypertable.

use domain::job::{Job, NextStart, RunOutcome};
use domain::psql::Statement;
use domain::table_page::TablePage;
use leptos::prelude::*;
use leptos_router::components::A;

use super::{Shown, Tab};
use crate::components::{Moment, PsqlOf};

/// The page.
#[component]
pub(crate) fn TableJobsPage() -> impl IntoView {
    let shown = expect_context::<Shown>();
    view! {
        <Tab body=|_, page, shown| view! { <Jobs page shown /> } />
        <PsqlOf title="Jobs" statement=Statement::Jobs table=shown.name />
    }
}

#[component]
fn Jobs(page: TablePage, shown: Shown) -> impl IntoView {
    let base = format!("/db/{}/jobs", shown.database.get_untracked());
    if page.jobs.is_empty() {
        return view! {
            <section class="card">
                <div class="empty">
                    <p><strong>"No job works on this table."</strong></p>
                    <p>"Policies run as jobs; so does what was added with " <code>"add_job"</code> " and names this table."</p>
                </div>
            </section>
        }
        .into_any();
    }
    let rows = page
        .jobs
        .into_iter()
        .map(|job| view! { <Row job base=base.clone() /> })
        .collect_view();
    view! {
        <section class="card">
            <div class="scroll" tabindex="0" role="region" aria-label="Jobs">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Job"</th>
                            <th scope="col">"Next start"</th>
                            <th scope="col">"Last run"</th>
                            <th scope="col" class="wide-only">"Runs"</th>
                            <th scope="col" class="wide-only">"Schedule"</th>
                            <th scope="col" class="wide-only">"Owner"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Row(job: Job, base: String) -> impl IntoView {
    let title = job.title();
    let statistics = job.statistics.unwrap_or_default();
    let outcome = match statistics.last_outcome {
        Some(RunOutcome::Succeeded) => "succeeded",
        Some(RunOutcome::Failed) => "failed",
        None => "",
    };
    let next = match job.next_start {
        NextStart::At(at) => view! { <Moment at=Some(at) none="" /> }.into_any(),
        NextStart::NotYet => "not known yet".into_any(),
        NextStart::RunningOrStuck => "runs, or is stuck".into_any(),
        NextStart::Never => "never".into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="name">
                <A href=format!("{base}/{}", job.id)>{title}</A>
                <span class="under">{job.id}</span>
            </th>
            <td>{next}</td>
            <td><Moment at=statistics.last_start none="never" /> " " {outcome}</td>
            <td class="wide-only">{format!("{}, {} failed", statistics.total_runs, statistics.total_failures)}</td>
            <td class="wide-only">{format!("every {}", job.schedule_interval)}</td>
            <td class="wide-only">{job.owner}</td>
        </tr>
    }
    .into_any()
}
