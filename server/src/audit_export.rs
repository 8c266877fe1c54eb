//! The audit trail as a file: streamed, so that years of it cost no memory.

use std::fmt::Write;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use backend::auth::{Caller, Denied, Granted};
use backend::console::Console;
use domain::audit::{AuditEvent, AuditQuery, Facts, Outcome};
use domain::role::Permission;
use futures::{Stream, StreamExt};
use http::{HeaderValue, StatusCode, header};

use crate::problem::{Wanted, failure_page};

/// Lines that are read at once.
const BATCH: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

/// `GET /audit/export.csv` and `GET /audit/export.json`, with the filters of the page.
pub(crate) async fn export(
    State(console): State<Console>,
    Extension(caller): Extension<Caller>,
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
    if let Err(error) = console.begin_audit_export(&granted, &query).await {
        let reference = backend::reference::Reference::generate();
        tracing::error!(%error, %reference, "an export of the audit log could not begin");
        return failure_page(StatusCode::INTERNAL_SERVER_ERROR, Wanted::Text, &reference);
    }
    let (kind, disposition) = match format {
        Format::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"tidemark-audit.csv\"",
        ),
        Format::Json => ("application/json", "attachment; filename=\"tidemark-audit.json\""),
    };
    let mut response = Response::new(Body::from_stream(stream(console, granted, query, format)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    response
}

/// Where an export stands.
enum Step {
    Head,
    Batch { query: AuditQuery, is_first: bool },
    Tail,
    End,
}

/// Batch after batch. Ends early, with a broken transfer and not with a file that looks whole, where the permission
/// is taken back or the state store fails.
fn stream(
    console: Console,
    granted: Granted,
    query: AuditQuery,
    format: Format,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let batches = futures::stream::unfold(Step::Head, move |step| {
        let (console, granted, query) = (console.clone(), granted.clone(), query.clone());
        async move {
            match step {
                Step::Head => {
                    let head = match format {
                        Format::Csv => HEAD.to_owned(),
                        Format::Json => "[".to_owned(),
                    };
                    Some((
                        Ok(Bytes::from(head)),
                        Step::Batch {
                            query,
                            is_first: true,
                        },
                    ))
                }
                Step::Batch { query, is_first } => match console.audit_batch(&granted, &query, BATCH).await {
                    Ok(events) => {
                        let text = match format {
                            Format::Csv => csv(&events),
                            Format::Json => json(&events, is_first),
                        };
                        let step = match events.last().filter(|_| events.len() == BATCH) {
                            Some(last) => Step::Batch {
                                query: AuditQuery {
                                    before_id: Some(last.id),
                                    ..query
                                },
                                is_first: false,
                            },
                            None => Step::Tail,
                        };
                        Some((Ok(Bytes::from(text)), step))
                    }
                    Err(error) => {
                        tracing::warn!(%error, "an export of the audit log was broken off");
                        Some((Err(std::io::Error::other(error.to_string())), Step::End))
                    }
                },
                Step::Tail if format == Format::Json => Some((Ok(Bytes::from_static(b"\n]\n")), Step::End)),
                Step::Tail | Step::End => None,
            }
        }
    });
    // Compression asks once more after the end.
    batches.fuse()
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
