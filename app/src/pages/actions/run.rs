//! How far an action is, what came of it.

use domain::action::{ActionOutcome, ActionRun, TargetRun, TargetState};
use domain::quantity::{duration, moment, thousands};
use leptos::prelude::*;

use super::pages::{Pages, size};
use crate::components::{Notice, Tone, markup};

/// How far an action is.
pub(crate) fn draw_action_run(
    database: &str,
    run: &ActionRun,
    page: u64,
    may_cancel: bool,
) -> charts::Markup {
    let database = database.to_owned();
    let run = run.clone();
    markup(view! { <Run run database page may_cancel /> })
}

fn tone(run: &ActionRun) -> Tone {
    match run.outcome {
        None => Tone::Plain,
        Some(ActionOutcome::Succeeded) => Tone::Good,
        Some(ActionOutcome::Failed) => Tone::Bad,
        Some(ActionOutcome::Cancelled | ActionOutcome::Interrupted) => Tone::Warn,
    }
}

/// `17 done, 2 failed`.
pub(super) fn counts(run: &ActionRun) -> String {
    let counts = run.counts;
    let parts = [
        (counts.done, "done"),
        (counts.failed, "failed"),
        (counts.skipped, "skipped"),
        (counts.cancelled, "not done"),
        (counts.unknown, "unknown"),
        (counts.open, "to come"),
    ];
    let words: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", thousands(count)))
        .collect();
    words.join(", ")
}

#[component]
fn Run(run: ActionRun, database: String, page: u64, may_cancel: bool) -> impl IntoView {
    let all = run.counts.total();
    let over = all - run.counts.open;
    let base = format!("/db/{database}/actions/runs/{}", run.id);
    let title = match run.outcome {
        None if run.is_silent => "Nothing is heard of the console that does this".to_owned(),
        None if run.cancelled_by.is_some() => "Being ended".to_owned(),
        None => "Under way".to_owned(),
        Some(ActionOutcome::Succeeded) => "Done".to_owned(),
        Some(ActionOutcome::Failed) => "Done in part: some failed".to_owned(),
        Some(ActionOutcome::Cancelled) => {
            format!("Ended by {}", run.cancelled_by.clone().unwrap_or_default())
        }
        Some(ActionOutcome::Interrupted) => "Interrupted: the console was stopped".to_owned(),
    };
    let is_open = run.ended_at.is_none();
    let rows = run
        .targets
        .iter()
        .map(|target| view! { <TargetRow target=target.clone() /> })
        .collect_view();
    let (counted, tone) = (counts(&run), tone(&run));
    let may_end = is_open && may_cancel && run.cancelled_by.is_none();
    view! {
        <div class="head">
            <h1>{run.title.clone()}</h1>
            <p class="head-facts">{format!("Action {} · {} UTC · by {}", run.id, moment(run.started_at), run.who)}</p>
        </div>
        <Notice tone title=title>
            <p>{counted}</p>
            {is_open.then(|| view! { <progress max=all.max(1).to_string() value=over.to_string() aria-label=format!("{over} of {all}")></progress> })}
        </Notice>
        {may_end.then(|| view! {
            <form method="post" action="/fn/cancel_action" class="page-actions">
                <input type="hidden" name="database" value=database.clone() />
                <input type="hidden" name="id" value=run.id.to_string() />
                <button type="submit" class="btn danger">"End it"</button>
                <span class="hint">"What is under way is cancelled; what is done stays."</span>
            </form>
        })}
        <section class="card">
            <header><h2>"One by one"</h2></header>
            <div class="scroll" tabindex="0" role="region" aria-label="Targets">
                <table>
                    <thead><tr>
                        <th scope="col">"What"</th><th scope="col">"Outcome"</th>
                        <th scope="col" class="num">"Took"</th><th scope="col" class="num">"Before"</th><th scope="col" class="num">"After"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <Pages base page total=all />
        </section>
    }
    .into_any()
}

#[component]
fn TargetRow(target: TargetRun) -> impl IntoView {
    let class = match target.state {
        TargetState::Done => "pill good",
        TargetState::Failed => "pill bad",
        TargetState::Unknown | TargetState::Cancelled => "pill warn",
        TargetState::Waiting | TargetState::Running | TargetState::Skipped => "pill plain",
    };
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let took = target
        .duration_ms
        .map_or_else(|| "-".to_owned(), |ms| duration(ms as f64));
    view! {
        <tr>
            <th scope="row" class="name">{target.title}</th>
            <td class="what"><span class=class>{target.state.as_str()}</span> " " {target.detail}</td>
            <td class="num">{took}</td>
            <td class="num">{size(target.bytes_before)}</td>
            <td class="num">{size(target.bytes_after)}</td>
        </tr>
    }
    .into_any()
}
