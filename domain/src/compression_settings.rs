//! How a table compresses its chunks, and how a chunk was compressed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Segmenting and ordering.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CompressionSettings {
    /// What rows are grouped by.
    pub segment_by: SegmentBy,
    /// How rows are ordered within a group; empty where the server chooses.
    pub order_by: Vec<OrderBy>,
}

/// What rows are grouped by before they are compressed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentBy {
    /// Nobody said: the server chooses when it compresses a chunk.
    #[default]
    ServerChooses,
    /// Explicitly nothing.
    Nothing,
    /// These columns.
    Columns(Vec<String>),
}

/// One column of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderBy {
    /// The column.
    pub column: String,
    /// Largest first.
    pub descending: bool,
    /// NULLs before everything else.
    pub nulls_first: bool,
}

impl CompressionSettings {
    /// Whether a chunk that was compressed with `chunk` would be compressed otherwise now. What the table leaves to the
    /// server is no difference.
    pub fn differ_from(&self, chunk: &Self) -> bool {
        let segments = match &self.segment_by {
            SegmentBy::ServerChooses => false,
            SegmentBy::Nothing => matches!(chunk.segment_by, SegmentBy::Columns(_)),
            SegmentBy::Columns(columns) => {
                !matches!(&chunk.segment_by, SegmentBy::Columns(of) if of == columns)
            }
        };
        // TimescaleDB adds the time column to an order that lacks it.
        let order = !self.order_by.is_empty() && !chunk.order_by.starts_with(&self.order_by);
        segments || order
    }
}

/// As people write it.
impl fmt::Display for SegmentBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerChooses => f.write_str("server's choice"),
            Self::Nothing => f.write_str("none"),
            Self::Columns(columns) => f.write_str(&columns.join(", ")),
        }
    }
}

/// As SQL writes it, the defaults left out.
impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.column)?;
        if self.descending {
            f.write_str(" DESC")?;
        }
        match (self.descending, self.nulls_first) {
            (true, false) => f.write_str(" NULLS LAST"),
            (false, true) => f.write_str(" NULLS FIRST"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(column: &str) -> OrderBy {
        OrderBy {
            column: column.into(),
            descending: true,
            nulls_first: true,
        }
    }

    fn settings(segment_by: SegmentBy, columns: &[&str]) -> CompressionSettings {
        CompressionSettings {
            segment_by,
            order_by: columns.iter().map(|column| order(column)).collect(),
        }
    }

    #[test]
    fn a_chunk_differs_only_in_what_the_table_says() {
        let line = || SegmentBy::Columns(vec!["line".into()]);
        for (table, chunk, differs) in [
            (
                settings(SegmentBy::ServerChooses, &[]),
                settings(line(), &["ts"]),
                false,
            ),
            (
                settings(SegmentBy::Nothing, &[]),
                settings(SegmentBy::ServerChooses, &["ts"]),
                false,
            ),
            (settings(SegmentBy::Nothing, &[]), settings(line(), &["ts"]), true),
            (settings(line(), &["ts"]), settings(line(), &["ts"]), false),
            (
                settings(line(), &["ts"]),
                settings(SegmentBy::Nothing, &["ts"]),
                true,
            ),
            (settings(line(), &["v"]), settings(line(), &["v", "ts"]), false),
            (settings(line(), &["v"]), settings(line(), &["ts"]), true),
        ] {
            assert_eq!(table.differ_from(&chunk), differs, "{table:?} {chunk:?}");
        }
    }

    #[test]
    fn an_order_is_written_as_sql_writes_it() {
        let by = |descending, nulls_first| OrderBy {
            column: "ts".into(),
            descending,
            nulls_first,
        };
        assert_eq!(by(true, true).to_string(), "ts DESC");
        assert_eq!(by(true, false).to_string(), "ts DESC NULLS LAST");
        assert_eq!(by(false, false).to_string(), "ts");
        assert_eq!(by(false, true).to_string(), "ts NULLS FIRST");
    }
}
