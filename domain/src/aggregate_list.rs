//! The list of continuous aggregates.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::continuous_aggregate::ContinuousAggregate;
use crate::hypertable::{Exactness, TableSize};
use crate::listing::{
    Column, Direction, ListPage, ListQuery, Listed, by_point, by_span, contains, contains_qualified,
    directed, present_first,
};
use crate::snapshot::Snapshot;
use crate::table_name::TableName;

/// What the list shows.
pub type AggregateQuery = ListQuery<AggregateColumn>;

/// A column the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateColumn {
    /// Schema and name of the view.
    View,
    /// What it aggregates.
    Source,
    /// Width of a bucket.
    Bucket,
    /// End of the newest materialized bucket.
    Watermark,
    /// Bytes of its results.
    Size,
    /// Its owner.
    Owner,
}

impl Column for AggregateColumn {
    const ALL: &'static [Self] = &[
        Self::View,
        Self::Source,
        Self::Bucket,
        Self::Watermark,
        Self::Size,
        Self::Owner,
    ];
    const DEFAULT: Self = Self::View;
    const IDENTITY: Self = Self::View;

    fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Source => "source",
            Self::Bucket => "bucket",
            Self::Watermark => "watermark",
            Self::Size => "size",
            Self::Owner => "owner",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::View => "View",
            Self::Source => "Source",
            Self::Bucket => "Bucket",
            Self::Watermark => "Materialized until",
            Self::Size => "Size",
            Self::Owner => "Owner",
        }
    }

    fn natural_direction(self) -> Direction {
        match self {
            Self::Watermark | Self::Size => Direction::Descending,
            _ => Direction::Ascending,
        }
    }
}

/// A continuous aggregate and what its results cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AggregateRow {
    /// The continuous aggregate.
    pub aggregate: ContinuousAggregate,
    /// The continuous aggregate it aggregates, where its source is the materialization of one.
    pub source_view: Option<TableName>,
    /// Bytes of its results; `None` until they were read.
    pub size: Option<TableSize>,
    /// Rows of its results; `None` until they were read.
    pub rows: Option<u64>,
    /// Whether `size` and `rows` are exact.
    pub exactness: Exactness,
}

impl AggregateRow {
    /// What it aggregates, as people call it.
    pub fn source(&self) -> &TableName {
        self.source_view.as_ref().unwrap_or(&self.aggregate.source)
    }
}

/// The continuous aggregates of a snapshot.
pub fn aggregate_rows(snapshot: &Snapshot) -> Vec<AggregateRow> {
    snapshot
        .continuous_aggregates
        .iter()
        .map(|aggregate| {
            let results = snapshot.hypertable(&aggregate.materialization);
            AggregateRow {
                aggregate: aggregate.clone(),
                source_view: snapshot
                    .hypertable(&aggregate.source)
                    .and_then(|source| source.materializes.clone()),
                size: results.map(|table| table.size),
                rows: results.map(|table| table.rows),
                exactness: results.map(|table| table.exactness).unwrap_or_default(),
            }
        })
        .collect()
}

/// One page of them.
pub fn aggregate_page(query: &AggregateQuery, snapshot: &Snapshot) -> ListPage<AggregateRow> {
    query.apply(&aggregate_rows(snapshot))
}

impl Listed for AggregateRow {
    type Column = AggregateColumn;

    fn matches(&self, needle: &str) -> bool {
        let view = &self.aggregate.view;
        contains_qualified(&view.schema, &view.name, needle)
            || contains(&self.source().to_string(), needle)
            || contains(&self.aggregate.owner, needle)
    }

    fn compare(column: AggregateColumn, direction: Direction, a: &Self, b: &Self) -> Ordering {
        match column {
            AggregateColumn::View => directed(direction, a.aggregate.view.cmp(&b.aggregate.view)),
            AggregateColumn::Source => directed(direction, a.source().cmp(b.source())),
            AggregateColumn::Bucket => by_span(direction, a.aggregate.bucket_width, b.aggregate.bucket_width),
            AggregateColumn::Watermark => by_point(direction, a.aggregate.watermark, b.aggregate.watermark),
            AggregateColumn::Size => present_first(a.size, b.size, |a, b| {
                directed(direction, a.total_bytes().cmp(&b.total_bytes()))
            }),
            AggregateColumn::Owner => directed(direction, a.aggregate.owner.cmp(&b.aggregate.owner)),
        }
    }

    fn belongs_to(&self, table: &TableName) -> bool {
        self.aggregate.view == *table
            || self.aggregate.source == *table
            || self.source_view.as_ref() == Some(table)
            || self.aggregate.materialization == *table
    }
}
