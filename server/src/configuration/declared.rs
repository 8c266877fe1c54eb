//! Declared policies: what somebody says every table, or one table, should have. Nothing is declared until then.

use std::collections::BTreeMap;

use domain::interval::Interval;
use serde::Deserialize;

use super::settings::PositiveInterval;

/// A policy as declared; what is absent is not declared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredPolicy {
    /// Whether chunks are compressed.
    #[serde(default)]
    pub compression_enabled: Option<bool>,
    /// Age at which chunks are compressed.
    #[serde(default)]
    pub compress_after: Option<PositiveInterval>,
    /// Age at which chunks are dropped.
    #[serde(default)]
    pub drop_after: Option<PositiveInterval>,
    /// Length of a chunk.
    #[serde(default)]
    pub chunk_interval: Option<PositiveInterval>,
    /// Columns to segment by; an empty list is explicitly none.
    #[serde(default)]
    pub segment_by: Option<Vec<String>>,
    /// Columns to order by, each with an optional ASC or DESC.
    #[serde(default)]
    pub order_by: Option<Vec<String>>,
    /// Whether applying without a person looking may drop existing data.
    #[serde(default)]
    pub allow_drop: Option<bool>,
}

/// The defaults and what single tables say beside them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeclaredPolicies {
    /// For every table that does not say otherwise.
    pub defaults: DeclaredPolicy,
    /// By table name, or the leading word of one.
    pub tables: BTreeMap<String, DeclaredPolicy>,
    /// Background workers the server should have; compared, never set.
    pub max_background_workers: Option<u32>,
    /// Whether the policies are applied when the console starts.
    pub apply_on_start: bool,
}

impl DeclaredPolicy {
    /// The policy in one line, or `None` where nothing is declared.
    pub fn summary(&self) -> Option<String> {
        let span = |label: &str, value: Option<PositiveInterval>| {
            value.map(|v| format!("{label} {}", Interval::from(v)))
        };
        let parts: Vec<String> = [
            span("chunk interval", self.chunk_interval),
            self.compression_enabled
                .map(|on| format!("compression {}", if on { "on" } else { "off" })),
            span("compress after", self.compress_after),
            self.segment_by
                .as_ref()
                .map(|columns| format!("segment by {}", list(columns))),
            self.order_by
                .as_ref()
                .map(|columns| format!("order by {}", list(columns))),
            span("keep", self.drop_after),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn list(columns: &[String]) -> String {
    if columns.is_empty() {
        "none".to_owned()
    } else {
        columns.join(", ")
    }
}
