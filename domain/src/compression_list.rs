//! The list of what compression does to each hypertable.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::compression_settings::CompressionSettings;
use crate::hypertable::{CompressionTotals, Exactness, Hypertable, TableSize, TimeSpan};
use crate::listing::{
    Column, Direction, ListPage, ListQuery, Listed, by_span, contains, contains_qualified, directed,
    present_first,
};
use crate::quantity::saved_percent;
use crate::snapshot::Snapshot;
use crate::table_name::TableName;

/// What the list shows.
pub type CompressionQuery = ListQuery<CompressionColumn>;

/// A column the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompressionColumn {
    /// Schema and name.
    Table,
    /// Bytes of the whole table.
    Size,
    /// Bytes the compressed chunks had before.
    Before,
    /// Bytes they had straight after.
    After,
    /// Share of bytes that compression saved.
    Saved,
    /// Bytes the compressed chunks have now.
    Live,
    /// Chunks.
    Chunks,
    /// Compressed chunks.
    Compressed,
    /// What rows are grouped by.
    SegmentBy,
    /// How rows are ordered.
    OrderBy,
    /// Age at which chunks are compressed.
    CompressAfter,
    /// Chunks that were compressed with other settings.
    OtherSettings,
}

impl Column for CompressionColumn {
    const ALL: &'static [Self] = &[
        Self::Table,
        Self::Size,
        Self::Before,
        Self::After,
        Self::Saved,
        Self::Live,
        Self::Chunks,
        Self::Compressed,
        Self::SegmentBy,
        Self::OrderBy,
        Self::CompressAfter,
        Self::OtherSettings,
    ];
    const DEFAULT: Self = Self::Size;
    const IDENTITY: Self = Self::Table;

    fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Size => "size",
            Self::Before => "before",
            Self::After => "after",
            Self::Saved => "saved",
            Self::Live => "live",
            Self::Chunks => "chunks",
            Self::Compressed => "compressed",
            Self::SegmentBy => "segment_by",
            Self::OrderBy => "order_by",
            Self::CompressAfter => "compress_after",
            Self::OtherSettings => "other_settings",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Table => "Table",
            Self::Size => "Size",
            Self::Before => "Before",
            Self::After => "Straight after",
            Self::Saved => "Saved",
            Self::Live => "Now",
            Self::Chunks => "Chunks",
            Self::Compressed => "Compressed",
            Self::SegmentBy => "Segment by",
            Self::OrderBy => "Order by",
            Self::CompressAfter => "Compress after",
            Self::OtherSettings => "Other settings",
        }
    }

    fn natural_direction(self) -> Direction {
        match self {
            Self::Table | Self::SegmentBy | Self::OrderBy => Direction::Ascending,
            _ => Direction::Descending,
        }
    }
}

/// What compression does to one hypertable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCompression {
    /// The hypertable.
    pub table: TableName,
    /// The continuous aggregate whose results lie in it.
    pub materializes: Option<TableName>,
    /// The role that owns it.
    pub owner: String,
    /// Bytes of the whole table.
    pub size: TableSize,
    /// Whether `size` and `compressed_bytes` are exact.
    pub exactness: Exactness,
    /// Whether compression is enabled.
    pub is_enabled: bool,
    /// Bytes before and straight after; `None` while nothing is compressed.
    pub totals: Option<CompressionTotals>,
    /// Bytes the compressed chunks have now.
    pub compressed_bytes: u64,
    /// Chunks there are.
    pub chunks: u64,
    /// How many of them are compressed.
    pub compressed_chunks: u64,
    /// How the next chunks are compressed; `None` while compression is not enabled.
    pub settings: Option<CompressionSettings>,
    /// Age at which the policy compresses a chunk; `None` without such a policy.
    pub compress_after: Option<TimeSpan>,
    /// Compressed chunks that were compressed with other settings than these.
    pub chunks_with_other_settings: u64,
}

impl TableCompression {
    /// Of this hypertable.
    pub fn of(table: &Hypertable) -> Self {
        Self {
            table: table.table_name(),
            materializes: table.materializes.clone(),
            owner: table.owner.clone(),
            size: table.size,
            exactness: table.exactness,
            is_enabled: table.compression_enabled,
            totals: table.compression,
            compressed_bytes: table.compressed_bytes,
            chunks: table.chunks,
            compressed_chunks: table.compressed_chunks,
            settings: table.compression_settings.clone(),
            compress_after: table.compress_after,
            chunks_with_other_settings: table.chunks_with_other_settings,
        }
    }

    /// What people call the table: of a continuous aggregate, the name of its view.
    pub fn display_name(&self) -> String {
        self.materializes.as_ref().unwrap_or(&self.table).to_string()
    }

    /// Share of bytes that compression saved, in percent; `None` while nothing is compressed.
    pub fn saved_percent(&self) -> Option<f64> {
        self.totals
            .and_then(|totals| saved_percent(totals.before_bytes, totals.after_bytes))
    }

    /// What rows are grouped by; `None` while compression is not enabled.
    pub fn segment_by(&self) -> Option<String> {
        self.settings
            .as_ref()
            .map(|settings| settings.segment_by.to_string())
    }

    /// How rows are ordered, as SQL writes it; `None` while compression is not enabled, and where the server chooses.
    pub fn order_by(&self) -> Option<String> {
        self.settings
            .as_ref()
            .filter(|settings| !settings.order_by.is_empty())
            .map(|settings| {
                let columns: Vec<String> = settings.order_by.iter().map(ToString::to_string).collect();
                columns.join(", ")
            })
    }
}

/// What compression does to each hypertable of a snapshot.
pub fn table_compressions(snapshot: &Snapshot) -> Vec<TableCompression> {
    snapshot.hypertables.iter().map(TableCompression::of).collect()
}

/// One page of them.
pub fn compression_page(query: &CompressionQuery, snapshot: &Snapshot) -> ListPage<TableCompression> {
    query.apply(&table_compressions(snapshot))
}

impl Listed for TableCompression {
    type Column = CompressionColumn;

    fn matches(&self, needle: &str) -> bool {
        contains_qualified(&self.table.schema, &self.table.name, needle)
            || contains(&self.owner, needle)
            || self
                .materializes
                .as_ref()
                .is_some_and(|view| contains(&view.to_string(), needle))
    }

    fn compare(column: CompressionColumn, direction: Direction, a: &Self, b: &Self) -> Ordering {
        let totals = |of: fn(CompressionTotals) -> u64| {
            present_first(a.totals, b.totals, |a, b| directed(direction, of(a).cmp(&of(b))))
        };
        match column {
            CompressionColumn::Table => directed(direction, a.table.cmp(&b.table)),
            CompressionColumn::Size => directed(direction, a.size.total_bytes().cmp(&b.size.total_bytes())),
            CompressionColumn::Before => totals(|totals| totals.before_bytes),
            CompressionColumn::After => totals(|totals| totals.after_bytes),
            CompressionColumn::Saved => present_first(a.saved_percent(), b.saved_percent(), |a, b| {
                directed(direction, a.total_cmp(&b))
            }),
            CompressionColumn::Live => directed(direction, a.compressed_bytes.cmp(&b.compressed_bytes)),
            CompressionColumn::Chunks => directed(direction, a.chunks.cmp(&b.chunks)),
            CompressionColumn::Compressed => {
                directed(direction, a.compressed_chunks.cmp(&b.compressed_chunks))
            }
            CompressionColumn::SegmentBy => present_first(a.segment_by(), b.segment_by(), |a, b| {
                directed(direction, a.cmp(&b))
            }),
            CompressionColumn::OrderBy => {
                present_first(a.order_by(), b.order_by(), |a, b| directed(direction, a.cmp(&b)))
            }
            CompressionColumn::CompressAfter => by_span(direction, a.compress_after, b.compress_after),
            CompressionColumn::OtherSettings => directed(
                direction,
                a.chunks_with_other_settings.cmp(&b.chunks_with_other_settings),
            ),
        }
    }

    fn belongs_to(&self, table: &TableName) -> bool {
        self.table == *table || self.materializes.as_ref() == Some(table)
    }
}
