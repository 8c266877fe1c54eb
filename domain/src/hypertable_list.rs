//! The list of hypertables.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::hypertable::Hypertable;
use crate::judgement::Light;
use crate::listing::{
    Column, Direction, ListPage, ListQuery, Listed, by_point, by_span, contains, contains_qualified,
    directed, present_first,
};
use crate::quantity::saved_percent;
use crate::reading::Seen;
use crate::table_name::TableName;

/// What the list of hypertables shows.
pub type HypertableQuery = ListQuery<HypertableColumn>;

/// A column the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HypertableColumn {
    /// Schema and name.
    Name,
    /// Bytes on disk.
    Size,
    /// Bytes of indexes.
    Indexes,
    /// Rows.
    Rows,
    /// Chunks.
    Chunks,
    /// Compressed chunks.
    Compressed,
    /// Share of bytes that compression saved.
    Saved,
    /// Chunk interval.
    Interval,
    /// Age at which chunks are compressed.
    CompressAfter,
    /// Age at which chunks are dropped.
    Keep,
    /// Start of the oldest chunk.
    Oldest,
    /// End of the newest chunk.
    Newest,
}

impl Column for HypertableColumn {
    const ALL: &'static [Self] = &[
        Self::Name,
        Self::Size,
        Self::Indexes,
        Self::Rows,
        Self::Chunks,
        Self::Compressed,
        Self::Saved,
        Self::Interval,
        Self::CompressAfter,
        Self::Keep,
        Self::Oldest,
        Self::Newest,
    ];
    const DEFAULT: Self = Self::Size;
    const IDENTITY: Self = Self::Name;

    fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Indexes => "indexes",
            Self::Rows => "rows",
            Self::Chunks => "chunks",
            Self::Compressed => "compressed",
            Self::Saved => "saved",
            Self::Interval => "interval",
            Self::CompressAfter => "compress_after",
            Self::Keep => "keep",
            Self::Oldest => "oldest",
            Self::Newest => "newest",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Name => "Table",
            Self::Size => "Size",
            Self::Indexes => "Indexes",
            Self::Rows => "Rows",
            Self::Chunks => "Chunks",
            Self::Compressed => "Compressed",
            Self::Saved => "Saved",
            Self::Interval => "Chunk interval",
            Self::CompressAfter => "Compress after",
            Self::Keep => "Keep",
            Self::Oldest => "Chunks from",
            Self::Newest => "Chunks until",
        }
    }

    fn natural_direction(self) -> Direction {
        match self {
            Self::Name | Self::Oldest => Direction::Ascending,
            _ => Direction::Descending,
        }
    }
}

impl Listed for Hypertable {
    type Column = HypertableColumn;

    fn matches(&self, needle: &str) -> bool {
        contains_qualified(&self.schema, &self.name, needle)
            || contains(&self.owner, needle)
            || self
                .materializes
                .as_ref()
                .is_some_and(|view| contains(&view.name, needle))
    }

    fn compare(column: HypertableColumn, direction: Direction, a: &Self, b: &Self) -> Ordering {
        match column {
            HypertableColumn::Name => directed(direction, (&a.schema, &a.name).cmp(&(&b.schema, &b.name))),
            HypertableColumn::Size => directed(direction, a.size.total_bytes().cmp(&b.size.total_bytes())),
            HypertableColumn::Indexes => directed(direction, a.size.index_bytes.cmp(&b.size.index_bytes)),
            HypertableColumn::Rows => directed(direction, a.rows.cmp(&b.rows)),
            HypertableColumn::Chunks => directed(direction, a.chunks.cmp(&b.chunks)),
            HypertableColumn::Compressed => {
                directed(direction, a.compressed_chunks.cmp(&b.compressed_chunks))
            }
            HypertableColumn::Saved => {
                let saved = |t: &Hypertable| {
                    t.compression
                        .and_then(|c| saved_percent(c.before_bytes, c.after_bytes))
                };
                present_first(saved(a), saved(b), |a, b| directed(direction, a.total_cmp(&b)))
            }
            HypertableColumn::Interval => by_span(direction, a.chunk_interval, b.chunk_interval),
            HypertableColumn::CompressAfter => by_span(direction, a.compress_after, b.compress_after),
            HypertableColumn::Keep => by_span(direction, a.drop_after, b.drop_after),
            HypertableColumn::Oldest => {
                by_point(direction, a.range.map(|r| r.start), b.range.map(|r| r.start))
            }
            HypertableColumn::Newest => by_point(direction, a.range.map(|r| r.end), b.range.map(|r| r.end)),
        }
    }

    fn belongs_to(&self, table: &TableName) -> bool {
        (self.schema == table.schema && self.name == table.name) || self.materializes.as_ref() == Some(table)
    }
}

/// The Hypertables page: one page of the list, with the truth about each table on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HypertableList {
    /// The rows.
    pub page: ListPage<Hypertable>,
    /// Whether each row's policies do their work, in the order of the rows.
    pub lights: Vec<TableLight>,
    /// How many of all, on every page, hold the results of a continuous aggregate; not counted of a single table.
    pub aggregates: u64,
    /// Bytes of the largest hypertable of all, the full length of the size bars.
    pub largest_bytes: u64,
}

/// Whether a table's policies do their work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableLight {
    /// The worst of its policies' lights.
    pub light: Light,
    /// Why, in a sentence or two.
    pub reason: String,
}

impl HypertableList {
    /// One page of the hypertables that were read.
    pub fn of(seen: Seen<'_>, query: &HypertableQuery) -> Self {
        let page = query.apply(&seen.snapshot.hypertables);
        Self {
            lights: page
                .items
                .iter()
                .map(|table| TableLight::of(seen, &table.table_name()))
                .collect(),
            aggregates: if query.table.is_some() {
                0
            } else {
                seen.snapshot.totals().continuous_aggregates
            },
            largest_bytes: seen
                .snapshot
                .hypertables
                .iter()
                .map(|table| table.size.total_bytes())
                .max()
                .unwrap_or(0),
            page,
        }
    }
}

impl TableLight {
    /// What was judged of a table.
    pub fn of(seen: Seen<'_>, table: &TableName) -> Self {
        match seen.judgement.of_table(table) {
            Some(verdict) => Self {
                light: verdict.light,
                reason: verdict.reason.clone(),
            },
            None => Self {
                light: Light::Unknown,
                reason: "It was not judged.".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hypertable::{Exactness, TableSize, TimeSpan};
    use crate::interval::Interval;

    fn table(name: &str, bytes: u64, keep_days: Option<i64>) -> Hypertable {
        Hypertable {
            schema: "public".into(),
            name: name.into(),
            owner: "factory".into(),
            time_column: "time".into(),
            time_type: "timestamptz".into(),
            chunk_interval: None,
            range: None,
            chunks: 1,
            compressed_chunks: 0,
            size: TableSize {
                heap_bytes: bytes,
                ..TableSize::default()
            },
            rows: bytes / 10,
            exactness: Exactness::Exact,
            compression_enabled: false,
            compression: None,
            compress_after: None,
            drop_after: keep_days.map(|d| TimeSpan::Interval(Interval::new(0, d, 0))),
            ..Hypertable::default()
        }
    }

    fn names(page: &ListPage<Hypertable>) -> Vec<&str> {
        page.items.iter().map(|t| t.name.as_str()).collect()
    }

    fn query(text: &str) -> HypertableQuery {
        let pairs: Vec<(String, String)> = text
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        HypertableQuery::from_parameters(|name| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
    }

    #[test]
    fn the_largest_comes_first_unless_the_address_says_otherwise() {
        let tables = [table("a", 10, None), table("b", 30, None), table("c", 20, None)];
        assert_eq!(names(&HypertableQuery::default().apply(&tables)), ["b", "c", "a"]);
        assert_eq!(names(&query("sort=size&dir=asc").apply(&tables)), ["a", "c", "b"]);
        assert_eq!(names(&query("sort=name").apply(&tables)), ["a", "b", "c"]);
    }

    #[test]
    fn tables_without_a_value_come_last_in_both_directions() {
        let tables = [
            table("none", 1, None),
            table("short", 1, Some(7)),
            table("long", 1, Some(90)),
        ];
        assert_eq!(
            names(&query("sort=keep").apply(&tables)),
            ["long", "short", "none"]
        );
        assert_eq!(
            names(&query("sort=keep&dir=asc").apply(&tables)),
            ["short", "long", "none"]
        );
    }

    #[test]
    fn the_filter_ignores_case_and_looks_at_schema_name_and_owner() {
        let tables = [table("Metric", 1, None), table("oee", 1, None)];
        assert_eq!(names(&query("q=METR").apply(&tables)), ["Metric"]);
        assert_eq!(query("q=factory").apply(&tables).matching, 2);
        assert_eq!(query("q=public.o").apply(&tables).matching, 1);
        assert_eq!(query("q=nothing").apply(&tables).matching, 0);
    }

    #[test]
    fn a_page_beyond_the_last_shows_the_last() {
        let tables: Vec<_> = (0..23).map(|i| table(&format!("t{i:02}"), i, None)).collect();
        let page = query("size=10&page=9&sort=name").apply(&tables);
        assert_eq!((page.query.page, page.pages, page.first_row), (3, 3, 20));
        assert_eq!(names(&page), ["t20", "t21", "t22"]);
    }

    #[test]
    fn nonsense_in_the_address_falls_back_to_the_default() {
        assert_eq!(
            query("sort=colour&dir=up&page=-1&size=7"),
            HypertableQuery::default()
        );
    }

    #[test]
    fn what_an_address_says_is_written_back_the_same() {
        for text in [
            "",
            "?q=a%20b%26c",
            "?sort=rows",
            "?sort=rows&dir=asc&page=2&size=50",
            "?dir=asc",
        ] {
            let decoded = text.trim_start_matches('?').replace("%20", " ");
            let parsed = if text.contains("%26") {
                HypertableQuery {
                    filter: "a b&c".into(),
                    ..HypertableQuery::default()
                }
            } else {
                query(&decoded)
            };
            assert_eq!(parsed.query_string(), text);
        }
    }

    #[test]
    fn choosing_the_sorted_column_again_turns_it_round() {
        let once = HypertableQuery::default().sorted_by(HypertableColumn::Name);
        assert_eq!(once.direction, Direction::Ascending);
        assert_eq!(
            once.sorted_by(HypertableColumn::Name).direction,
            Direction::Descending
        );
    }
}
