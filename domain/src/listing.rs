//! How the list of hypertables is sorted, filtered and paged, and how that is written in an address.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::hypertable::{Hypertable, TimePoint, TimeSpan};
use crate::overview::{Freshness, ProblemReport};
use crate::quantity::saved_percent;
use crate::snapshot::Edition;

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

impl HypertableColumn {
    /// Every column, in the order of the list.
    pub const ALL: [Self; 12] = [
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

    /// As it stands in addresses.
    pub fn as_str(self) -> &'static str {
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

    /// The direction a first click sorts in: names from A, figures from the largest.
    pub fn natural_direction(self) -> Direction {
        match self {
            Self::Name | Self::Oldest => Direction::Ascending,
            _ => Direction::Descending,
        }
    }
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// Rows on a page unless the address says otherwise.
pub const DEFAULT_PAGE_SIZE: usize = 25;
/// The sizes of a page that can be chosen.
pub const PAGE_SIZES: [usize; 4] = [10, 25, 50, 100];

/// What the list shows: everything that stands in the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HypertableQuery {
    /// Only tables whose schema, name or owner contains this, regardless of case; empty for all.
    pub filter: String,
    /// Sorted by this column.
    pub sort: HypertableColumn,
    /// In this direction.
    pub direction: Direction,
    /// Page, from 1.
    pub page: usize,
    /// Rows on a page.
    pub page_size: usize,
}

impl Default for HypertableQuery {
    fn default() -> Self {
        Self {
            filter: String::new(),
            sort: HypertableColumn::Size,
            direction: HypertableColumn::Size.natural_direction(),
            page: 1,
            page_size: DEFAULT_PAGE_SIZE,
        }
    }
}

impl HypertableQuery {
    /// Reads an address's parameters. What is unknown or out of range falls back to the default: an address
    /// that somebody shortened or that an older version wrote still shows the list.
    pub fn from_parameters(get: impl Fn(&str) -> Option<String>) -> Self {
        let default = Self::default();
        let sort = get("sort")
            .and_then(|text| HypertableColumn::ALL.into_iter().find(|c| c.as_str() == text))
            .unwrap_or(default.sort);
        let direction = match get("dir").as_deref() {
            Some("asc") => Direction::Ascending,
            Some("desc") => Direction::Descending,
            _ => sort.natural_direction(),
        };
        Self {
            filter: get("q").unwrap_or_default().trim().chars().take(200).collect(),
            sort,
            direction,
            page: get("page")
                .and_then(|t| t.parse().ok())
                .filter(|p| *p > 0)
                .unwrap_or(1),
            page_size: get("size")
                .and_then(|text| text.parse().ok())
                .filter(|size| PAGE_SIZES.contains(size))
                .unwrap_or(default.page_size),
        }
    }

    /// The parameters that differ from the default, for an address; the values are not yet escaped.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let default = Self::default();
        let mut parameters = Vec::new();
        if !self.filter.is_empty() {
            parameters.push(("q", self.filter.clone()));
        }
        if self.sort != default.sort {
            parameters.push(("sort", self.sort.as_str().to_owned()));
        }
        if self.direction != self.sort.natural_direction() {
            let text = if self.direction == Direction::Ascending {
                "asc"
            } else {
                "desc"
            };
            parameters.push(("dir", text.to_owned()));
        }
        if self.page != 1 {
            parameters.push(("page", self.page.to_string()));
        }
        if self.page_size != default.page_size {
            parameters.push(("size", self.page_size.to_string()));
        }
        parameters
    }

    /// The query string with its `?`, escaped; empty for the default.
    pub fn query_string(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.parameters() {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&escape_parameter(&value));
        }
        text
    }

    /// The same list sorted by a column: a second choice of the same column turns it round. From page 1.
    #[must_use]
    pub fn sorted_by(&self, column: HypertableColumn) -> Self {
        let direction = if self.sort == column {
            self.direction.reversed()
        } else {
            column.natural_direction()
        };
        Self {
            sort: column,
            direction,
            page: 1,
            ..self.clone()
        }
    }

    /// The same list on another page.
    #[must_use]
    pub fn on_page(&self, page: usize) -> Self {
        Self { page, ..self.clone() }
    }

    fn admits(&self, table: &Hypertable) -> bool {
        let needle = self.filter.to_lowercase();
        needle.is_empty()
            || format!("{}.{}", table.schema, table.name)
                .to_lowercase()
                .contains(&needle)
            || table.owner.to_lowercase().contains(&needle)
    }

    /// Sorts, filters and cuts. A page beyond the last shows the last.
    pub fn apply(&self, tables: &[Hypertable]) -> HypertablePage {
        let mut matching: Vec<&Hypertable> = tables.iter().filter(|t| self.admits(t)).collect();
        matching.sort_by(|a, b| {
            compare(self.sort, self.direction, a, b)
                .then_with(|| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)))
        });
        let pages = matching.len().div_ceil(self.page_size).max(1);
        let page = self.page.min(pages);
        let first = (page - 1) * self.page_size;
        HypertablePage {
            query: self.on_page(page),
            total: tables.len(),
            matching: matching.len(),
            pages,
            first_row: first,
            largest_bytes: tables.iter().map(|t| t.size.total_bytes()).max().unwrap_or(0),
            items: matching
                .into_iter()
                .skip(first)
                .take(self.page_size)
                .cloned()
                .collect(),
        }
    }
}

/// One page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HypertablePage {
    /// The query, with the page that is really shown.
    pub query: HypertableQuery,
    /// Hypertables there are.
    pub total: usize,
    /// Hypertables the filter admits.
    pub matching: usize,
    /// Pages there are, at least 1.
    pub pages: usize,
    /// Index of the first row shown, from 0.
    pub first_row: usize,
    /// Bytes of the largest hypertable of all, the full length of the size bars.
    pub largest_bytes: u64,
    /// The rows.
    pub items: Vec<Hypertable>,
}

/// The Hypertables page: one page of the list with what is known of its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HypertableList {
    /// The rows; `None` before the first reading.
    pub page: Option<HypertablePage>,
    /// Age of the figures; `None` before the first reading.
    pub freshness: Option<Freshness>,
    /// Why readings fail now.
    pub problem: Option<ProblemReport>,
    /// The edition decides what an empty compression or policy column means.
    pub edition: Option<Edition>,
}

/// Compares by one column. What has no value (no policy, nothing compressed) comes last in either direction.
fn compare(column: HypertableColumn, direction: Direction, a: &Hypertable, b: &Hypertable) -> Ordering {
    match column {
        HypertableColumn::Name => directed(direction, (&a.schema, &a.name).cmp(&(&b.schema, &b.name))),
        HypertableColumn::Size => directed(direction, a.size.total_bytes().cmp(&b.size.total_bytes())),
        HypertableColumn::Indexes => directed(direction, a.size.index_bytes.cmp(&b.size.index_bytes)),
        HypertableColumn::Rows => directed(direction, a.rows.cmp(&b.rows)),
        HypertableColumn::Chunks => directed(direction, a.chunks.cmp(&b.chunks)),
        HypertableColumn::Compressed => directed(direction, a.compressed_chunks.cmp(&b.compressed_chunks)),
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

fn directed(direction: Direction, ordering: Ordering) -> Ordering {
    match direction {
        Direction::Ascending => ordering,
        Direction::Descending => ordering.reverse(),
    }
}

fn present_first<T>(a: Option<T>, b: Option<T>, both: impl FnOnce(T, T) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => both(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn spans(direction: Direction, a: Option<TimeSpan>, b: Option<TimeSpan>) -> Ordering {
    present_first(a, b, |a, b| directed(direction, a.sort_key().cmp(&b.sort_key())))
}

fn points(direction: Direction, a: Option<TimePoint>, b: Option<TimePoint>) -> Ordering {
    present_first(a, b, |a, b| directed(direction, a.cmp(&b)))
}

/// Percent-encodes a value for a query string (everything but unreserved characters).
pub fn escape_parameter(value: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    text
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

    fn names(page: &HypertablePage) -> Vec<&str> {
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
