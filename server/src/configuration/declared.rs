//! Declared policies: what somebody says every table, or one table, should have. Nothing is declared until then.

use std::collections::BTreeMap;
use std::fmt;

use domain::declared::{Declaration, Declared};
use domain::interval::Interval;
use domain::policy::{Field, PolicyFields, PolicyKind};
use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer};

use super::settings::PositiveInterval;

/// A policy as declared; what is absent is not declared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredPolicy {
    /// Whether chunks are compressed.
    #[serde(default)]
    pub compression_enabled: Option<bool>,
    /// Age at which chunks are compressed, or never.
    #[serde(default)]
    pub compress_after: Option<DeclaredAge>,
    /// Age at which chunks are dropped, or never.
    #[serde(default)]
    pub drop_after: Option<DeclaredAge>,
    /// Length of a chunk.
    #[serde(default)]
    pub chunk_interval: Option<DeclaredSpan>,
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

/// An interval longer than nothing, or, for a table whose time is a number, how many of its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredSpan {
    /// Of a table whose time is a number.
    Number(i64),
    /// Of any other.
    Interval(PositiveInterval),
}

impl<'de> Deserialize<'de> for DeclaredSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

/// A text is an interval, an integer a number of units.
struct SpanVisitor;

impl serde::de::Visitor<'_> for SpanVisitor {
    type Value = DeclaredSpan;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an interval, for example \"7 days\", or a number for a table whose time is one")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<DeclaredSpan, E> {
        PositiveInterval::deserialize(text.into_deserializer()).map(DeclaredSpan::Interval)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<DeclaredSpan, E> {
        if number > 0 {
            Ok(DeclaredSpan::Number(number))
        } else {
            Err(E::custom(format!(
                "{number} is not longer than nothing; write a positive number"
            )))
        }
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<DeclaredSpan, E> {
        i64::try_from(number)
            .map_err(|_| E::custom(format!("{number} is too large")))
            .and_then(|number| self.visit_i64(number))
    }
}

/// The age at which something is done to chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredAge {
    /// It is not done, whatever is said in general.
    Never,
    /// After this.
    After(DeclaredSpan),
}

impl<'de> Deserialize<'de> for DeclaredAge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AgeVisitor)
    }
}

/// Like [`SpanVisitor`], with "never".
struct AgeVisitor;

impl serde::de::Visitor<'_> for AgeVisitor {
    type Value = DeclaredAge;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SpanVisitor.expecting(f)?;
        f.write_str(", or \"never\"")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<DeclaredAge, E> {
        if text.trim() == "never" {
            Ok(DeclaredAge::Never)
        } else {
            SpanVisitor.visit_str(text).map(DeclaredAge::After)
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<DeclaredAge, E> {
        SpanVisitor.visit_i64(number).map(DeclaredAge::After)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<DeclaredAge, E> {
        SpanVisitor.visit_u64(number).map(DeclaredAge::After)
    }
}

impl fmt::Display for DeclaredAge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::After(span) => span.fmt(f),
        }
    }
}

impl From<PositiveInterval> for DeclaredSpan {
    fn from(interval: PositiveInterval) -> Self {
        Self::Interval(interval)
    }
}

impl From<PositiveInterval> for DeclaredAge {
    fn from(interval: PositiveInterval) -> Self {
        Self::After(interval.into())
    }
}

impl fmt::Display for DeclaredSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Interval(interval) => Interval::from(*interval).fmt(f),
        }
    }
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
    /// This, and where it says nothing, the other.
    #[must_use]
    pub fn over(&self, general: &Self) -> Self {
        Self {
            compression_enabled: self.compression_enabled.or(general.compression_enabled),
            compress_after: self.compress_after.or(general.compress_after),
            drop_after: self.drop_after.or(general.drop_after),
            chunk_interval: self.chunk_interval.or(general.chunk_interval),
            segment_by: self.segment_by.clone().or_else(|| general.segment_by.clone()),
            order_by: self.order_by.clone().or_else(|| general.order_by.clone()),
            allow_drop: self.allow_drop.or(general.allow_drop),
        }
    }

    /// The policy in one line, or `None` where nothing is declared.
    pub fn summary(&self) -> Option<String> {
        let span = |label: &str, value: Option<String>| value.map(|v| format!("{label} {v}"));
        let parts: Vec<String> = [
            span("chunk interval", self.chunk_interval.map(|of| of.to_string())),
            self.compression_enabled
                .map(|on| format!("compression {}", if on { "on" } else { "off" })),
            span("compress after", self.compress_after.map(|of| of.to_string())),
            self.segment_by
                .as_ref()
                .map(|columns| format!("segment by {}", list(columns))),
            self.order_by
                .as_ref()
                .map(|columns| format!("order by {}", list(columns))),
            span(
                "keep",
                self.drop_after.map(|of| match of {
                    DeclaredAge::Never => "for ever".to_owned(),
                    DeclaredAge::After(span) => span.to_string(),
                }),
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl From<&DeclaredPolicy> for Declaration {
    fn from(policy: &DeclaredPolicy) -> Self {
        let mut fields = PolicyFields::default();
        let spans = [
            (
                Field::ChunkInterval,
                policy.chunk_interval.map(|of| of.to_string()),
            ),
            (
                Field::Threshold(PolicyKind::Compression),
                policy.compress_after.map(|of| of.to_string()),
            ),
            (
                Field::Threshold(PolicyKind::Retention),
                policy.drop_after.map(|of| of.to_string()),
            ),
        ];
        for (field, span) in spans {
            if let Some(span) = span {
                fields.set(field, span);
            }
        }
        if let Some(on) = policy.compression_enabled {
            fields.set(Field::Compression, if on { "on" } else { "off" });
        }
        if let Some(columns) = &policy.segment_by {
            fields.set_segment_by(columns.clone());
        }
        if let Some(columns) = &policy.order_by {
            fields.set(Field::OrderBy, columns.join(", "));
        }
        Self {
            fields,
            allow_drop: policy.allow_drop,
        }
    }
}

impl From<&DeclaredPolicies> for Declared {
    fn from(policies: &DeclaredPolicies) -> Self {
        let tables = policies.tables.iter();
        Self {
            defaults: (&policies.defaults).into(),
            tables: tables
                .map(|(name, policy)| (name.clone(), policy.into()))
                .collect(),
            max_background_workers: policies.max_background_workers,
            apply_on_start: policies.apply_on_start,
        }
    }
}

fn list(columns: &[String]) -> String {
    if columns.is_empty() {
        "none".to_owned()
    } else {
        columns.join(", ")
    }
}
