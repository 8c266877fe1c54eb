//! The list of chunks, of one hypertable or of all: 100,000 of them are sorted where they lie, and only a page is copied.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::chunk_status::ChunkStatus;
use crate::hypertable::{Chunk, CompressionTotals};
use crate::judgement::{ChunkDue, DueRules};
use crate::listing::{
    Candidate, Column, Direction, ListPage, ListQuery, Listed, by_point, contains, contains_qualified,
    directed, present_first,
};
use crate::quantity::saved_percent;
use crate::snapshot::{HypertableChunks, Snapshot};
use crate::table_name::TableName;

/// What the list of chunks shows.
pub type ChunkQuery = ListQuery<ChunkColumn>;

/// A column the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChunkColumn {
    /// The hypertable's schema and name.
    Table,
    /// Name of the chunk.
    Chunk,
    /// Where its range begins.
    From,
    /// Where its range ends.
    Until,
    /// Bytes on disk.
    Size,
    /// Bytes of the heap.
    Heap,
    /// Bytes of indexes.
    Indexes,
    /// Bytes of TOAST.
    Toast,
    /// Rows.
    Rows,
    /// Whether it is compressed, and how well.
    State,
    /// Bytes before it was compressed.
    Before,
    /// Bytes straight after.
    After,
    /// Share of bytes that compression saved.
    Saved,
    /// When it was created.
    Created,
}

impl Column for ChunkColumn {
    const ALL: &'static [Self] = &[
        Self::Table,
        Self::Chunk,
        Self::From,
        Self::Until,
        Self::State,
        Self::Size,
        Self::Rows,
        Self::Saved,
        Self::Before,
        Self::After,
        Self::Heap,
        Self::Indexes,
        Self::Toast,
        Self::Created,
    ];
    const DEFAULT: Self = Self::From;
    const IDENTITY: Self = Self::Chunk;

    fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Chunk => "chunk",
            Self::From => "from",
            Self::Until => "until",
            Self::Size => "size",
            Self::Heap => "heap",
            Self::Indexes => "indexes",
            Self::Toast => "toast",
            Self::Rows => "rows",
            Self::State => "state",
            Self::Before => "before",
            Self::After => "after",
            Self::Saved => "saved",
            Self::Created => "created",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Table => "Table",
            Self::Chunk => "Chunk",
            Self::From => "From",
            Self::Until => "Until",
            Self::Size => "Size",
            Self::Heap => "Heap",
            Self::Indexes => "Indexes",
            Self::Toast => "TOAST",
            Self::Rows => "Rows",
            Self::State => "State",
            Self::Before => "Before",
            Self::After => "Straight after",
            Self::Saved => "Saved",
            Self::Created => "Created",
        }
    }

    fn natural_direction(self) -> Direction {
        match self {
            Self::Table | Self::Chunk | Self::State => Direction::Ascending,
            _ => Direction::Descending,
        }
    }
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRow {
    /// The hypertable.
    pub table: TableName,
    /// The continuous aggregate whose results lie in that hypertable.
    pub materializes: Option<TableName>,
    /// The chunk.
    pub chunk: Chunk,
    /// What a policy has yet to do with it.
    pub due: Option<ChunkDue>,
}

impl ChunkRow {
    /// What people call the table: of a continuous aggregate, the name of its view.
    pub fn display_name(&self) -> String {
        self.materializes.as_ref().unwrap_or(&self.table).to_string()
    }
}

/// A chunk where it lies in a snapshot.
#[derive(Debug, Clone, Copy)]
pub struct ChunkPlace<'a> {
    of: &'a HypertableChunks,
    materializes: Option<&'a TableName>,
    rules: &'a DueRules,
    /// Place of the hypertable among all, by schema and name.
    pub table_index: usize,
    /// Place of the chunk in its hypertable.
    pub chunk_index: usize,
}

impl<'a> ChunkPlace<'a> {
    fn chunk(self) -> &'a Chunk {
        &self.of.chunks[self.chunk_index]
    }

    fn due(self) -> Option<ChunkDue> {
        self.rules.of_chunk(self.table_index, self.chunk())
    }
}

/// Every chunk of a snapshot, by hypertable. The rules are the snapshot's.
pub fn chunks<'a>(snapshot: &'a Snapshot, rules: &'a DueRules) -> impl Iterator<Item = ChunkPlace<'a>> {
    snapshot
        .chunks
        .iter()
        .enumerate()
        .flat_map(move |(table_index, of)| {
            let materializes = materializes(snapshot, table_index);
            (0..of.chunks.len()).map(move |chunk_index| ChunkPlace {
                of,
                materializes,
                rules,
                table_index,
                chunk_index,
            })
        })
}

/// The row of the chunk at this place of a snapshot, as [`ChunkPlace`] names it.
pub fn chunk_at(
    snapshot: &Snapshot,
    rules: &DueRules,
    table_index: usize,
    chunk_index: usize,
) -> Option<ChunkRow> {
    let of = snapshot.chunks.get(table_index)?;
    (chunk_index < of.chunks.len()).then(|| {
        ChunkPlace {
            of,
            materializes: materializes(snapshot, table_index),
            rules,
            table_index,
            chunk_index,
        }
        .row()
    })
}

/// Hypertables and their chunks lie in the same order.
fn materializes(snapshot: &Snapshot, table_index: usize) -> Option<&TableName> {
    snapshot
        .hypertables
        .get(table_index)
        .and_then(|table| table.materializes.as_ref())
}

/// One page of the chunks of a snapshot.
pub fn chunk_page(query: &ChunkQuery, snapshot: &Snapshot) -> ListPage<ChunkRow> {
    query.apply_to(chunks(snapshot, &DueRules::of(snapshot)))
}

/// The word for a chunk's state, as the list shows, sorts and filters it: the gravest of its bits.
pub fn state_word(status: ChunkStatus) -> &'static str {
    if status.is_frozen() {
        "frozen"
    } else if !status.is_compressed() {
        "uncompressed"
    } else if status.is_partial() {
        "partial"
    } else if status.is_unordered() {
        "unordered"
    } else {
        "compressed"
    }
}

/// Whether a filter's word means this state: `compressed` does not find what is `uncompressed`.
fn state_matches(status: ChunkStatus, needle: &str) -> bool {
    [
        (!status.is_compressed(), "uncompressed"),
        (status.is_compressed(), "compressed"),
        (status.is_partial(), "partial"),
        (status.is_unordered(), "unordered"),
        (status.is_frozen(), "frozen"),
    ]
    .into_iter()
    .any(|(is_set, word)| is_set && word.starts_with(needle))
}

/// Whether a filter's words are the beginning of what a policy has yet to do: `due`, `overdue: drop`.
fn due_matches(due: impl FnOnce() -> Option<ChunkDue>, needle: &str) -> bool {
    let asks = ChunkDue::ALL.iter().any(|due| due.as_str().starts_with(needle));
    asks && due().is_some_and(|due| due.as_str().starts_with(needle))
}

fn matches(
    table: (&str, &str),
    view: Option<&TableName>,
    chunk: &Chunk,
    due: impl FnOnce() -> Option<ChunkDue>,
    needle: &str,
) -> bool {
    contains(&chunk.name, needle)
        || state_matches(chunk.status, needle)
        || due_matches(due, needle)
        || match view {
            Some(view) => contains_qualified(&view.schema, &view.name, needle),
            None => contains_qualified(table.0, table.1, needle),
        }
}

/// By anything but the table.
fn compare(column: ChunkColumn, direction: Direction, a: &Chunk, b: &Chunk) -> Ordering {
    let saved = |c: CompressionTotals| saved_percent(c.before_bytes, c.after_bytes);
    match column {
        ChunkColumn::Table | ChunkColumn::Chunk => directed(direction, by_number(&a.name, &b.name)),
        ChunkColumn::From => by_point(direction, a.range.map(|r| r.start), b.range.map(|r| r.start)),
        ChunkColumn::Until => by_point(direction, a.range.map(|r| r.end), b.range.map(|r| r.end)),
        ChunkColumn::Size => directed(direction, a.size.total_bytes().cmp(&b.size.total_bytes())),
        ChunkColumn::Heap => directed(direction, a.size.heap_bytes.cmp(&b.size.heap_bytes)),
        ChunkColumn::Indexes => directed(direction, a.size.index_bytes.cmp(&b.size.index_bytes)),
        ChunkColumn::Toast => directed(direction, a.size.toast_bytes.cmp(&b.size.toast_bytes)),
        ChunkColumn::Rows => directed(direction, a.rows.cmp(&b.rows)),
        ChunkColumn::State => directed(direction, state_word(a.status).cmp(state_word(b.status))),
        ChunkColumn::Before => present_first(a.compression, b.compression, |a, b| {
            directed(direction, a.before_bytes.cmp(&b.before_bytes))
        }),
        ChunkColumn::After => present_first(a.compression, b.compression, |a, b| {
            directed(direction, a.after_bytes.cmp(&b.after_bytes))
        }),
        ChunkColumn::Saved => present_first(
            a.compression.and_then(saved),
            b.compression.and_then(saved),
            |a, b| directed(direction, a.total_cmp(&b)),
        ),
        ChunkColumn::Created => {
            present_first(a.created_at, b.created_at, |a, b| directed(direction, a.cmp(&b)))
        }
    }
}

/// Names as people count: `_hyper_1_9_chunk` before `_hyper_1_10_chunk`. Equal only where they are the same.
fn by_number(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        match (left, right) {
            ([l, ..], [r, ..]) if l.is_ascii_digit() && r.is_ascii_digit() => {
                let (l, left_rest) = number(left);
                let (r, right_rest) = number(right);
                // Without leading zeros, the longer number is the larger.
                match l.len().cmp(&r.len()).then_with(|| l.cmp(r)) {
                    Ordering::Equal => (left, right) = (left_rest, right_rest),
                    decided => return decided,
                }
            }
            ([l, left_rest @ ..], [r, right_rest @ ..]) if l == r => (left, right) = (left_rest, right_rest),
            // `01` and `1` count the same.
            ([], []) => return a.cmp(b),
            _ => return left.cmp(right),
        }
    }
}

/// The digits a text begins with, without leading zeros, and what follows.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let zeros = text.iter().take_while(|byte| **byte == b'0').count();
    let text = &text[zeros..];
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at(digits)
}

impl Candidate for ChunkPlace<'_> {
    type Row = ChunkRow;

    fn matches(self, needle: &str) -> bool {
        matches(
            (&self.of.schema, &self.of.table),
            self.materializes,
            self.chunk(),
            || self.due(),
            needle,
        )
    }

    fn compare(column: ChunkColumn, direction: Direction, a: Self, b: Self) -> Ordering {
        let by_table = || a.table_index.cmp(&b.table_index);
        match column {
            ChunkColumn::Table => directed(direction, by_table()),
            ChunkColumn::Chunk => directed(
                direction,
                compare(column, Direction::Ascending, a.chunk(), b.chunk()).then_with(by_table),
            ),
            _ => compare(column, direction, a.chunk(), b.chunk()),
        }
    }

    /// By table, and within it by the place on the time axis: two numbers, for many chunks are equal otherwise.
    fn compare_identity(a: Self, b: Self) -> Ordering {
        (a.table_index, a.chunk_index).cmp(&(b.table_index, b.chunk_index))
    }

    fn belongs_to(self, table: &TableName) -> bool {
        (self.of.table == table.name && self.of.schema == table.schema) || self.materializes == Some(table)
    }

    fn row(self) -> ChunkRow {
        ChunkRow {
            table: TableName::new(&self.of.schema, &self.of.table),
            materializes: self.materializes.cloned(),
            chunk: self.chunk().clone(),
            due: self.due(),
        }
    }
}

impl Listed for ChunkRow {
    type Column = ChunkColumn;

    fn matches(&self, needle: &str) -> bool {
        matches(
            (&self.table.schema, &self.table.name),
            self.materializes.as_ref(),
            &self.chunk,
            || self.due,
            needle,
        )
    }

    fn compare(column: ChunkColumn, direction: Direction, a: &Self, b: &Self) -> Ordering {
        let by_table = || a.table.cmp(&b.table);
        match column {
            ChunkColumn::Table => directed(direction, by_table()),
            ChunkColumn::Chunk => directed(
                direction,
                compare(column, Direction::Ascending, &a.chunk, &b.chunk).then_with(by_table),
            ),
            _ => compare(column, direction, &a.chunk, &b.chunk),
        }
    }

    fn belongs_to(&self, table: &TableName) -> bool {
        self.table == *table || self.materializes.as_ref() == Some(table)
    }
}

/// Chunks for tests of lists.
#[cfg(test)]
pub(crate) mod example {
    use std::sync::Arc;

    use crate::timestamp::Timestamp;

    use super::*;
    use crate::generated::Lcg;
    use crate::hypertable::{ChunkRange, Hypertable, TableSize, TimePoint};
    use crate::snapshot;

    /// Of a snapshot with this many chunks in five tables, the last of them the results of a continuous aggregate.
    pub(crate) fn snapshot_of(count: i64) -> Snapshot {
        let mut random = Lcg::new(11);
        let names = [
            ("Fabrik.1", "Größe \"x\""),
            ("a", "b.c"),
            ("public", "metric_hist"),
            ("public", "oee"),
            ("_timescaledb_internal", "_materialized_hypertable_5"),
        ];
        let mut tables: Vec<HypertableChunks> = names
            .iter()
            .map(|(schema, table)| HypertableChunks {
                schema: (*schema).to_owned(),
                table: (*table).to_owned(),
                chunks: Vec::new(),
            })
            .collect();
        tables.sort_by(|a, b| (&a.schema, &a.table).cmp(&(&b.schema, &b.table)));
        for number in 0..count {
            let table = usize::try_from(number % 5).expect("small");
            let status =
                ChunkStatus::from_bits([0, 1, 3, 9, 5][usize::try_from(random.below(5)).expect("small")]);
            let start = 3_600 * (number / 5);
            let moment = |second| TimePoint::Moment(Timestamp::from_second(second).expect("in range"));
            tables[table].chunks.push(Chunk {
                schema: "_timescaledb_internal".into(),
                name: format!("_hyper_{table}_{number}_chunk"),
                range: (random.below(9) > 0).then(|| ChunkRange {
                    start: moment(start),
                    end: moment(start + 3_600),
                }),
                size: TableSize {
                    heap_bytes: random.below(7).unsigned_abs() * 8192,
                    index_bytes: random.below(7).unsigned_abs() * 8192,
                    toast_bytes: 0,
                },
                rows: random.below(1000).unsigned_abs(),
                is_compressed: status.is_compressed(),
                compression: status.is_compressed().then(|| CompressionTotals {
                    before_bytes: 1 + random.below(100).unsigned_abs(),
                    after_bytes: random.below(10).unsigned_abs(),
                }),
                status,
                ..Chunk::default()
            });
        }
        let hypertables = tables
            .iter()
            .map(|of| Hypertable {
                schema: of.schema.clone(),
                name: of.table.clone(),
                chunks: of.chunks.len() as u64,
                materializes: of
                    .table
                    .starts_with("_materialized")
                    .then(|| TableName::new("public", "oee_daily")),
                ..Hypertable::default()
            })
            .collect();
        Snapshot {
            hypertables: Arc::new(hypertables),
            chunks: Arc::new(tables),
            ..snapshot::example::empty()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hypertable::{ChunkRange, TimePoint};
    use crate::timestamp::Timestamp;

    fn found(filter: &str, snapshot: &Snapshot) -> usize {
        let query = ChunkQuery {
            filter: filter.to_owned(),
            ..ChunkQuery::default()
        };
        chunk_page(&query, snapshot).matching
    }

    #[test]
    fn every_sort_shows_what_sorting_all_rows_would_show() {
        let snapshot = example::snapshot_of(400);
        let rules = DueRules::of(&snapshot);
        let all: Vec<ChunkRow> = chunks(&snapshot, &rules).map(Candidate::row).collect();
        for column in ChunkColumn::ALL {
            for direction in [Direction::Ascending, Direction::Descending] {
                let mut sorted = all.clone();
                // Those that are equal keep their place: by table and time.
                sorted.sort_by(|a, b| ChunkRow::compare(*column, direction, a, b));
                let mut shown = Vec::new();
                for page in 1..=4 {
                    let query = ChunkQuery {
                        sort: *column,
                        direction,
                        page,
                        page_size: 100,
                        ..ChunkQuery::default()
                    };
                    shown.extend(chunk_page(&query, &snapshot).items);
                }
                assert_eq!(shown, sorted, "{column:?} {direction:?}");
            }
        }
    }

    #[test]
    fn chunks_are_found_by_name_table_and_state() {
        let snapshot = example::snapshot_of(400);
        assert_eq!(found("_hyper_0_10_chunk", &snapshot), 1);
        assert_eq!(found("GRÖSSE", &snapshot), 0);
        assert_eq!(found("GRÖßE", &snapshot), 80);
        assert_eq!(found("oee_daily", &snapshot), 80);
        assert_eq!(found("public.metric", &snapshot), 80);
        let rules = DueRules::of(&snapshot);
        let with = |is: fn(ChunkStatus) -> bool| {
            chunks(&snapshot, &rules)
                .filter(|place| is(place.chunk().status))
                .count()
        };
        assert_eq!(found("compressed", &snapshot), with(ChunkStatus::is_compressed));
        assert_eq!(
            found("uncompressed", &snapshot),
            with(|status| !status.is_compressed())
        );
        assert_eq!(found("Partial", &snapshot), with(ChunkStatus::is_partial));
        assert_eq!(found("frozen", &snapshot), with(ChunkStatus::is_frozen));
    }

    #[test]
    fn what_policies_have_yet_to_do_is_found_and_stands_in_the_row() {
        let day = 86_400;
        let at = Timestamp::from_second(400 * day).expect("in range");
        let mut snapshot = example::snapshot_of(0);
        snapshot.sizes_collected_at = at;
        let oee = snapshot
            .chunks
            .iter()
            .position(|of| of.table == "oee")
            .expect("there");
        let mut tables = (*snapshot.chunks).clone();
        let moment = |second| TimePoint::Moment(Timestamp::from_second(second).expect("in range"));
        // The newest of them is due, and the next run has not come; the older ones have missed it.
        for age in [95, 93, 90, 20] {
            tables[oee].chunks.push(Chunk {
                name: format!("c{age}"),
                range: Some(ChunkRange {
                    start: moment((399 - age) * day),
                    end: moment((400 - age) * day),
                }),
                ..Chunk::default()
            });
        }
        snapshot.chunks = std::sync::Arc::new(tables);
        let policy = crate::job_list::example::retention(1, "oee");
        snapshot.jobs = vec![crate::job::Job {
            threshold: Some(crate::job::PolicyThreshold {
                after: crate::hypertable::TimeSpan::Interval("90 days".parse().expect("an interval")),
                from_creation: false,
            }),
            schedule_interval: "1 day".parse().expect("an interval"),
            statistics: Some(crate::job::JobStatistics {
                last_start: Some(at),
                ..crate::job::JobStatistics::default()
            }),
            ..policy
        }];
        assert_eq!((found("due", &snapshot), found("overdue", &snapshot)), (1, 2));
        assert_eq!(
            (
                found("Overdue: drop", &snapshot),
                found("due: compress", &snapshot)
            ),
            (2, 0)
        );
        let rows = chunk_page(&ChunkQuery::default(), &snapshot).items;
        let dues: Vec<_> = rows
            .iter()
            .map(|row| (row.chunk.name.as_str(), row.due))
            .collect();
        assert_eq!(
            dues,
            [
                ("c20", None),
                ("c90", Some(ChunkDue::Drop)),
                ("c93", Some(ChunkDue::DropOverdue)),
                ("c95", Some(ChunkDue::DropOverdue)),
            ]
        );
    }

    #[test]
    fn one_table_is_chosen_exactly_and_the_filter_looks_within_it() {
        let snapshot = example::snapshot_of(400);
        for (table, total) in [
            (TableName::new("public", "oee"), 80),
            (TableName::new("a", "b.c"), 80),
            (TableName::new("a.b", "c"), 0),
            (TableName::new("public", "oee_daily"), 80),
            (TableName::new("public", "oee_"), 0),
        ] {
            let query = ChunkQuery {
                table: Some(table.clone()),
                filter: "_chunk".into(),
                ..ChunkQuery::default()
            };
            let page = chunk_page(&query, &snapshot);
            assert_eq!((page.total, page.matching), (total, total), "{table}");
        }
    }

    #[test]
    fn names_are_sorted_as_people_count() {
        let mut names = ["c_10_x", "c_9_x", "c_9", "c_09_x", "d", "c_100_x"];
        names.sort_by(|a, b| by_number(a, b));
        assert_eq!(names, ["c_9", "c_09_x", "c_9_x", "c_10_x", "c_100_x", "d"]);
    }

    #[test]
    fn a_place_leads_to_its_row() {
        let snapshot = example::snapshot_of(20);
        let rules = DueRules::of(&snapshot);
        for place in chunks(&snapshot, &rules) {
            assert_eq!(
                chunk_at(&snapshot, &rules, place.table_index, place.chunk_index),
                Some(place.row())
            );
        }
        assert_eq!(chunk_at(&snapshot, &rules, 0, 99), None);
        assert_eq!(chunk_at(&snapshot, &rules, 99, 0), None);
    }
}
