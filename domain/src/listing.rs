//! How lists are sorted, filtered and paged, and how that is written in an address.

use std::cmp::Ordering;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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

    /// Sorts, filters and cuts. A page beyond the last shows the last.
    pub fn apply<T: Listed<Column = C>>(&self, all: &[T]) -> ListPage<T> {
        let needle = self.filter.to_lowercase();
        let mut matching: Vec<&T> = all
            .iter()
            .filter(|item| needle.is_empty() || item.matches(&needle))
            .collect();
        matching.sort_by(|a, b| {
            T::compare(self.sort, self.direction, a, b)
                .then_with(|| T::compare(C::IDENTITY, Direction::Ascending, a, b))
        });
        let pages = matching.len().div_ceil(self.page_size).max(1);
        let page = self.page.min(pages);
        let first = (page - 1) * self.page_size;
        ListPage {
            query: self.on_page(page),
            total: all.len(),
            matching: matching.len(),
            pages,
            first_row: first,
            items: matching
                .into_iter()
                .skip(first)
                .take(self.page_size)
                .cloned()
                .collect(),
        }
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

/// What has no value comes last.
pub fn present_first<T>(a: Option<T>, b: Option<T>, both: impl FnOnce(T, T) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => both(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
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
