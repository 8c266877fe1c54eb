//! Every chunk of a hypertable on its time axis, gathered into as many bins as a screen can show.

use serde::{Deserialize, Serialize};

use crate::hypertable::{Chunk, TimePoint, TimeSpan};
use crate::time_axis::{TimeAxis, Window};

/// What compression made of a chunk, or, where a plan is shown, what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChunkState {
    /// Rows only.
    Uncompressed,
    /// Compressed, with rows that came later beside it.
    Partial,
    /// Compressed wholly.
    Compressed,
    /// Neither written, compressed nor dropped by policies.
    Frozen,
    /// Compressed when a planned policy runs first.
    CompressedFirst,
    /// Compressed by a planned policy within its horizon.
    CompressedLater,
    /// Dropped when a planned policy runs first.
    DroppedFirst,
    /// Dropped by a planned policy within its horizon.
    DroppedLater,
}

/// How many states there are.
const STATES: usize = 8;

impl ChunkState {
    /// Every state, in the order they are drawn and named.
    pub const EACH: [Self; STATES] = [
        Self::Uncompressed,
        Self::Partial,
        Self::Compressed,
        Self::Frozen,
        Self::CompressedFirst,
        Self::CompressedLater,
        Self::DroppedFirst,
        Self::DroppedLater,
    ];

    /// From a chunk's status. Rows that came out of order make a compressed chunk partly compressed, too.
    pub fn of(chunk: &Chunk) -> Self {
        let status = chunk.status;
        if status.is_frozen() {
            Self::Frozen
        } else if status.wants_recompression() {
            Self::Partial
        } else if chunk.is_compressed || status.is_compressed() {
            Self::Compressed
        } else {
            Self::Uncompressed
        }
    }

    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uncompressed => "uncompressed",
            Self::Partial => "partly compressed",
            Self::Compressed => "compressed",
            Self::Frozen => "frozen",
            Self::CompressedFirst => "compressed at the first run",
            Self::CompressedLater => "compressed within 90 days",
            Self::DroppedFirst => "dropped at the first run",
            Self::DroppedLater => "dropped within 90 days",
        }
    }
}

/// Chunks and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// How many.
    pub chunks: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

impl Tally {
    fn add(&mut self, bytes: u64) {
        self.chunks += 1;
        self.bytes += bytes;
    }
}

/// The schema and name of a chunk's own table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkName {
    /// Schema.
    pub schema: String,
    /// Table.
    pub name: String,
}

/// Neighbouring chunks, or a single one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// The part of the axis its chunks cover, in ticks.
    pub range: Window,
    /// Its chunks by state, in the order of [`ChunkState::EACH`].
    pub states: [Tally; STATES],
    /// Chunks a policy should have compressed or dropped by now.
    pub overdue: u64,
    /// Which chunk it is, once the map shows single chunks.
    pub chunk: Option<ChunkName>,
    /// Chunks that share one range (of a table partitioned by space too) stand side by side: which of them this is,
    /// from 0, and how many there are. (0, 1) for bins.
    pub lane: (u32, u32),
}

impl Bin {
    fn new(range: Window) -> Self {
        Self {
            range,
            states: [Tally::default(); STATES],
            overdue: 0,
            chunk: None,
            lane: (0, 1),
        }
    }

    /// Chunks and bytes of one state.
    pub fn tally(&self, state: ChunkState) -> Tally {
        self.states[state as usize]
    }

    /// Chunks and bytes of all states.
    pub fn total(&self) -> Tally {
        self.states.iter().fold(Tally::default(), |sum, tally| Tally {
            chunks: sum.chunks + tally.chunks,
            bytes: sum.bytes + tally.bytes,
        })
    }

    fn add(&mut self, cell: &Cell<'_>) {
        self.range.start = self.range.start.min(cell.range.start);
        self.range.end = self.range.end.max(cell.range.end);
        self.states[cell.state as usize].add(cell.bytes);
        self.overdue += u64::from(cell.is_overdue);
    }
}

/// What a policy's horizon does to the chunks behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HorizonKind {
    /// Older chunks are dropped.
    Drop,
    /// Older chunks are compressed.
    Compress,
    /// A continuous aggregate is refreshed from here on.
    RefreshStart,
    /// A continuous aggregate is refreshed up to here.
    RefreshEnd,
}

impl HorizonKind {
    /// As it stands beside the line, before the span.
    pub fn label(self) -> &'static str {
        match self {
            Self::Drop => "drop after",
            Self::Compress => "compress after",
            Self::RefreshStart => "refresh from",
            Self::RefreshEnd => "refresh to",
        }
    }
}

/// A policy's place on the time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Horizon {
    /// Whose it is.
    pub kind: HorizonKind,
    /// How long before now.
    pub span: TimeSpan,
    /// Where, in ticks.
    pub at: i64,
}

/// The policies of a hypertable, as far as they have a place on its time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policies {
    /// Age at which chunks are compressed.
    pub compress_after: Option<TimeSpan>,
    /// Age at which chunks are dropped.
    pub drop_after: Option<TimeSpan>,
    /// Start offset of a refresh policy; `None` also where it begins with the oldest row.
    pub refresh_start: Option<TimeSpan>,
    /// End offset of a refresh policy; `None` also where it ends with the newest row.
    pub refresh_end: Option<TimeSpan>,
}

/// The time axis of a hypertable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeline {
    /// What its ticks are.
    pub axis: TimeAxis,
    /// Now, in ticks; `None` where nobody knows what now is on integer time.
    pub now: Option<i64>,
}

impl Timeline {
    /// With a known now, which decides the axis.
    pub fn at(now: TimePoint) -> Self {
        Self {
            axis: TimeAxis::of(now),
            now: Some(TimeAxis::ticks(now)),
        }
    }

    /// Of integer time without a known now.
    pub fn without_now() -> Self {
        Self {
            axis: TimeAxis::Numbers,
            now: None,
        }
    }
}

impl Policies {
    fn horizons(&self, axis: TimeAxis, now: i64) -> Vec<Horizon> {
        [
            (HorizonKind::Drop, self.drop_after),
            (HorizonKind::RefreshStart, self.refresh_start),
            (HorizonKind::Compress, self.compress_after),
            (HorizonKind::RefreshEnd, self.refresh_end),
        ]
        .into_iter()
        .filter_map(|(kind, span)| {
            let span = span?;
            let at = axis.before(now, span)?;
            Some(Horizon { kind, span, at })
        })
        .collect()
    }
}

/// Every chunk of a hypertable on its time axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkMap {
    /// What the ticks are.
    pub axis: TimeAxis,
    /// The part of the axis that is shown.
    pub window: Window,
    /// Now, in ticks; `None` where it is not known.
    pub now: Option<i64>,
    /// Bins that hold a chunk, oldest first.
    pub bins: Vec<Bin>,
    /// Whether each bin is one chunk and says which.
    pub shows_chunks: bool,
    /// Policies, wherever on the axis they lie, oldest first among equals of one kind. None without a now.
    pub horizons: Vec<Horizon>,
    /// Chunks outside the window, or without a place on the axis.
    pub elsewhere: Tally,
}

/// What a map needs of a chunk.
struct Cell<'a> {
    chunk: &'a Chunk,
    range: Window,
    bytes: u64,
    state: ChunkState,
    is_overdue: bool,
}

impl ChunkMap {
    /// Gathers chunks, in any order, into `columns` bins at most: what the screen can show. Where the window holds
    /// no more chunks than columns, each stands for itself with its name. A chunk's state may go by its place. Which chunks are overdue the judgement says;
    /// `window` is everything when `None`. One pass over the chunks and one to find how long they usually are.
    pub fn gather(
        chunks: &[Chunk],
        state: impl Fn(usize, &Chunk) -> ChunkState,
        is_overdue: impl Fn(&Chunk) -> bool,
        timeline: Timeline,
        policies: &Policies,
        window: Option<Window>,
        columns: u32,
    ) -> Self {
        let Timeline { axis, now } = timeline;
        let horizons = now.map_or_else(Vec::new, |now| policies.horizons(axis, now));
        let window = window.unwrap_or_else(|| everything(axis, chunks, now));
        let mut elsewhere = Tally::default();
        let mut cells = Vec::with_capacity(chunks.len());
        for (place, chunk) in chunks.iter().enumerate() {
            let bytes = chunk.size.total_bytes();
            let range = range_of(axis, chunk).filter(|r| r.start < window.end && r.end > window.start);
            let Some(range) = range else {
                elsewhere.add(bytes);
                continue;
            };
            cells.push(Cell {
                chunk,
                range,
                bytes,
                state: state(place, chunk),
                is_overdue: is_overdue(chunk),
            });
        }
        let columns = columns.max(1);
        let shows_chunks = cells.len() <= columns as usize;
        let bins = if shows_chunks {
            singles(cells)
        } else {
            binned(&cells, columns)
        };
        Self {
            axis,
            window,
            now,
            bins,
            shows_chunks,
            horizons,
            elsewhere,
        }
    }

    /// Chunks and bytes in the window.
    pub fn total(&self) -> Tally {
        self.bins
            .iter()
            .map(Bin::total)
            .fold(Tally::default(), |sum, tally| Tally {
                chunks: sum.chunks + tally.chunks,
                bytes: sum.bytes + tally.bytes,
            })
    }

    /// Chunks and bytes of one state in the window.
    pub fn tally(&self, state: ChunkState) -> Tally {
        self.bins
            .iter()
            .map(|bin| bin.tally(state))
            .fold(Tally::default(), |sum, tally| Tally {
                chunks: sum.chunks + tally.chunks,
                bytes: sum.bytes + tally.bytes,
            })
    }

    /// Chunks in the window that a policy should have compressed or dropped by now.
    pub fn overdue(&self) -> u64 {
        self.bins.iter().map(|bin| bin.overdue).sum()
    }
}

/// A chunk's range, where it lies on this axis and is open at neither end.
fn range_of(axis: TimeAxis, chunk: &Chunk) -> Option<Window> {
    let range = chunk.range?;
    (TimeAxis::of(range.start) == axis && TimeAxis::of(range.end) == axis)
        .then(|| Window::new(TimeAxis::ticks(range.start), TimeAxis::ticks(range.end)))
}

/// From the oldest chunk to the end of the newest or now, whichever is later.
fn everything(axis: TimeAxis, chunks: &[Chunk], now: Option<i64>) -> Window {
    let covered = chunks
        .iter()
        .filter_map(|chunk| range_of(axis, chunk))
        .reduce(|a, b| Window {
            start: a.start.min(b.start),
            end: a.end.max(b.end),
        });
    match (covered, now) {
        (Some(covered), now) => {
            Window::new(covered.start, now.map_or(covered.end, |now| covered.end.max(now)))
        }
        (None, Some(now)) => Window::new(now.saturating_sub(1), now),
        (None, None) => Window::new(0, 1),
    }
}

/// Each chunk for itself; those of one range side by side.
fn singles(mut cells: Vec<Cell<'_>>) -> Vec<Bin> {
    cells.sort_by(|a, b| {
        (a.range.start, a.range.end, &a.chunk.name).cmp(&(b.range.start, b.range.end, &b.chunk.name))
    });
    let mut bins = Vec::with_capacity(cells.len());
    for same in cells.chunk_by(|a, b| a.range == b.range) {
        let of = u32::try_from(same.len()).unwrap_or(u32::MAX);
        for (lane, cell) in (0..of).zip(same) {
            let mut bin = Bin::new(cell.range);
            bin.add(cell);
            bin.lane = (lane, of);
            bin.chunk = Some(ChunkName {
                schema: cell.chunk.schema.clone(),
                name: cell.chunk.name.clone(),
            });
            bins.push(bin);
        }
    }
    bins
}

/// Bins as wide as a whole number of chunks, beginning where a chunk begins: otherwise some would hold one chunk more
/// than their neighbours, and their sizes would ripple where there is no ripple.
fn binned(cells: &[Cell<'_>], columns: u32) -> Vec<Bin> {
    let mut lengths: Vec<u64> = cells.iter().map(|cell| cell.range.ticks()).collect();
    let middle = lengths.len() / 2;
    let usual = i128::from(*lengths.select_nth_unstable(middle).1).max(1);
    let (first, last) = cells
        .iter()
        .map(|cell| i128::from(cell.range.start))
        .fold((i128::MAX, i128::MIN), |(low, high), start| {
            (low.min(start), high.max(start))
        });
    let chunks_per_bin = ((last - first) / usual) / i128::from(columns) + 1;
    let width = usual * chunks_per_bin;
    let mut bins: Vec<Option<Bin>> = vec![None; columns as usize];
    for cell in cells {
        let index = (i128::from(cell.range.start) - first) / width;
        let index = usize::try_from(index).unwrap_or(0).min(bins.len() - 1);
        bins[index].get_or_insert_with(|| Bin::new(cell.range)).add(cell);
    }
    bins.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk_status::ChunkStatus;
    use crate::hypertable::{ChunkRange, Exactness, TableSize};
    use crate::interval::Interval;
    use crate::timestamp::Timestamp;

    const HOUR: i64 = 3_600_000_000;
    const DAY: i64 = 24 * HOUR;

    fn chunk(name: &str, start: TimePoint, end: TimePoint, bytes: u64, is_compressed: bool) -> Chunk {
        Chunk {
            schema: "_timescaledb_internal".to_owned(),
            name: name.to_owned(),
            range: Some(ChunkRange { start, end }),
            size: TableSize {
                heap_bytes: bytes,
                ..TableSize::default()
            },
            rows: 0,
            exactness: Exactness::Exact,
            is_compressed,
            compression: None,
            ..Chunk::default()
        }
    }

    fn at(microseconds: i64) -> TimePoint {
        TimePoint::Moment(Timestamp::from_microsecond(microseconds).expect("in range"))
    }

    /// `count` chunks of one hour, the newest ending at hour `count`; older than 7 days compressed.
    fn hourly(count: i64) -> Vec<Chunk> {
        (0..count)
            .map(|hour| {
                let is_old = hour < count - 7 * 24;
                let bytes = if is_old { 100 } else { 1000 };
                chunk(
                    &format!("c{hour}"),
                    at(hour * HOUR),
                    at((hour + 1) * HOUR),
                    bytes,
                    is_old,
                )
            })
            .collect()
    }

    fn days(days: i64) -> TimeSpan {
        TimeSpan::Interval(Interval::new(0, days, 0))
    }

    fn gathered(chunks: &[Chunk], now: TimePoint, policies: &Policies, columns: u32) -> ChunkMap {
        ChunkMap::gather(
            chunks,
            |_, chunk| ChunkState::of(chunk),
            |_| false,
            Timeline::at(now),
            policies,
            None,
            columns,
        )
    }

    #[test]
    fn bins_hold_every_chunk_once_and_no_more_bins_than_columns() {
        for count in [1, 7, 239, 240, 241, 965, 5000] {
            for columns in [1, 120, 240] {
                let chunks = hourly(count);
                let map = gathered(&chunks, at(count * HOUR), &Policies::default(), columns);
                assert!(map.bins.len() <= columns as usize, "{count} in {columns}");
                assert_eq!(map.total().chunks, u64::try_from(count).expect("positive"));
                let bytes: u64 = chunks.iter().map(|chunk| chunk.size.total_bytes()).sum();
                assert_eq!(map.total().bytes, bytes, "{count} in {columns}");
            }
        }
    }

    #[test]
    fn equal_chunks_fill_equal_bins() {
        let map = gathered(&hourly(965), at(965 * HOUR), &Policies::default(), 240);
        let (last, rest) = map.bins.split_last().expect("bins");
        assert!(rest.iter().all(|bin| bin.total().chunks == 5));
        assert!(last.total().chunks <= 5);
    }

    #[test]
    fn zooming_in_ends_at_single_chunks_with_names() {
        let chunks = hourly(965);
        let window = Window::new(100 * HOUR, 200 * HOUR);
        let map = ChunkMap::gather(
            &chunks,
            |_, chunk| ChunkState::of(chunk),
            |_| false,
            Timeline::at(at(965 * HOUR)),
            &Policies::default(),
            Some(window),
            120,
        );
        assert!(map.shows_chunks);
        assert_eq!(map.bins.len(), 100);
        assert_eq!(map.bins[0].chunk.as_ref().map(|c| c.name.as_str()), Some("c100"));
        assert_eq!(map.bins[0].range, Window::new(100 * HOUR, 101 * HOUR));
        assert_eq!(map.elsewhere.chunks, 865);
    }

    #[test]
    fn chunks_that_share_a_range_stand_side_by_side() {
        let chunks: Vec<_> = ["a", "b", "c"]
            .map(|name| chunk(name, at(0), at(DAY), 10, false))
            .into();
        let map = gathered(&chunks, at(DAY), &Policies::default(), 10);
        let lanes: Vec<_> = map.bins.iter().map(|bin| bin.lane).collect();
        assert_eq!(lanes, [(0, 3), (1, 3), (2, 3)]);
    }

    #[test]
    fn horizons_lie_where_the_policies_act() {
        let policies = Policies {
            compress_after: Some(days(7)),
            drop_after: Some(days(90)),
            refresh_start: Some(days(3)),
            refresh_end: Some(TimeSpan::Interval(Interval::new(0, 0, HOUR))),
        };
        let map = gathered(&hourly(965), at(965 * HOUR), &policies, 240);
        let find = |kind| map.horizons.iter().find(|h| h.kind == kind).map(|h| h.at);
        assert_eq!(find(HorizonKind::Compress), Some(965 * HOUR - 7 * DAY));
        assert_eq!(find(HorizonKind::Drop), Some(965 * HOUR - 90 * DAY));
        assert_eq!(find(HorizonKind::RefreshStart), Some(965 * HOUR - 3 * DAY));
        assert_eq!(find(HorizonKind::RefreshEnd), Some(964 * HOUR));
        assert_eq!(map.overdue(), 0, "a horizon makes nothing overdue");
    }

    #[test]
    fn overdue_is_what_the_judgement_calls_so_as_far_as_it_is_in_sight() {
        let chunks = hourly(965);
        let late = ["c3", "c700", "c701", "c702"];
        let overdue = |window| {
            ChunkMap::gather(
                &chunks,
                |_, chunk| ChunkState::of(chunk),
                |chunk| late.contains(&chunk.name.as_str()),
                Timeline::at(at(965 * HOUR)),
                &Policies::default(),
                window,
                240,
            )
        };
        assert_eq!(overdue(None).overdue(), 4);
        let near = overdue(Some(Window::new(650 * HOUR, 702 * HOUR)));
        assert_eq!(near.overdue(), 2);
        let marked: Vec<_> = near.bins.iter().filter(|bin| bin.overdue > 0).collect();
        assert_eq!(marked[0].range, Window::new(700 * HOUR, 701 * HOUR));
    }

    #[test]
    fn without_a_now_integer_time_has_its_chunks_and_no_horizons() {
        let chunks: Vec<_> = (0..10)
            .map(|i| {
                let range = (TimePoint::Number(i * 100), TimePoint::Number((i + 1) * 100));
                chunk(&format!("n{i}"), range.0, range.1, 5, false)
            })
            .collect();
        let policies = Policies {
            compress_after: Some(TimeSpan::Number(100)),
            drop_after: Some(TimeSpan::Number(500)),
            ..Policies::default()
        };
        let of = |chunks: &[Chunk]| {
            let timeline = Timeline::without_now();
            ChunkMap::gather(
                chunks,
                |_, chunk| ChunkState::of(chunk),
                |_| false,
                timeline,
                &policies,
                None,
                240,
            )
        };
        let map = of(&chunks);
        assert_eq!((map.axis, map.now), (TimeAxis::Numbers, None));
        assert_eq!(map.window, Window::new(0, 1_000));
        assert_eq!(map.total().chunks, 10);
        assert!(map.horizons.is_empty());
        assert!(of(&[]).bins.is_empty());
    }

    #[test]
    fn integer_time_has_bins_and_horizons_in_its_own_unit() {
        let chunks: Vec<_> = (0..1000)
            .map(|i| {
                let start = i * 100_000;
                chunk(
                    &format!("n{i}"),
                    TimePoint::Number(start),
                    TimePoint::Number(start + 100_000),
                    5,
                    i < 900,
                )
            })
            .collect();
        let policies = Policies {
            compress_after: Some(TimeSpan::Number(10_000_000)),
            drop_after: Some(days(30)),
            ..Policies::default()
        };
        let map = gathered(&chunks, TimePoint::Number(100_000_000), &policies, 200);
        assert_eq!(map.axis, TimeAxis::Numbers);
        assert_eq!(map.bins.len(), 200);
        assert_eq!(map.horizons.len(), 1, "an interval has no place among numbers");
        assert_eq!(map.horizons[0].at, 90_000_000);
        assert_eq!(map.tally(ChunkState::Compressed).chunks, 900);
    }

    #[test]
    fn chunks_without_a_place_are_counted_elsewhere() {
        let mut open = chunk("open", at(0), at(DAY), 7, false);
        open.range = None;
        let map = gathered(&[open], at(DAY), &Policies::default(), 240);
        assert!(map.bins.is_empty());
        assert_eq!(map.elsewhere, Tally { chunks: 1, bytes: 7 });
    }

    #[test]
    fn ranges_at_the_ends_of_the_axis_are_binned() {
        let ends: Vec<_> = (0..10)
            .flat_map(|_| {
                [
                    chunk(
                        "low",
                        TimePoint::Number(i64::MIN),
                        TimePoint::Number(i64::MIN + 1),
                        1,
                        false,
                    ),
                    chunk(
                        "high",
                        TimePoint::Number(i64::MAX - 1),
                        TimePoint::Number(i64::MAX),
                        1,
                        false,
                    ),
                ]
            })
            .collect();
        let map = gathered(&ends, TimePoint::Number(0), &Policies::default(), 3);
        assert_eq!(map.total().chunks, 20);
    }

    #[test]
    fn status_bits_name_the_state() {
        for (status, state) in [
            (0, ChunkState::Uncompressed),
            (1, ChunkState::Compressed),
            (3, ChunkState::Partial),
            (9, ChunkState::Partial),
            (5, ChunkState::Frozen),
            (4, ChunkState::Frozen),
        ] {
            assert_eq!(
                ChunkState::of(&Chunk {
                    status: ChunkStatus::from_bits(status),
                    ..Chunk::default()
                }),
                state,
                "{status}"
            );
        }
    }
}
