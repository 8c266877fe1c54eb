//! The audit trail as a file: streamed, so that years of it cost no memory.

use std::fmt::Write;

use axum::extract::{Extension, Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use backend::audit::{AuditExport, AuditNotShown};
use backend::auth::Caller;
use backend::console::Console;
use domain::audit::{AuditEvent, AuditQuery, Facts, Outcome};
use domain::export::{Format, csv_cell};
use domain::role::Permission;
use http::StatusCode;
use tracing::Instrument;

use crate::export::{BrokenOff, Deadlines, Exports, Parameters, Writing, attachment, begin_writing, refuse};
use crate::middleware::reference::Reference;
use crate::problem::{Wanted, failure_page};

/// `GET /audit/export.csv` and `GET /audit/export.json`, with the filters of the page.
pub(crate) async fn export(
    State(console): State<Console>,
    Extension(exports): Extension<Exports>,
    Extension(caller): Extension<Caller>,
    Extension(reference): Extension<Reference>,
    Path(format): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let granted = match console
        .demand(&caller, Permission::ViewAudit, "audit/export")
        .await
    {
        Ok(granted) => granted,
        Err(denied) => return refuse(denied, "the audit log"),
    };
    let Some(format) = Format::of_ending(&format) else {
        return (StatusCode::NOT_FOUND, "There is export.csv and export.json.").into_response();
    };
    let parameters = Parameters::of(query);
    let parsed = AuditQuery::from_parameters(|name| parameters.get(name));
    let query = match parsed {
        Ok(query) => query,
        Err(error) => return (StatusCode::UNPROCESSABLE_ENTITY, format!("{error}.")).into_response(),
    };
    let place = match exports.take(&granted) {
        Ok(place) => place,
        Err(turned_away) => return *turned_away,
    };
    let export = match console.begin_audit_export(granted, query).await {
        Ok(export) => export,
        Err(error) => {
            tracing::error!(%error, "an export of the audit log could not begin");
            return failure_page(StatusCode::INTERNAL_SERVER_ERROR, Wanted::Text, &reference);
        }
    };
    let (writing, body) = begin_writing(place, Deadlines::default());
    tokio::spawn(write(export, format, writing).in_current_span());
    attachment("tidemark-audit", format, body)
}

/// Writes it, and how it ended into the trail. Ends early, with a broken transfer and not with a file that looks whole,
/// where the permission is taken back or the state store fails.
async fn write(mut export: AuditExport, format: Format, mut writing: Writing) {
    let ended = match write_batches(&mut export, format, &mut writing).await {
        Ok(()) => {
            // Once the trail has it, nothing is left that could fail but the browser.
            let finished = export.finish().await;
            let _ = writing.end().await;
            finished
        }
        Err(error) => {
            tracing::warn!(%error, "an export of the audit log was broken off");
            drop(writing);
            export.break_off(&error).await;
            Ok(())
        }
    };
    if let Err(error) = ended {
        tracing::error!(%error, "the end of an export could not be written into the audit trail");
    }
}

fn not_taken(why: BrokenOff) -> AuditNotShown {
    match why {
        BrokenOff::GoneAway => AuditNotShown::GoneAway,
        BrokenOff::Stalled | BrokenOff::TooLong => AuditNotShown::TooSlow,
    }
}

/// Batch after batch, each read when the one before is on its way; ends when all of it was taken.
async fn write_batches(
    export: &mut AuditExport,
    format: Format,
    writing: &mut Writing,
) -> Result<(), AuditNotShown> {
    writing.wanted().await.map_err(not_taken)?;
    let head = match format {
        Format::Csv => HEAD,
        Format::Json => "[",
    };
    writing.write(head.to_owned()).await.map_err(not_taken)?;
    let mut is_first = true;
    loop {
        writing.wanted().await.map_err(not_taken)?;
        let events = export.next().await?;
        if events.is_empty() {
            break;
        }
        let text = match format {
            Format::Csv => csv(&events),
            Format::Json => json(&events, is_first),
        };
        writing.write(text).await.map_err(not_taken)?;
        is_first = false;
    }
    if format == Format::Json {
        writing.write("\n]\n".to_owned()).await.map_err(not_taken)?;
        writing.wanted().await.map_err(not_taken)?;
    }
    Ok(())
}

const HEAD: &str =
    "id,at,actor_kind,actor,address,action,database,target,before,after,outcome,detail,count,last_at\r\n";

fn facts(facts: &Facts) -> String {
    facts
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect::<Vec<_>>()
        .join("; ")
}

fn csv(events: &[AuditEvent]) -> String {
    let mut text = String::new();
    for event in events {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n",
            event.id,
            event.at,
            event.actor_kind.as_str(),
            csv_cell(&event.actor),
            csv_cell(&event.address),
            event.action,
            csv_cell(&event.database),
            csv_cell(&event.target),
            csv_cell(&facts(&event.before)),
            csv_cell(&facts(&event.after)),
            event.outcome.map_or("", Outcome::as_str),
            csv_cell(&event.detail),
            event.count,
            event.last_at,
        );
    }
    text
}

fn json(events: &[AuditEvent], is_first: bool) -> String {
    let mut text = String::new();
    for (index, event) in events.iter().enumerate() {
        text.push_str(if is_first && index == 0 { "\n" } else { ",\n" });
        // An event cannot fail to be written as JSON.
        text.push_str(&serde_json::to_string(event).unwrap_or_default());
    }
    text
}
