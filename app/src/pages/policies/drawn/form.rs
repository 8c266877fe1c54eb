//! The form of one table's policy: what there is beside what is wanted.

use backend::policies::{PolicyNow, Preview};
use domain::policy::{Field, FieldError, PolicyFields, PolicyKind};
use domain::snapshot::Edition;
use domain::table_name::TableName;
use domain::time_axis::TimeAxis;
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use super::fields::{Said, choice_field, text_field};
use super::form_address;
use super::presets::Presets;
use super::preview::draw_preview;
use crate::components::markup;
use crate::server_fns::DrawnPolicyForm;

/// What the form is for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The database.
    pub(crate) database: String,
    /// The table, as its page names it.
    pub(crate) table: TableName,
    /// The change that is taken back.
    pub(crate) undoes: Option<i64>,
    /// Whether what it would do is shown.
    pub(crate) shows_preview: bool,
    /// What is declared for the table; empty where nothing is.
    pub(crate) declared: PolicyFields,
    /// The page of the list of chunks, where that is looked at.
    pub(crate) chunks_page: Option<usize>,
    /// Why, as it was said before the change was refused.
    pub(crate) reason: String,
    /// The time.
    pub(crate) now: Timestamp,
}

/// Draws the form, and what it would do below it.
pub(crate) fn draw_form(asked: &Asked, preview: Preview) -> DrawnPolicyForm {
    let errors = preview.planned.as_ref().err().cloned().unwrap_or_default();
    let shows = asked.shows_preview || asked.undoes.is_some();
    let against = preview
        .planned
        .as_ref()
        .ok()
        .filter(|_| shows)
        .into_iter()
        .flat_map(|planned| &planned.plan.blockers)
        .filter_map(|blocker| {
            Some(FieldError {
                name: blocker.field()?.name().to_owned(),
                message: blocker.sentence(),
            })
        })
        .collect();
    let said = Said {
        fields: preview.wanted.fields.clone(),
        now: preview
            .now
            .fields
            .clone()
            .with_usual_schedules(preview.now.current.chunk_interval),
        errors,
        against,
    };
    let form = markup(view! { <Form asked=asked.clone() now=preview.now.clone() said /> });
    DrawnPolicyForm {
        form,
        preview: shows.then(|| draw_preview(asked, preview)),
    }
}

#[component]
fn Form(asked: Asked, now: PolicyNow, said: Said) -> impl IntoView {
    let action = form_address(&asked.database, &asked.table, &PolicyFields::default(), false);
    // A form that is sent by GET replaces what its address asks.
    let path = action.split('?').next().unwrap_or_default().to_owned();
    let in_query = action.contains('?').then(|| asked.table.qualified());
    let is_aggregate = now.current.aggregate.is_some();
    let wrong = said.errors.len();
    // What is wrong with no field of the form is said above it.
    let astray: Vec<String> = said
        .errors
        .iter()
        .filter(|error| Field::from_name(&error.name).is_none())
        .map(ToString::to_string)
        .collect();
    let title = match asked.undoes {
        Some(id) => format!("Take change {id} back"),
        None => "Change the policy".to_owned(),
    };
    view! {
        <section class="card form-card policy-form">
            <header>
                <h2>{title}</h2>
                <div class="end"><a href=action.clone()>"Begin again"</a></div>
            </header>
            {(wrong > 0).then(|| view! {
                <div role="alert"><p class="form-error">{match wrong {
                    1 => "One field cannot be understood. It says below what would be right.".to_owned(),
                    wrong => format!("{wrong} fields cannot be understood. Each says below what would be right."),
                }}</p></div>
            })}
            {(!astray.is_empty()).then(|| view! { <div role="alert"><p class="form-error">{astray.join(" ")}</p></div> })}
            <Presets asked=asked.clone() now=now.clone() />
            <form method="get" action=format!("{path}#preview")>
                {in_query.map(|table| view! { <input type="hidden" name="table" value=table /> })}
                <datalist id="spans">
                    {["1 hour", "6 hours", "1 day", "7 days", "14 days", "30 days", "90 days", "180 days", "1 year"]
                        .into_iter()
                        .map(|span| view! { <option value=span></option> })
                        .collect_view()}
                </datalist>
                <Chunks now=now.clone() said=said.clone() />
                <Compression now=now.clone() said=said.clone() />
                <Retention now=now.clone() said=said.clone() />
                {is_aggregate.then(|| view! { <Refresh now=now.clone() said=said.clone() /> })}
                {asked.undoes.map(|id| view! { <input type="hidden" name="undoes" value=id.to_string() /> })}
                <input type="hidden" name="preview" value="1" />
                <div class="policy-send">
                    <button type="submit" class="btn primary">"Preview"</button>
                    <span class="hint">"Nothing is changed by a preview."</span>
                </div>
            </form>
        </section>
    }
}

/// How an age is written on the table's time axis.
fn span_hint(now: &PolicyNow) -> &'static str {
    match now.current.time_axis {
        TimeAxis::Moments => "An interval, for example 7 days, 36 hours or 1 month.",
        TimeAxis::Numbers => "A number in the unit of the table's own time.",
    }
}

#[component]
fn Chunks(now: PolicyNow, said: Said) -> impl IntoView {
    let hint = format!(
        "{} Only chunks that are created from now on get it.",
        span_hint(&now)
    );
    view! {
        <fieldset>
            <legend>"Chunks"</legend>
            <div class="policy-fields">
                {text_field(&said, Field::ChunkInterval, "Chunk interval", &hint, Some("spans"))}
            </div>
        </fieldset>
    }
}

#[component]
fn Compression(now: PolicyNow, said: Said) -> impl IntoView {
    if now.edition == Edition::Apache {
        return view! {
            <fieldset disabled>
                <legend>"Compression"</legend>
                <p class="hint">"The server has the Apache edition of TimescaleDB, which has no compression. With the Community edition it can be set here."</p>
            </fieldset>
        }
        .into_any();
    }
    let columns = now.columns.join(", ");
    let after = format!(
        "{} \"never\" leaves compressing to people.",
        cutoff_hint(&now, PolicyKind::Compression).unwrap_or_else(|| span_hint(&now).to_owned())
    );
    view! {
        <fieldset>
            <legend>"Compression"</legend>
            <div class="policy-fields">
                {choice_field(&said, Field::Compression, "Compression", "Whether chunks may be compressed.", &[("off", "off"), ("on", "on")])}
                {text_field(&said, Field::SegmentBy, "Segment by", &format!("Columns rows are grouped by, \"-\" for none, nothing for the server's choice. There are: {columns}."), None)}
                {text_field(&said, Field::OrderBy, "Order by", &format!("Columns with DESC or ASC; nothing for the server's choice ({} DESC).", now.current.time_column), None)}
                {text_field(&said, Field::Threshold(PolicyKind::Compression), "Compress after", &after, Some("spans"))}
            </div>
            {schedule(&said, PolicyKind::Compression)}
        </fieldset>
    }
    .into_any()
}

#[component]
fn Retention(now: PolicyNow, said: Said) -> impl IntoView {
    let after = format!(
        "{} \"never\" keeps everything.",
        cutoff_hint(&now, PolicyKind::Retention).unwrap_or_else(|| span_hint(&now).to_owned())
    );
    view! {
        <fieldset>
            <legend>"Retention"</legend>
            {(now.edition == Edition::Apache).then(|| view! {
                <p class="hint">"The server has the Apache edition, which has no policies of its own: the console drops what is due, as long as it runs."</p>
            })}
            <div class="policy-fields">
                {text_field(&said, Field::Threshold(PolicyKind::Retention), "Drop after", &after, Some("spans"))}
            </div>
            {schedule(&said, PolicyKind::Retention)}
        </fieldset>
    }
    .into_any()
}

#[component]
fn Refresh(now: PolicyNow, said: Said) -> impl IntoView {
    if now.current.refresh_jobs.len() > 1 {
        return view! {
            <fieldset disabled>
                <legend>"Refresh"</legend>
                <p class="hint">{format!("It has {} refresh policies, each with a window of its own; the console changes one only where it is the only one.", now.current.refresh_jobs.len())}</p>
            </fieldset>
        }
        .into_any();
    }
    let span = span_hint(&now);
    view! {
        <fieldset>
            <legend>"Refresh"</legend>
            <div class="policy-fields">
                {choice_field(&said, Field::Threshold(PolicyKind::Refresh), "Refresh", "Whether a job keeps it up to date.", &[("off", "off"), ("on", "on")])}
                {text_field(&said, Field::RefreshStart, "Refresh from", &format!("{span} Before now; nothing for the oldest row."), Some("spans"))}
                {text_field(&said, Field::RefreshEnd, "Refresh to", &format!("{span} Before now; nothing for the newest row."), Some("spans"))}
            </div>
            {schedule(&said, PolicyKind::Refresh)}
        </fieldset>
    }
    .into_any()
}

/// What is rarely changed, folded away unless something of it is said.
fn schedule(said: &Said, kind: PolicyKind) -> AnyView {
    let fields = [
        Field::CountedFrom(kind),
        Field::Every(kind),
        Field::FixedFrom(kind),
        Field::Timezone(kind),
        Field::MaxRuntime(kind),
        Field::Paused(kind),
        Field::NextStart(kind),
    ];
    let is_open = fields.into_iter().any(|field| {
        said.is_wrong(field)
            || said
                .fields
                .get(field)
                .is_some_and(|text| text != said.now.get(field).unwrap_or_default())
    });
    view! {
        <details class="fewer" open=is_open>
            <summary>"Schedule"</summary>
            <div class="policy-fields">
                {text_field(said, Field::Every(kind), "Runs every", "Time between two runs.", Some("spans"))}
                {text_field(said, Field::FixedFrom(kind), "Fixed times from", "A moment such as 2026-11-22T02:00:00Z that the starts are counted from; nothing: after the end of the run before.", None)}
                {text_field(said, Field::Timezone(kind), "Time zone", "Of fixed times, for example Europe/Berlin; nothing for UTC.", None)}
                {text_field(said, Field::MaxRuntime(kind), "Longest run", "A run that takes longer is cancelled; nothing for no limit.", Some("spans"))}
                {choice_field(said, Field::Paused(kind), "Paused", "A paused policy does nothing.", &[("no", "no"), ("yes", "yes")])}
                {text_field(said, Field::NextStart(kind), "Next start", "A moment, or now; nothing leaves it as it is.", None)}
                {(kind != PolicyKind::Refresh).then(|| choice_field(
                    said,
                    Field::CountedFrom(kind),
                    "Age counted from",
                    "The end of a chunk's own time range, or when it was created.",
                    &[("range", "the chunk's time range"), ("creation", "the chunk's creation")],
                ))}
            </div>
        </details>
    }
    .into_any()
}

/// Where on the axis the age ends that is set now.
fn cutoff_hint(now: &PolicyNow, kind: PolicyKind) -> Option<String> {
    let (_, cutoff) = now.cutoffs.iter().find(|(of, _)| *of == kind)?;
    Some(format!("{} Now it ends at {cutoff}.", span_hint(now)))
}
