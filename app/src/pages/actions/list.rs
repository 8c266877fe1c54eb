//! What was done by hand.

use domain::action::{ActionOutcome, ActionRun};
use domain::quantity::minute;
use domain::table_name::TableName;
use leptos::prelude::*;

use super::run::counts;
use crate::components::markup;
use crate::pages::KeptList;

/// How many actions are shown at once.
pub(crate) const ACTIONS_A_PAGE: u32 = 50;

/// What was done, newest first.
pub(crate) fn draw_action_list(
    database: &str,
    runs: &[ActionRun],
    table: Option<&TableName>,
    is_first: bool,
) -> charts::Markup {
    let base = format!("/db/{database}/actions");
    let kept = KeptList::of(&base, table);
    let export = kept.export(format!("/db/{database}/export/actions"));
    let more = (runs.len() == ACTIONS_A_PAGE as usize)
        .then(|| runs.last().map(|run| run.id))
        .flatten();
    let rows = runs
        .iter()
        .map(|run| {
            let (class, state) = match run.outcome {
                None => ("pill plain", "under way"),
                Some(outcome @ ActionOutcome::Succeeded) => ("pill good", outcome.as_str()),
                Some(outcome @ ActionOutcome::Failed) => ("pill bad", outcome.as_str()),
                Some(outcome) => ("pill warn", outcome.as_str()),
            };
            view! {
                <tr>
                    <th scope="row" class="name"><a class="row-link" href=format!("{base}/runs/{}", run.id)>{run.title.clone()}</a></th>
                    <td>{format!("{} UTC", minute(run.started_at))}</td>
                    <td>{run.who.clone()}</td>
                    <td><span class=class>{state}</span></td>
                    <td class="what">{counts(run)}</td>
                </tr>
            }
        })
        .collect_view();
    markup(view! {
        <div class="head"><h1>"Actions"</h1></div>
        <section class="card">
            <header>
                <h2>"What was done by hand"</h2>
                {kept.narrowed()}
                <div class="end">{export}</div>
            </header>
            {if runs.is_empty() {
                view! {
                    <div class="empty">
                        <p><strong>{if is_first { "Nothing was done by hand here yet." } else { "There is nothing older." }}</strong></p>
                        <p>"Actions begin beside what they are done to: on a table's page of chunks, on the page of a job, in the list of continuous aggregates."</p>
                    </div>
                }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="region" aria-label="Actions">
                        <table>
                            <thead><tr>
                                <th scope="col">"Action"</th><th scope="col">"When"</th><th scope="col">"Who"</th>
                                <th scope="col">"State"</th><th scope="col">"What came of it"</th>
                            </tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            {kept.pager(is_first, more)}
        </section>
    })
}
