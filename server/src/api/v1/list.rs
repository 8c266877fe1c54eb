//! Lists: sorted, filtered by table, cut into pages that a cursor leads through.
//!
//! A cursor holds the sort and the last item it showed, not a number of items: between two pages a new snapshot may
//! have come, and a chunk that was dropped must not make the next page skip one.

use std::cmp::Ordering;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Ask;
use crate::problem::Problem;

/// Items on a page unless `limit` says otherwise.
const DEFAULT_LIMIT: usize = 100;
/// Most items on a page.
const MAX_LIMIT: usize = 1_000;

/// What every list takes.
pub(super) const PARAMETERS: [&str; 5] = ["db", "table", "sort", "limit", "cursor"];

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
    /// The last item's identity, which decides between equal keys.
    i: String,
}

/// A list as it is answered.
#[derive(Serialize)]
pub(super) struct List<T> {
    collected_at: Timestamp,
    items: Vec<T>,
    /// Items there are with this filter, on all pages.
    total: usize,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

/// Something that can be listed.
pub(super) trait Item {
    /// What `sort` may be.
    const SORTS: &'static [&'static str];
    /// What it is sorted by under one of them.
    fn key(&self, sort: &str) -> Key;
    /// What tells it from the others.
    fn identity(&self) -> String;
    /// Whether it belongs to this table, given as `name` or `schema.name`.
    fn belongs_to(&self, table: &str) -> bool;
}

/// Whether `schema.name` is what `table` says; without a schema, it means any.
pub(super) fn is_table(schema: &str, name: &str, table: &str) -> bool {
    table == name || table.strip_prefix(schema).and_then(|rest| rest.strip_prefix('.')) == Some(name)
}

/// One page of the list that the request asks for.
pub(super) fn page<T: Item>(ask: &Ask, items: Vec<T>, collected_at: Timestamp) -> Result<List<T>, Problem> {
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
    let sort = ask.parameter("sort").unwrap_or(T::SORTS[0]);
    let (column, descending) = match sort.strip_prefix('-') {
        Some(column) => (column, true),
        None => (sort, false),
    };
    if !T::SORTS.contains(&column) {
        return Err(Problem::parameter(
            "sort",
            format!(
                "{sort:?} is no sort; write one of {}, with a \"-\" before it for the largest first.",
                T::SORTS.join(", ")
            ),
        ));
    }
    let cursor = ask
        .parameter("cursor")
        .map(|text| read_cursor(text, sort))
        .transpose()?;

    let mut items = items;
    if let Some(table) = ask.parameter("table") {
        items.retain(|item| item.belongs_to(table));
    }
    let total = items.len();
    let mut keyed: Vec<(Key, String, T)> = items
        .into_iter()
        .map(|item| (item.key(column), item.identity(), item))
        .collect();
    let compare = |a: (&Key, &String), b: (&Key, &String)| -> Ordering {
        let by_key = a.0.cmp(b.0);
        if descending { by_key.reverse() } else { by_key }.then_with(|| a.1.cmp(b.1))
    };
    keyed.sort_by(|a, b| compare((&a.0, &a.1), (&b.0, &b.1)));
    if let Some(cursor) = &cursor {
        let start = keyed
            .partition_point(|item| compare((&item.0, &item.1), (&cursor.k, &cursor.i)) != Ordering::Greater);
        keyed.drain(..start);
    }
    let has_more = keyed.len() > limit;
    keyed.truncate(limit);
    let next = keyed.last().filter(|_| has_more).map(|(key, identity, _)| {
        let cursor = Cursor {
            s: sort.to_owned(),
            k: key.clone(),
            i: identity.clone(),
        };
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    });
    Ok(List {
        collected_at,
        items: keyed.into_iter().map(|(_, _, item)| item).collect(),
        total,
        next,
    })
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
