//! How lists are sorted, filtered and paged, and how that is written in an address.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::hypertable::{TimePoint, TimeSpan};
use crate::table_name::TableName;

/// What a list can be sorted by.
pub trait Column: Copy + PartialEq + Debug + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Every column, in the order of the list.
    const ALL: &'static [Self];
    /// Sorted by this unless the address says otherwise.
    const DEFAULT: Self;
    /// Decides between rows that are equal otherwise.
    const IDENTITY: Self;

    /// As it stands in addresses.
    fn as_str(self) -> &'static str;
    /// As it stands above the column.
    fn label(self) -> &'static str;
    /// The direction a first click sorts in: names from A, figures from the largest.
    fn natural_direction(self) -> Direction;
}

/// Something that stands in a list.
pub trait Listed: Clone + Send + Sync + 'static {
    /// What it can be sorted by.
    type Column: Column;

    /// Whether it contains this, which is in lower case.
    fn matches(&self, needle: &str) -> bool;
    /// Compares by one column. What has no value comes last in either direction.
    fn compare(column: Self::Column, direction: Direction, a: &Self, b: &Self) -> Ordering;

    /// Whether it belongs to this table. A list that has nothing to do with tables leaves nothing out.
    fn belongs_to(&self, table: &TableName) -> bool {
        let _ = table;
        true
    }
}

/// What a row of a list is made from, borrowed from where it lies: only the rows of one page are copied.
pub trait Candidate: Copy {
    /// The row.
    type Row: Listed;

    /// As [`Listed::matches`].
    fn matches(self, needle: &str) -> bool;
    /// As [`Listed::compare`].
    fn compare(column: <Self::Row as Listed>::Column, direction: Direction, a: Self, b: Self) -> Ordering;
    /// Decides between those that are equal otherwise. No two are equal here, so that a row stands on one page only.
    fn compare_identity(a: Self, b: Self) -> Ordering {
        Self::compare(
            <Self::Row as Listed>::Column::IDENTITY,
            Direction::Ascending,
            a,
            b,
        )
    }
    /// As [`Listed::belongs_to`].
    fn belongs_to(self, table: &TableName) -> bool;
    /// The row it makes.
    fn row(self) -> Self::Row;
}

impl<T: Listed> Candidate for &T {
    type Row = T;

    fn matches(self, needle: &str) -> bool {
        T::matches(self, needle)
    }

    fn compare(column: T::Column, direction: Direction, a: Self, b: Self) -> Ordering {
        T::compare(column, direction, a, b)
    }

    fn belongs_to(self, table: &TableName) -> bool {
        T::belongs_to(self, table)
    }

    fn row(self) -> T {
        self.clone()
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

/// What a list shows: everything that stands in the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListQuery<C> {
    /// Only what contains this, regardless of case; empty for all.
    pub filter: String,
    /// Only what belongs to exactly this table; `None` for all.
    #[serde(default)]
    pub table: Option<TableName>,
    /// Sorted by this column.
    pub sort: C,
    /// In this direction.
    pub direction: Direction,
    /// Page, from 1.
    pub page: usize,
    /// Rows on a page.
    pub page_size: usize,
}

impl<C: Column> Default for ListQuery<C> {
    fn default() -> Self {
        Self {
            filter: String::new(),
            table: None,
            sort: C::DEFAULT,
            direction: C::DEFAULT.natural_direction(),
            page: 1,
            page_size: DEFAULT_PAGE_SIZE,
        }
    }
}

impl<C: Column> ListQuery<C> {
    /// Reads an address's parameters. What is unknown or out of range falls back to the default: an address
    /// that somebody shortened or that an older version wrote still shows the list.
    pub fn from_parameters(get: impl Fn(&str) -> Option<String>) -> Self {
        let default = Self::default();
        let sort = get("sort")
            .and_then(|text| C::ALL.iter().copied().find(|c| c.as_str() == text))
            .unwrap_or(default.sort);
        let direction = match get("dir").as_deref() {
            Some("asc") => Direction::Ascending,
            Some("desc") => Direction::Descending,
            _ => sort.natural_direction(),
        };
        Self {
            filter: get("q").unwrap_or_default().trim().chars().take(200).collect(),
            table: get("table").and_then(|text| TableName::from_qualified(&text)),
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

    /// The query with its bounds checked again: one that came over the wire went through no address.
    #[must_use]
    pub fn checked(&self) -> Self {
        let parameters = self.parameters();
        Self::from_parameters(|name| {
            parameters
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.clone())
        })
    }

    /// The parameters that differ from the default, for an address; the values are not yet escaped.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let default = Self::default();
        let mut parameters = Vec::new();
        if !self.filter.is_empty() {
            parameters.push(("q", self.filter.clone()));
        }
        if let Some(table) = &self.table {
            parameters.push(("table", table.qualified()));
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
        query_string(&self.parameters())
    }

    /// The same list sorted by a column: a second choice of the same column turns it round. From page 1.
    #[must_use]
    pub fn sorted_by(&self, column: C) -> Self {
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

    /// The same list without pages: what an export of it asks for.
    #[must_use]
    pub fn unpaged(&self) -> Self {
        Self {
            page: 1,
            page_size: DEFAULT_PAGE_SIZE,
            ..self.clone()
        }
    }

    /// Sorts, filters and cuts. A page beyond the last shows the last.
    pub fn apply<T: Listed<Column = C>>(&self, all: &[T]) -> ListPage<T> {
        self.apply_to(all)
    }

    /// The same for what only becomes rows where it is shown. Sorts no more than the page.
    pub fn apply_to<S: Candidate<Row: Listed<Column = C>>>(
        &self,
        all: impl IntoIterator<Item = S>,
    ) -> ListPage<S::Row> {
        let (total, mut matching) = self.matching(all);
        let count = matching.len();
        let pages = count.div_ceil(self.page_size).max(1);
        let page = self.page.min(pages);
        let first = (page - 1) * self.page_size;
        let order = |a: &S, b: &S| self.order(*a, *b);
        // Whatever belongs before the page moves before it, and what belongs behind it behind it.
        if first > 0 && first < count {
            matching.select_nth_unstable_by(first, order);
        }
        let shown = &mut matching[first..];
        if self.page_size < shown.len() {
            shown.select_nth_unstable_by(self.page_size, order);
        }
        let shown = &mut shown[..self.page_size.min(count - first)];
        shown.sort_unstable_by(order);
        ListPage {
            query: self.on_page(page),
            total,
            matching: count,
            pages,
            first_row: first,
            items: shown.iter().map(|candidate| candidate.row()).collect(),
        }
    }

    /// Everything the list shows on all of its pages, in order.
    pub fn in_order<S: Candidate<Row: Listed<Column = C>>>(
        &self,
        all: impl IntoIterator<Item = S>,
    ) -> Vec<S> {
        let (_, mut matching) = self.matching(all);
        matching.sort_unstable_by(|a, b| self.order(*a, *b));
        matching
    }

    /// How many belong to the table that was asked for, and those of them the filter admits.
    fn matching<S: Candidate<Row: Listed<Column = C>>>(
        &self,
        all: impl IntoIterator<Item = S>,
    ) -> (usize, Vec<S>) {
        let needle = self.filter.to_lowercase();
        let mut total = 0;
        let matching = all
            .into_iter()
            .filter(|candidate| {
                self.table
                    .as_ref()
                    .is_none_or(|table| candidate.belongs_to(table))
            })
            .inspect(|_| total += 1)
            .filter(|candidate| needle.is_empty() || candidate.matches(&needle))
            .collect();
        (total, matching)
    }

    fn order<S: Candidate<Row: Listed<Column = C>>>(&self, a: S, b: S) -> Ordering {
        S::compare(self.sort, self.direction, a, b).then_with(|| S::compare_identity(a, b))
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: serde::de::DeserializeOwned"))]
pub struct ListPage<T: Listed> {
    /// The query, with the page that is really shown.
    pub query: ListQuery<T::Column>,
    /// Items there are.
    pub total: usize,
    /// Items the filter admits.
    pub matching: usize,
    /// Pages there are, at least 1.
    pub pages: usize,
    /// Index of the first row shown, from 0.
    pub first_row: usize,
    /// The rows.
    pub items: Vec<T>,
}

/// In this direction.
pub fn directed(direction: Direction, ordering: Ordering) -> Ordering {
    match direction {
        Direction::Ascending => ordering,
        Direction::Descending => ordering.reverse(),
    }
}

/// Whether a text contains this, which is in lower case, regardless of case.
pub fn contains(text: &str, needle: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(needle);
    }
    let Some(first) = needle.bytes().next() else {
        return true;
    };
    // Without an allocation for each of many texts.
    text.len() >= needle.len()
        && text.as_bytes().windows(needle.len()).any(|window| {
            window[0].to_ascii_lowercase() == first && window.eq_ignore_ascii_case(needle.as_bytes())
        })
}

/// Whether `schema.name` contains this, which is in lower case, regardless of case.
pub fn contains_qualified(schema: &str, name: &str, needle: &str) -> bool {
    contains(name, needle)
        || contains(schema, needle)
        || needle.match_indices('.').any(|(dot, _)| {
            lower(schema).ends_with(&needle[..dot]) && lower(name).starts_with(&needle[dot + 1..])
        })
}

/// In lower case; most names are already.
fn lower(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// What has no value comes last.
pub fn present_first<T>(a: Option<T>, b: Option<T>, both: impl FnOnce(T, T) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => both(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// Lengths on a time axis, none last.
pub fn by_span(direction: Direction, a: Option<TimeSpan>, b: Option<TimeSpan>) -> Ordering {
    present_first(a, b, |a, b| directed(direction, a.sort_key().cmp(&b.sort_key())))
}

/// Places on a time axis, none last.
pub fn by_point(direction: Direction, a: Option<TimePoint>, b: Option<TimePoint>) -> Ordering {
    present_first(a, b, |a, b| directed(direction, a.cmp(&b)))
}

/// Parameters as a query string with its `?`, escaped; empty where there are none.
pub fn query_string(parameters: &[(&'static str, String)]) -> String {
    let mut text = String::new();
    for (name, value) in parameters {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        text.push_str(&escape_parameter(value));
    }
    text
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
    use crate::generated::Lcg;

    #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
    enum Key {
        Number,
        Value,
    }

    impl Column for Key {
        const ALL: &'static [Self] = &[Self::Number, Self::Value];
        const DEFAULT: Self = Self::Value;
        const IDENTITY: Self = Self::Number;

        fn as_str(self) -> &'static str {
            match self {
                Self::Number => "number",
                Self::Value => "value",
            }
        }

        fn label(self) -> &'static str {
            self.as_str()
        }

        fn natural_direction(self) -> Direction {
            Direction::Descending
        }
    }

    #[derive(Debug, Clone, PartialEq)]
    struct Row {
        number: usize,
        value: Option<i64>,
    }

    impl Listed for Row {
        type Column = Key;

        fn matches(&self, needle: &str) -> bool {
            self.number.to_string().contains(needle)
        }

        fn compare(column: Key, direction: Direction, a: &Self, b: &Self) -> Ordering {
            match column {
                Key::Number => directed(direction, a.number.cmp(&b.number)),
                Key::Value => present_first(a.value, b.value, |a, b| directed(direction, a.cmp(&b))),
            }
        }
    }

    #[test]
    fn a_page_is_what_sorting_everything_would_show_there() {
        let mut random = Lcg::new(7);
        for count in [0, 1, 9, 10, 11, 137, 1000] {
            let rows: Vec<Row> = (0..count)
                .map(|number| Row {
                    number,
                    // Many are equal, and some have none.
                    value: Some(random.below(20)).filter(|value| *value > 2),
                })
                .collect();
            for direction in [Direction::Ascending, Direction::Descending] {
                for filter in ["", "7", "none"] {
                    let mut sorted: Vec<&Row> =
                        rows.iter().filter(|row| Listed::matches(*row, filter)).collect();
                    sorted.sort_by(|a, b| {
                        Row::compare(Key::Value, direction, a, b).then(a.number.cmp(&b.number))
                    });
                    let pages = sorted.len().div_ceil(10).max(1);
                    for page in 1..=pages {
                        let query = ListQuery {
                            filter: filter.to_owned(),
                            direction,
                            page,
                            page_size: 10,
                            ..ListQuery::default()
                        };
                        let shown = query.apply(&rows);
                        let expected: Vec<Row> = sorted
                            .iter()
                            .skip((page - 1) * 10)
                            .take(10)
                            .map(|row| (*row).clone())
                            .collect();
                        assert_eq!(shown.items, expected, "{count} {direction:?} {filter:?} {page}");
                        assert_eq!((shown.matching, shown.pages), (sorted.len(), pages));
                        assert!(query.in_order(&rows).into_iter().eq(sorted.iter().copied()));
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_text_contains_does_not_depend_on_case() {
        for (text, needle, found) in [
            ("Metric_Hist", "ric_h", true),
            ("metric", "metrics", false),
            ("metric", "", true),
            ("", "m", false),
            ("ÄRGER", "ärg", true),
            ("plain", "ä", false),
        ] {
            assert_eq!(contains(text, needle), found, "{text} {needle}");
        }
    }

    #[test]
    fn a_qualified_name_contains_what_spans_its_dot() {
        for (needle, found) in [
            ("public.m", true),
            ("lic.metric_h", true),
            (".metric", true),
            ("public.", true),
            ("metric", true),
            ("publ", true),
            ("public.etric", false),
            ("a.b", false),
            (".", true),
        ] {
            assert_eq!(
                contains_qualified("Public", "Metric_Hist", needle),
                found,
                "{needle}"
            );
        }
        assert!(contains_qualified("a.b", "c", "a.b.c"));
        assert!(contains_qualified("Größe", "X", "röße.x"));
    }

    #[test]
    fn a_table_in_the_address_reads_back_whatever_its_name() {
        for table in [
            TableName::new("public", "metric_hist"),
            TableName::new("a.b", "c"),
            TableName::new("a", "b.c"),
            TableName::new("a\"b", "\"."),
            TableName::new("Schéma", "100% of / ? #"),
        ] {
            let query = ListQuery::<Key> {
                table: Some(table.clone()),
                ..ListQuery::default()
            };
            assert_eq!(query.checked().table, Some(table), "{}", query.query_string());
        }
    }
}
