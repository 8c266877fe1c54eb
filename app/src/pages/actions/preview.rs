//! What an action would do.

use domain::action::{Action, ActionPreview, TargetPreview};
use domain::hypertable::TimePoint;
use domain::quantity::{bytes, counted, minute, thousands};
use leptos::prelude::*;

use super::asked::{ActionAsked, action_address};
use super::pages::{Pages, TARGETS_A_PAGE, size};
use crate::components::{Notice, Tone, markup};

/// What an action would do.
pub(crate) fn draw_action_preview_of(
    database: &str,
    asked: &ActionAsked,
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
    let request = serde_json::to_string(&asked.request).unwrap_or_default();
    let base = action_address(database, &asked.request);
    let (page, gone) = (asked.page, asked.gone.clone());
    let database = database.to_owned();
    markup(view! {
        <div class="head"><h1>{title}</h1></div>
        {(!gone.is_empty()).then(|| view! {
            <Notice tone=Tone::Warn title=format!("{} not there any more", counted(gone.len() as u64, "chosen chunk is", "chosen chunks are"))>
                <p>"They were dropped meanwhile; this is about the others: " {gone.iter().take(5).map(|chunk| chunk.name.clone()).collect::<Vec<_>>().join(", ")} {(gone.len() > 5).then_some(" and more")} "."</p>
            </Notice>
        })}
        {(handled == 0).then(|| view! {
            <Notice tone=Tone::Plain title="There is nothing to do"><p>"Below it says of each why."</p></Notice>
        })}
        <Sums preview=preview.clone() />
        {(handled > 0).then(|| view! { <Start preview=preview.clone() request database /> })}
        <Targets targets=preview.targets base page />
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
fn Targets(targets: Vec<TargetPreview>, base: String, page: u64) -> impl IntoView {
    let total = targets.len() as u64;
    let before = usize::try_from((page - 1) * u64::from(TARGETS_A_PAGE)).unwrap_or(usize::MAX);
    let rows = targets
        .into_iter()
        .skip(before)
        .take(TARGETS_A_PAGE as usize)
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
            <Pages base page total />
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
