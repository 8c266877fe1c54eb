//! What an action would do, how far it is, what came of it.

use domain::action::{
    Action, ActionOutcome, ActionPreview, ActionRequest, ActionRun, ActionTarget, TargetPreview, TargetRun,
    TargetState,
};
use domain::hypertable::TimePoint;
use domain::quantity::{bytes, counted, duration, minute, moment, thousands};
use leptos::prelude::*;

use super::asked::ActionAsked;
use crate::components::{Notice, Tone, markup};

/// How many actions are shown at once.
pub(crate) const ACTIONS_A_PAGE: u32 = 50;
/// Targets that are listed one by one; the rest is told in sums.
const LISTED: usize = 500;

/// Nothing is known of the database yet.
pub(crate) fn draw_unread_action() -> charts::Markup {
    markup(view! {
        <div class="head"><h1>"Action"</h1></div>
        <Notice tone=Tone::Plain title="The database was not read yet"><p>"Load this page again in a moment."</p></Notice>
    })
}

/// What is asked for cannot be done.
pub(crate) fn draw_unfit_action(words: &str) -> charts::Markup {
    let words = words.to_owned();
    markup(view! {
        <div class="head"><h1>"Action"</h1></div>
        <Notice tone=Tone::Bad title="This cannot be done"><p>{words}</p></Notice>
    })
}

/// What is still to be said before there can be a preview.
pub(crate) fn draw_action_question(database: &str, asked: &ActionAsked) -> charts::Markup {
    let action = format!("/db/{database}/actions/preview");
    let request = asked.request.clone();
    let fields = match request.action {
        Action::RescheduleJob { .. } => view! {
            <input type="hidden" name="action" value="reschedule_job" />
            <label>
                <span>"Next start, in UTC"</span>
                <input type="datetime-local" name="next_start" required />
            </label>
        }
        .into_any(),
        _ => view! {
            <input type="hidden" name="action" value="refresh" />
            <label>
                <span>"From"</span>
                <input type="text" name="from" maxlength="60" autocomplete="off" placeholder="2026-08-01, nothing for the oldest row" />
            </label>
            <label>
                <span>"To"</span>
                <input type="text" name="to" maxlength="60" autocomplete="off" placeholder="2026-09-01, nothing for the newest row" />
            </label>
        }
        .into_any(),
    };
    let targets = request
        .targets
        .iter()
        .map(|target| match target {
            ActionTarget::Job(id) => {
                view! { <input type="hidden" name="job" value=id.to_string() /> }.into_any()
            }
            ActionTarget::Aggregate(view) => {
                view! { <input type="hidden" name="aggregate" value=view.qualified() /> }.into_any()
            }
            ActionTarget::Table(table) => {
                view! { <input type="hidden" name="table" value=table.qualified() /> }.into_any()
            }
            ActionTarget::Chunk { chunk, .. } => {
                view! { <input type="hidden" name="chunk" value=chunk.qualified() /> }.into_any()
            }
        })
        .collect_view();
    let of = request
        .targets
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let title = format!("{} {of}", request.action.verb());
    markup(view! {
        <div class="head"><h1>{title}</h1></div>
        <section class="card form-card">
            <form method="get" action=action>
                <div class="fields">{fields}</div>
                {targets}
                <input type="hidden" name="preview" value="1" />
                <button type="submit" class="btn primary">"Preview"</button>
            </form>
        </section>
    })
}

/// What an action would do.
pub(crate) fn draw_action_preview_of(
    database: &str,
    request: &ActionRequest,
    preview: ActionPreview,
) -> charts::Markup {
    let handled = preview.totals.handled;
    let title = format!(
        "{} {}",
        preview.action.verb(),
        counted(handled, "thing", "things")
    );
    let title = match handled {
        1 => preview
            .targets
            .iter()
            .find(|target| target.skip.is_none())
            .map_or(title, |target| {
                format!("{} {}", preview.action.verb(), target.title)
            }),
        _ if preview.action.is_on_jobs() => {
            format!("{} {}", preview.action.verb(), counted(handled, "job", "jobs"))
        }
        _ if matches!(preview.action, Action::Refresh { .. }) => {
            format!(
                "{} {}",
                preview.action.verb(),
                counted(handled, "aggregate", "aggregates")
            )
        }
        _ => format!(
            "{} {}",
            preview.action.verb(),
            counted(handled, "chunk", "chunks")
        ),
    };
    // Plain data: it cannot fail to be written.
    let request = serde_json::to_string(request).unwrap_or_default();
    let database = database.to_owned();
    markup(view! {
        <div class="head"><h1>{title}</h1></div>
        {(handled == 0).then(|| view! {
            <Notice tone=Tone::Plain title="There is nothing to do"><p>"Below it says of each why."</p></Notice>
        })}
        <Sums preview=preview.clone() />
        {(handled > 0).then(|| view! { <Start preview=preview.clone() request database /> })}
        <Targets targets=preview.targets />
    })
}

#[component]
fn Sums(preview: ActionPreview) -> impl IntoView {
    let totals = preview.totals;
    view! {
        <section class="card" aria-label="What it would do">
            {(!preview.warnings.is_empty()).then(|| view! {
                <ul class="findings" aria-label="To be known beforehand">
                    {preview.warnings.iter().map(|warning| view! { <li class="warn">{warning.sentence()}</li> }).collect_view()}
                </ul>
            })}
            <dl class="facts-line amounts">
                <div><dt>"Handled"</dt><dd>{thousands(totals.handled)}</dd></div>
                {(totals.skipped > 0).then(|| view! { <div><dt>"Skipped"</dt><dd>{thousands(totals.skipped)}</dd></div> })}
                {(totals.bytes > 0).then(|| view! { <div><dt>"On disk now"</dt><dd>{bytes(totals.bytes).to_string()}</dd></div> })}
                {totals.bytes_after.filter(|_| totals.bytes > 0).map(|after| view! { <div><dt>"Afterwards, about"</dt><dd>{bytes(after).to_string()}</dd></div> })}
                {(totals.rows > 0).then(|| view! { <div><dt>"Rows, about"</dt><dd>{thousands(totals.rows)}</dd></div> })}
            </dl>
            {(!preview.lock.is_empty()).then(|| view! { <p class="said muted">{preview.lock.clone()}</p> })}
        </section>
    }
    .into_any()
}

#[component]
fn Start(preview: ActionPreview, request: String, database: String) -> impl IntoView {
    let typed = preview.needs_typed_name.clone();
    let class = if typed.is_some() {
        "btn danger"
    } else {
        "btn primary"
    };
    view! {
        <section class="card form-card">
            <form method="post" action="/fn/start_action">
                <input type="hidden" name="database" value=database />
                <input type="hidden" name="request" value=request />
                <input type="hidden" name="fingerprint" value=preview.fingerprint.clone() />
                {typed.map(|name| view! {
                    <label>
                        <span>"This loses data for good. Type " <code>{name}</code> " to allow it"</span>
                        <input type="text" name="typed_name" required autocomplete="off" autocapitalize="none" spellcheck="false" />
                    </label>
                })}
                <button type="submit" class=class>{preview.action.verb()}</button>
                <p class="hint">"Each in a transaction of its own; what fails does not stop the rest. It goes on in the background, and can be ended."</p>
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn Targets(targets: Vec<TargetPreview>) -> impl IntoView {
    let more = targets.len().saturating_sub(LISTED);
    let rows = targets
        .into_iter()
        .take(LISTED)
        .map(|target| {
            let range = target.range.map(|range| format!("{} to {}", place(range.start), place(range.end)));
            let what = match target.skip {
                Some(skip) => view! { <span class="muted">"skipped: " {skip.sentence()}</span> }.into_any(),
                None => view! { <code class="statement">{target.statement}</code> }.into_any(),
            };
            view! {
                <tr>
                    <th scope="row" class="name">{target.title}{range.map(|range| view! { <div class="under">{range}</div> })}</th>
                    <td class="what">{what}</td>
                    <td class="num">{size(target.bytes)}</td>
                    <td class="num">{size(target.bytes_after.filter(|_| target.skip.is_none()))}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <header><h2>"One by one"</h2></header>
            <div class="scroll" tabindex="0" role="region" aria-label="Targets">
                <table>
                    <thead><tr>
                        <th scope="col">"What"</th><th scope="col">"Statement"</th>
                        <th scope="col" class="num">"On disk now"</th><th scope="col" class="num">"Afterwards, about"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {(more > 0).then(|| view! { <p class="said muted">{format!("and {} more", thousands(more as u64))}</p> })}
        </section>
    }
    .into_any()
}

fn place(point: TimePoint) -> String {
    match point {
        TimePoint::Moment(at) => minute(at),
        TimePoint::Number(number) => number.to_string(),
    }
}

fn size(value: Option<u64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| bytes(value).to_string())
}

/// How far an action is.
pub(crate) fn draw_action_run(database: &str, run: &ActionRun, may_cancel: bool) -> charts::Markup {
    let database = database.to_owned();
    let run = run.clone();
    markup(view! { <Run run database may_cancel /> })
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
fn counts(run: &ActionRun) -> String {
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
fn Run(run: ActionRun, database: String, may_cancel: bool) -> impl IntoView {
    let all = run.targets.len();
    let over = all - usize::try_from(run.counts.open).unwrap_or(all);
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
        .take(LISTED)
        .map(|target| view! { <TargetRow target=target.clone() /> })
        .collect_view();
    let more = all.saturating_sub(LISTED);
    let (counted, tone) = (counts(&run), tone(&run));
    let may_end = is_open && may_cancel && run.cancelled_by.is_none();
    view! {
        <div class="head">
            <h1>{run.title.clone()}</h1>
            <p class="head-facts">{format!("Action {} · {} UTC · by {}", run.id, moment(run.started_at), run.who)}</p>
        </div>
        <Notice tone title=title>
            <p>{counted}</p>
            {is_open.then(|| view! { <progress max=all.to_string() value=over.to_string()>{format!("{over} of {all}")}</progress> })}
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
            {(more > 0).then(|| view! { <p class="said muted">{format!("and {} more", thousands(more as u64))}</p> })}
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

/// What was done, newest first.
pub(crate) fn draw_action_list(database: &str, runs: &[ActionRun], is_first: bool) -> charts::Markup {
    let base = format!("/db/{database}/actions");
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
            {if runs.is_empty() {
                view! {
                    <div class="empty">
                        <p><strong>{if is_first { "Nothing was done by hand yet." } else { "There is nothing older." }}</strong></p>
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
            <nav class="pager" aria-label="Pages">
                {(!is_first).then(|| view! { <a class="btn small" href=base.clone()>"Newest"</a> })}
                {more.map(|id| view! { <a class="btn small" href=format!("{base}?before={id}")>"Older"</a> })}
            </nav>
        </section>
    })
}
