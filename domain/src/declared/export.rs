//! What the server has, as the configuration would declare it.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::compression_settings::SegmentBy;
use crate::hypertable::TimeSpan;
use crate::policy::{AgePolicy, Current, Threshold, write_order_by};
use crate::snapshot::Snapshot;
use crate::table_name::TableName;

/// The policies of every table as `[databases.NAME.policies.tables.TABLE]`, in TOML. What the configuration cannot declare is
/// said in a comment.
pub fn as_configuration(
    snapshot: &Snapshot,
    database: &str,
    console_retention: &BTreeMap<TableName, AgePolicy>,
) -> String {
    let mut text = String::new();
    for table in super::names::known(snapshot) {
        let name = if table.schema == "public" && !table.name.contains(['.', '"']) {
            table.name.clone()
        } else {
            table.qualified()
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "[databases.{}.policies.tables.{}]",
            quoted(database),
            quoted(&name)
        );
        match Current::of(snapshot, &table, console_retention.get(&table).cloned()) {
            Ok(current) => declare(&mut text, &current),
            Err(error) => {
                let _ = writeln!(text, "# {error}");
            }
        }
        text.push('\n');
    }
    text
}

fn declare(text: &mut String, current: &Current) {
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name} = {value}");
    };
    let mut comments = Vec::new();
    if let Some(length) = current.chunk_interval {
        line("chunk_interval", span(length));
    }
    let policy = current.policy();
    line(
        "compression_enabled",
        policy.compression.settings().is_some().to_string(),
    );
    if let Some(settings) = policy.compression.settings() {
        match &settings.segment_by {
            SegmentBy::ServerChooses => {}
            SegmentBy::Nothing => line("segment_by", "[]".to_owned()),
            SegmentBy::Columns(columns) => line("segment_by", list(columns.iter().cloned())),
        }
        if !settings.order_by.is_empty() {
            let items = settings.order_by.iter();
            line(
                "order_by",
                list(items.map(|of| write_order_by(std::slice::from_ref(of)))),
            );
        }
    }
    let mut age =
        |name: &str, what: &str, policy: Option<&AgePolicy>| match policy.map(|policy| policy.threshold) {
            // Said, so that what is declared in general does not hold for it.
            None => line(name, quoted("never")),
            Some(Threshold::After(after)) => line(name, span(after)),
            Some(by_creation @ Threshold::CreatedBefore(_)) => {
                comments.push(format!("{what} after {by_creation}, which cannot be declared"));
            }
        };
    if policy.compression.settings().is_some() {
        age("compress_after", "compressed", policy.compression.policy());
    }
    age("drop_after", "dropped", policy.retention.as_ref());
    if let Some(refresh) = &policy.refresh {
        comments.push(format!(
            "refreshed every {}, which cannot be declared",
            refresh.schedule.interval
        ));
    }
    for comment in comments {
        let _ = writeln!(text, "# {comment}");
    }
}

fn span(span: TimeSpan) -> String {
    match span {
        TimeSpan::Interval(interval) => quoted(&interval.to_string()),
        TimeSpan::Number(number) => number.to_string(),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| quoted(&item)).collect();
    format!("[{}]", items.join(", "))
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
