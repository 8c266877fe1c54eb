//! Lists: sorted, filtered by table, cut into pages that a cursor leads through.
//!
//! A cursor holds the sort and the last item it showed, not a number of items: between two pages a new snapshot may
//! have come, and a chunk that was dropped must not make the next page skip one.

use std::cmp::Ordering;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::snapshot::Snapshot;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Ask;
use crate::problem::Problem;

/// Items on a page unless `limit` says otherwise.
const DEFAULT_LIMIT: usize = 100;
/// Most items on a page.
const MAX_LIMIT: usize = 1_000;

/// What every list takes.
pub(super) const PARAMETERS: [&str; 5] = ["db", "table", "sort", "limit", "cursor"];

/// What every list takes beside the database.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Wanted reads")]
pub(super) struct ListParameters {
    /// Only what belongs to this table: `name` or `schema.name`, of a hypertable or a continuous aggregate.
    table: Option<String>,
    /// Items on a page, 100 unless it is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What an item is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Key {
    Number(i64),
    Text(String),
}

impl From<u64> for Key {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    /// The sort it belongs to.
    s: String,
    /// The last item's key.
    k: Key,
    /// The last item's schema and name, which decide between equal keys.
    i: (String, String),
}

/// A list as it is answered.
#[derive(Serialize, ToSchema)]
pub(super) struct List<T> {
    /// When what is listed was read.
    collected_at: Timestamp,
    items: Vec<T>,
    /// Items there are with this filter, on all pages.
    total: usize,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

/// A list: where its items are in a snapshot, and what they are.
pub(super) trait Listing {
    /// One of them.
    type Candidate<'a>: Candidate<'a>;
    /// Where they all are, in no order.
    fn places(snapshot: &Snapshot) -> impl Iterator<Item = Place>;
    /// What is there.
    fn at(snapshot: &Snapshot, place: Place) -> Self::Candidate<'_>;
}

/// Where an item is in a snapshot: the table's number, and the chunk's in it. Numbers, so that the order of 100,000 is
/// little to keep.
pub(super) type Place = (u32, u32);

/// Something that can be listed.
pub(super) trait Candidate<'a>: Copy {
    /// What is answered of it.
    type Item: Serialize;
    /// What `sort` may be.
    const SORTS: &'static [&'static str];
    /// What it is sorted by under one of them.
    fn key(self, sort: &str) -> Key;
    /// What tells it from the others: its schema and name.
    fn identity(self) -> (&'a str, &'a str);
    /// Whether it belongs to this table, given as `name` or `schema.name`.
    fn belongs_to(self, table: &str) -> bool;
    /// What is answered of it.
    fn item(self) -> Self::Item;
}

/// `schema.name`.
pub(super) fn joined((schema, name): (&str, &str)) -> String {
    format!("{schema}.{name}")
}

/// Whether `schema.name` is what `table` says; without a schema, it means any.
pub(super) fn is_table(schema: &str, name: &str, table: &str) -> bool {
    table == name || table.strip_prefix(schema).and_then(|rest| rest.strip_prefix('.')) == Some(name)
}

/// Which page of a list the request asks for.
pub(super) struct Wanted<'a> {
    table: Option<&'a str>,
    sort: &'a str,
    column: &'a str,
    descending: bool,
    limit: usize,
    after: Option<Cursor>,
}

impl<'a> Wanted<'a> {
    /// What the parameters say; `sorts` is what the list can be sorted by.
    pub(super) fn by(ask: &'a Ask, sorts: &[&'static str]) -> Result<Self, Problem> {
        let limit = match ask.parameter("limit") {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| {
                    Problem::parameter(
                        "limit",
                        format!("{text:?} is no limit; write a number from 1 to {MAX_LIMIT}."),
                    )
                })?,
        };
        let sort = ask.parameter("sort").unwrap_or(sorts[0]);
        let (column, descending) = match sort.strip_prefix('-') {
            Some(column) => (column, true),
            None => (sort, false),
        };
        if !sorts.contains(&column) {
            return Err(Problem::parameter(
                "sort",
                format!(
                    "{sort:?} is no sort; write one of {}, with a \"-\" before it for the largest first.",
                    sorts.join(", ")
                ),
            ));
        }
        Ok(Self {
            table: ask.parameter("table"),
            sort,
            column,
            descending,
            limit,
            after: ask
                .parameter("cursor")
                .map(|text| read_cursor(text, sort))
                .transpose()?,
        })
    }

    /// Whether it is where a list begins.
    pub(super) fn is_first_page(&self) -> bool {
        self.after.is_none()
    }

    /// What the order of the whole list depends on.
    pub(super) fn order_name(&self) -> String {
        format!("{:?} by {} {}", self.table, self.column, self.descending)
    }

    fn directed(&self, by_key: Ordering) -> Ordering {
        if self.descending { by_key.reverse() } else { by_key }
    }

    /// The whole list in its order.
    pub(super) fn order<L: Listing>(&self, snapshot: &Snapshot) -> Vec<Place> {
        let mut keyed: Vec<_> = L::places(snapshot)
            .map(|place| (place, L::at(snapshot, place)))
            .filter(|(_, candidate)| self.table.is_none_or(|table| candidate.belongs_to(table)))
            .map(|(place, candidate)| (candidate.key(self.column), candidate, place))
            .collect();
        keyed.sort_unstable_by(|a, b| {
            self.directed(a.0.cmp(&b.0))
                .then_with(|| a.1.identity().cmp(&b.1.identity()))
        });
        keyed.into_iter().map(|(_, _, place)| place).collect()
    }

    /// The page of it.
    pub(super) fn page<'s, L: Listing>(
        &self,
        snapshot: &'s Snapshot,
        order: &[Place],
    ) -> List<<L::Candidate<'s> as Candidate<'s>>::Item> {
        let start = self.after.as_ref().map_or(0, |cursor| {
            order.partition_point(|place| {
                let candidate = L::at(snapshot, *place);
                self.directed(candidate.key(self.column).cmp(&cursor.k))
                    .then_with(|| candidate.identity().cmp(&(&cursor.i.0, &cursor.i.1)))
                    != Ordering::Greater
            })
        });
        let end = order.len().min(start + self.limit);
        let shown = order.get(start..end).unwrap_or_default();
        let next = shown.last().filter(|_| end < order.len()).map(|place| {
            let last = L::at(snapshot, *place);
            let (schema, name) = last.identity();
            let cursor = Cursor {
                s: self.sort.to_owned(),
                k: last.key(self.column),
                i: (schema.to_owned(), name.to_owned()),
            };
            BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
        });
        List {
            collected_at: snapshot.sizes_collected_at,
            items: shown.iter().map(|place| L::at(snapshot, *place).item()).collect(),
            total: order.len(),
            next,
        }
    }
}

fn read_cursor(text: &str, sort: &str) -> Result<Cursor, Problem> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Cursor>(&bytes).ok())
        .filter(|cursor| cursor.s == sort)
        .ok_or_else(|| {
            Problem::parameter(
                "cursor",
                "This is no cursor of this list; take \"next\" of the page before, with the same sort.",
            )
        })
}
