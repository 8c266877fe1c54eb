//! Values as SQL writes them. Quotes are doubled and nothing else: `standard_conforming_strings` is on, as it is by default.

use crate::compression_settings::{OrderBy, SegmentBy};
use crate::hypertable::TimeSpan;
use crate::interval::Interval;
use crate::timestamp::Timestamp;

/// `'it''s'`.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `"a ""name"""`.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `INTERVAL '90 days'`.
pub(super) fn interval(interval: Interval) -> String {
    format!("INTERVAL '{interval}'")
}

/// `INTERVAL '90 days'`, or the number.
pub(super) fn span(span: TimeSpan) -> String {
    match span {
        TimeSpan::Interval(of) => interval(of),
        TimeSpan::Number(number) => number.to_string(),
    }
}

/// `TIMESTAMPTZ '2026-11-23T12:00:00Z'`.
pub(super) fn moment(at: Timestamp) -> String {
    format!("TIMESTAMPTZ '{at}'")
}

/// A value in a job's configuration: a text for time, a number for integer time, `null` for none.
pub(super) fn json(span: Option<TimeSpan>) -> String {
    match span {
        None => "null".to_owned(),
        Some(TimeSpan::Interval(interval)) => format!("\"{interval}\""),
        Some(TimeSpan::Number(number)) => number.to_string(),
    }
}

/// What `timescaledb.compress_segmentby` is set to; `None` where the server chooses.
pub(super) fn segment_by(segment_by: &SegmentBy) -> Option<String> {
    match segment_by {
        SegmentBy::ServerChooses => None,
        SegmentBy::Nothing => Some(literal("")),
        SegmentBy::Columns(columns) => {
            let columns: Vec<String> = columns.iter().map(|column| identifier(column)).collect();
            Some(literal(&columns.join(", ")))
        }
    }
}

/// What `timescaledb.compress_orderby` is set to; `None` where the server chooses.
pub(super) fn order_by(order_by: &[OrderBy]) -> Option<String> {
    if order_by.is_empty() {
        return None;
    }
    let columns: Vec<String> = order_by
        .iter()
        .map(|of| {
            let direction = if of.descending { "DESC" } else { "ASC" };
            let nulls = if of.nulls_first { "FIRST" } else { "LAST" };
            format!("{} {direction} NULLS {nulls}", identifier(&of.column))
        })
        .collect();
    Some(literal(&columns.join(", ")))
}
