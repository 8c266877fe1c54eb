//! The list of hypertables.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::hypertable::{Hypertable, TimePoint, TimeSpan};
use crate::listing::{Column, Direction, ListPage, ListQuery, Listed, directed, present_first};
use crate::overview::{Freshness, ProblemReport};
use crate::quantity::saved_percent;
use crate::snapshot::Edition;

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
        format!("{}.{}", self.schema, self.name)
            .to_lowercase()
            .contains(needle)
            || self.owner.to_lowercase().contains(needle)
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
            HypertableColumn::Interval => spans(direction, a.chunk_interval, b.chunk_interval),
            HypertableColumn::CompressAfter => spans(direction, a.compress_after, b.compress_after),
            HypertableColumn::Keep => spans(direction, a.drop_after, b.drop_after),
            HypertableColumn::Oldest => points(direction, a.range.map(|r| r.start), b.range.map(|r| r.start)),
            HypertableColumn::Newest => points(direction, a.range.map(|r| r.end), b.range.map(|r| r.end)),
        }
    }
}

fn spans(direction: Direction, a: Option<TimeSpan>, b: Option<TimeSpan>) -> Ordering {
    present_first(a, b, |a, b| directed(direction, a.sort_key().cmp(&b.sort_key())))
}

fn points(direction: Direction, a: Option<TimePoint>, b: Option<TimePoint>) -> Ordering {
    present_first(a, b, |a, b| directed(direction, a.cmp(&b)))
}

/// The Hypertables page: one page of the list with what is known of its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HypertableList {
    /// The rows; `None` before the first reading.
    pub page: Option<ListPage<Hypertable>>,
    /// Bytes of the largest hypertable of all, the full length of the size bars.
    pub largest_bytes: u64,
    /// Age of the figures; `None` before the first reading.
    pub freshness: Option<Freshness>,
    /// Why readings fail now.
    pub problem: Option<ProblemReport>,
    /// The edition decides what an empty compression or policy column means.
    pub edition: Option<Edition>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hypertable::{Exactness, TableSize};
    use crate::interval::Interval;

    fn table(name: &str, bytes: u64, keep_days: Option<i64>) -> Hypertable {
        Hypertable {
            schema: "public".into(),
            name: name.into(),
            owner: "factory".into(),
            time_column: "time".into(),
            time_type: "timestamptz".into(),
            dimensions: 1,
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
