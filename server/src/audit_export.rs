//! The audit trail as a file: streamed, so that years of it cost no memory.

use std::fmt::Write;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use backend::audit::{AuditExport, AuditNotShown};
use backend::auth::{Caller, Denied};
use backend::console::Console;
use domain::audit::{AuditEvent, AuditQuery, Facts, Outcome};
use domain::role::Permission;
use futures::{Stream, StreamExt};
use http::{HeaderValue, StatusCode, header};
use tokio::sync::mpsc::Sender;

use crate::middleware::reference::Reference;
use crate::problem::{Wanted, failure_page};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

/// `GET /audit/export.csv` and `GET /audit/export.json`, with the filters of the page.
pub(crate) async fn export(
    State(console): State<Console>,
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
        Err(Denied::NotSignedIn) => return (StatusCode::UNAUTHORIZED, "Sign in first.").into_response(),
        Err(Denied::Forbidden(_)) => {
            return (StatusCode::FORBIDDEN, "Your role may not see the audit log.").into_response();
        }
    };
    let format = match format.as_str() {
        "csv" => Format::Csv,
        "json" => Format::Json,
        _ => return (StatusCode::NOT_FOUND, "There is export.csv and export.json.").into_response(),
    };
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let parsed = AuditQuery::from_parameters(|name| {
        pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    });
    let query = match parsed {
        Ok(query) => query,
        Err(error) => return (StatusCode::UNPROCESSABLE_ENTITY, format!("{error}.")).into_response(),
    };
    let export = match console.begin_audit_export(granted, query).await {
        Ok(export) => export,
        Err(error) => {
            tracing::error!(%error, "an export of the audit log could not begin");
            return failure_page(StatusCode::INTERNAL_SERVER_ERROR, Wanted::Text, &reference);
        }
    };
    let (kind, disposition) = match format {
        Format::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"tidemark-audit.csv\"",
        ),
        Format::Json => ("application/json", "attachment; filename=\"tidemark-audit.json\""),
    };
    let mut response = Response::new(Body::from_stream(stream(export, format)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    response
}

/// Batch after batch, written by a task of its own, which learns how it ends. Ends early, with a broken transfer and
/// not with a file that looks whole, where the permission is taken back or the state store fails.
fn stream(export: AuditExport, format: Format) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    // One batch is read while the one before is on its way.
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        let mut export = export;
        let ended = match write_batches(&mut export, format, &sender).await {
            Ok(()) => export.finish().await,
            Err(error) => {
                tracing::warn!(%error, "an export of the audit log was broken off");
                let _ = sender.send(Err(std::io::Error::other(error.to_string()))).await;
                export.break_off(&error).await;
                Ok(())
            }
        };
        if let Err(error) = ended {
            tracing::error!(%error, "the end of an export could not be written into the audit trail");
        }
    });
    // Compression asks once more after the end.
    futures::stream::poll_fn(move |context| receiver.poll_recv(context)).fuse()
}

async fn write_batches(
    export: &mut AuditExport,
    format: Format,
    sender: &Sender<Result<Bytes, std::io::Error>>,
) -> Result<(), AuditNotShown> {
    let send = async |text: String| {
        sender
            .send(Ok(Bytes::from(text)))
            .await
            .map_err(|_| AuditNotShown::GoneAway)
    };
    send(match format {
        Format::Csv => HEAD.to_owned(),
        Format::Json => "[".to_owned(),
    })
    .await?;
    let mut is_first = true;
    loop {
        let events = export.next().await?;
        if events.is_empty() {
            break;
        }
        send(match format {
            Format::Csv => csv(&events),
            Format::Json => json(&events, is_first),
        })
        .await?;
        is_first = false;
    }
    if format == Format::Json {
        send("\n]\n".to_owned()).await?;
    }
    // There is room again once the last of it was taken.
    sender
        .reserve()
        .await
        .map(drop)
        .map_err(|_| AuditNotShown::GoneAway)
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

/// A cell in quotes. A cell that a spreadsheet would take for a formula begins with an apostrophe.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
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
            cell(&event.actor),
            cell(&event.address),
            event.action,
            cell(&event.database),
            cell(&event.target),
            cell(&facts(&event.before)),
            cell(&facts(&event.after)),
            event.outcome.map_or("", Outcome::as_str),
            cell(&event.detail),
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

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_is_quoted_and_never_a_formula() {
        assert_eq!(cell("anna"), "\"anna\"");
        assert_eq!(cell("say \"hi\",\nnow"), "\"say \"\"hi\"\",\nnow\"");
        assert_eq!(
            cell("=HYPERLINK(\"http://evil\")"),
            "\"'=HYPERLINK(\"\"http://evil\"\")\""
        );
    }
}
