//! The statements of a plan, in order, with the lock each takes.

use domain::policy::{Difference, PlannedStep, Step};
use leptos::prelude::*;

/// The statements.
#[component]
pub(super) fn Steps(steps: Vec<PlannedStep>) -> impl IntoView {
    let steps = steps
        .into_iter()
        .map(|planned| {
            let lock = planned.lock.sentence();
            let said = match planned.sql {
                Some(sql) => view! { <pre tabindex="0"><code>{format!("{sql};")}</code></pre> }.into_any(),
                None => view! { <p>{without_statement(&planned.step)}</p> }.into_any(),
            };
            view! { <li>{said} <p class="hint">{lock}</p></li> }
        })
        .collect_view();
    view! { <ol class="steps">{steps}</ol> }.into_any()
}

fn without_statement(step: &Step) -> String {
    match step {
        Step::ConsoleRetention {
            policy: Some(policy), ..
        } => format!(
            "The console keeps in its own state that it drops what is older than {}, every {}.",
            policy.threshold, policy.schedule.interval
        ),
        _ => "The console keeps in its own state that it drops nothing of this table.".to_owned(),
    }
}

/// What is not the same, field by field.
#[component]
pub(super) fn Differences(
    rows: Vec<Difference>,
    /// What the columns are called.
    heads: (&'static str, &'static str),
    /// What the table is called.
    caption: &'static str,
) -> impl IntoView {
    let rows = rows
        .into_iter()
        .map(|row| view! {
            <tr><th scope="row">{row.field.label()}</th><td>{row.current}</td><td><b>{row.desired}</b></td></tr>
        })
        .collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=caption>
            <table class="differences">
                <thead><tr><th scope="col">"Field"</th><th scope="col">{heads.0}</th><th scope="col">{heads.1}</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
