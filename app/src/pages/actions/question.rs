//! What is still to be said before there can be a preview, and what cannot be done at all.

use domain::action::{Action, ActionTarget};
use leptos::prelude::*;

use super::asked::{ActionAsked, parameter, word};
use crate::components::{Notice, Tone, markup};

/// Nothing is known of the database yet.
pub(crate) fn draw_unread_action() -> charts::Markup {
    markup(view! {
        <div class="head"><h1>"Action"</h1></div>
        <Notice tone=Tone::Plain title="The database was not read yet"><p>"Load this page again in a moment."</p></Notice>
    })
}

/// What is asked for cannot be done.
pub(crate) fn draw_unfit_action(database: &str, words: &str) -> charts::Markup {
    let words = words.to_owned();
    let base = format!("/db/{database}");
    markup(view! {
        <div class="head"><h1>"Action"</h1></div>
        <Notice tone=Tone::Bad title="This cannot be done"><p>{words}</p></Notice>
        <p class="page-actions">
            <a class="btn" href=format!("{base}/chunks")>"Chunks"</a> " "
            <a class="btn" href=format!("{base}/jobs")>"Jobs"</a> " "
            <a class="btn" href=format!("{base}/aggregates")>"Continuous aggregates"</a>
        </p>
    })
}

/// What is still to be said, or was said wrongly.
pub(crate) fn draw_action_question(database: &str, asked: &ActionAsked) -> charts::Markup {
    let action = format!("/db/{database}/actions/preview");
    let request = asked.request.clone();
    let fields = match request.action {
        Action::RescheduleJob { .. } => {
            // A browser shows nothing of a moment that is none; as a text it can be mended.
            let kind = if asked.error.is_some() {
                "text"
            } else {
                "datetime-local"
            };
            field(asked, "next_start", "Next start, in UTC", "for example 2026-11-23T08:30", kind, true)
        }
        Action::DropOlderThan { .. } => field(
            asked,
            "older_than",
            "Drop chunks older than",
            "an age such as 90 days, or a place on the table's time axis such as 2026-08-01",
            "text",
            true,
        ),
        _ => view! {
            {field(asked, "from", "From", "for example 2026-08-01; nothing for the oldest row", "text", false)}
            {field(asked, "to", "To", "for example 2026-09-01; nothing for the newest row", "text", false)}
        }
        .into_any(),
    };
    let targets = request
        .targets
        .iter()
        .map(|target| {
            let (name, text) = parameter(target);
            view! { <input type="hidden" name=name value=text /> }
        })
        .collect_view();
    let of = request
        .targets
        .iter()
        .take(5)
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let title = match request.targets.as_slice() {
        [_] if matches!(request.action, Action::DropOlderThan { .. }) => format!("Drop old chunks of {of}"),
        [] | [_] => format!("{} {of}", request.action.verb()),
        [ActionTarget::Job(_), ..] => format!("{} {} jobs", request.action.verb(), request.targets.len()),
        many => format!("{} {} at once", request.action.verb(), many.len()),
    };
    let named = (request.targets.len() > 1).then(|| {
        let more = request.targets.len().saturating_sub(5);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        view! { <p class="head-facts">{of}{more}</p> }
    });
    let word = word(&request.action);
    markup(view! {
        <div class="head"><h1>{title}</h1>{named}</div>
        <section class="card form-card policy-form">
            <form method="get" action=action>
                <input type="hidden" name="action" value=word />
                <div class="policy-fields">{fields}</div>
                {targets}
                <input type="hidden" name="preview" value="1" />
                <div class="policy-send">
                    <button type="submit" class="btn primary">"Preview"</button>
                    <span class="hint">"Nothing is changed by a preview."</span>
                </div>
            </form>
        </section>
    })
}

/// A field, with what is wrong with what was said in it.
fn field(
    asked: &ActionAsked,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    kind: &'static str,
    is_required: bool,
) -> AnyView {
    let error = asked
        .error
        .as_ref()
        .filter(|error| error.field == name)
        .map(|error| error.words.clone());
    let (hint_id, error_id) = (format!("{name}-hint"), format!("{name}-error"));
    let described_by = if error.is_some() {
        format!("{hint_id} {error_id}")
    } else {
        hint_id.clone()
    };
    view! {
        <div class="policy-field">
            <label>
                <span>{label}</span>
                <input
                    type=kind
                    name=name
                    value=asked.said(name)
                    required=is_required
                    maxlength="100"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    autofocus=error.is_some()
                    aria-invalid=error.as_ref().map(|_| "true")
                    aria-describedby=described_by
                />
            </label>
            {error.map(|words| view! { <span class="field-error" id=error_id role="alert">{words}</span> })}
            <span class="hint" id=hint_id>{hint}</span>
        </div>
    }
    .into_any()
}
