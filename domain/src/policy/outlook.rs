//! What a policy would do to the chunks there are: at its first run and over the next 90 days.

use serde::{Deserialize, Serialize};

use crate::hypertable::{Chunk, CompressionTotals, TimePoint, TimeSpan};
use crate::interval::Interval;
use crate::policy::facts::Facts;
use crate::policy::integer_time::IntegerClock;
use crate::policy::model::{AgePolicy, TablePolicy, Threshold};
use crate::policy::schedule::not_before;
use crate::quantity::rounded;
use crate::timestamp::{Timestamp, moved};

/// How far ahead is looked.
pub const HORIZON_DAYS: i64 = 90;
const DAY_US: i64 = 86_400_000_000;
/// An index of a compressed chunk keeps an empty page.
const EMPTY_INDEX_BYTES: u64 = 8192;

/// When the jobs run first once the plan is applied; `None` for one that does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FirstRuns {
    /// Of compression.
    pub compression: Option<Timestamp>,
    /// Of retention.
    pub retention: Option<Timestamp>,
}

/// What becomes of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fate {
    /// When it is compressed.
    pub compressed_at: Option<Timestamp>,
    /// When it is dropped.
    pub dropped_at: Option<Timestamp>,
}

/// Chunks, and what is done to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Amount {
    /// How many.
    pub chunks: u64,
    /// Bytes they have before.
    pub bytes: u64,
    /// Bytes that are freed; for compression `None` while nothing was compressed that could tell. Approximate for
    /// compression, and for the drop of what is compressed until then.
    pub freed_bytes: Option<u64>,
    /// Their rows; lost where they are dropped.
    pub rows: u64,
}

/// What is done on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySum {
    /// When the day begins, in UTC.
    pub day: Timestamp,
    /// What is compressed.
    pub compressed: Amount,
    /// What is dropped.
    pub dropped: Amount,
}

/// What a policy would do to the chunks there are. Chunks that are still to come are not among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// What becomes of each chunk, in the order of the chunks.
    pub fates: Vec<Fate>,
    /// When the jobs run first.
    pub first_runs: FirstRuns,
    /// What is compressed at the first run.
    pub first_compressed: Amount,
    /// What is dropped at the first run.
    pub first_dropped: Amount,
    /// What is compressed until the end.
    pub compressed: Amount,
    /// What is dropped until the end.
    pub dropped: Amount,
    /// The days on which anything is done, in order.
    pub days: Vec<DaySum>,
    /// Where the oldest chunk begins that the first drop keeps; `None` where it keeps none.
    pub oldest_kept_first: Option<TimePoint>,
    /// The same at the end.
    pub oldest_kept: Option<TimePoint>,
    /// Locks that the first drop needs.
    pub first_drop_locks: u64,
    /// Chunks of which nobody can say when they are due: integer time has no clock, or a chunk does not say when it was
    /// created.
    pub undated: u64,
}

impl Outlook {
    /// Of the chunks in the facts.
    pub fn of(policy: &TablePolicy, first_runs: FirstRuns, facts: &Facts<'_>) -> Self {
        let compress = Rule::of(policy.compression.policy(), first_runs.compression, facts);
        let drop = Rule::of(policy.retention.as_ref(), first_runs.retention, facts);
        let ratio = facts.compression.and_then(ratio);
        let mut sums = Sums::default();
        let mut fates = Vec::with_capacity(facts.chunks.len());
        for chunk in facts.chunks {
            fates.push(sums.add(chunk, compress.as_ref(), drop.as_ref(), ratio, facts.indexes));
        }
        let mut days = sums.days;
        days.retain(|day| day.compressed.chunks + day.dropped.chunks > 0);
        days.sort_unstable_by_key(|day| day.day);
        Self {
            fates,
            first_runs,
            first_compressed: sums.first_compressed,
            first_dropped: sums.first_dropped,
            compressed: sums.compressed,
            dropped: sums.dropped,
            days,
            oldest_kept_first: sums.oldest_kept_first,
            oldest_kept: sums.oldest_kept,
            first_drop_locks: sums.first_drop_locks,
            undated: sums.undated,
        }
    }
}

/// What is left of a chunk's bytes once it is compressed, by what was achieved so far.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn ratio(totals: CompressionTotals) -> Option<f64> {
    (totals.before_bytes > 0).then(|| totals.after_bytes as f64 / totals.before_bytes as f64)
}

/// When a policy handles which chunk.
struct Rule {
    threshold: Threshold,
    every: Interval,
    first: Timestamp,
    end: Timestamp,
    now: Timestamp,
    clock: Option<IntegerClock>,
}

/// When a chunk is handled.
enum Handled {
    At(Timestamp),
    NotSoon,
    Undated,
}

impl Rule {
    fn of(policy: Option<&AgePolicy>, first: Option<Timestamp>, facts: &Facts<'_>) -> Option<Self> {
        let (policy, first) = (policy?, first?);
        let end = moved(facts.now, Interval::new(0, HORIZON_DAYS, 0)).unwrap_or(Timestamp::MAX);
        Some(Self {
            threshold: policy.threshold,
            every: policy.schedule.interval,
            first,
            end,
            now: facts.now,
            clock: facts.integer_now.map(|now| IntegerClock::read(now, facts.now)),
        })
    }

    fn handled(&self, chunk: &Chunk) -> Handled {
        let due = match self.threshold {
            Threshold::CreatedBefore(age) => chunk.created_at.and_then(|at| moved(at, age)),
            Threshold::After(TimeSpan::Interval(age)) => match chunk.range.map(|range| range.end) {
                // Beyond the calendar is beyond the horizon.
                Some(TimePoint::Moment(end)) => Some(moved(end, age).unwrap_or(Timestamp::MAX)),
                _ => None,
            },
            Threshold::After(TimeSpan::Number(age)) => match chunk.range.map(|range| range.end) {
                Some(TimePoint::Number(end)) => self.date_of(end.saturating_add(age)),
                _ => None,
            },
        };
        let Some(due) = due else { return Handled::Undated };
        if due > self.end {
            return Handled::NotSoon;
        }
        let run = not_before(self.first, self.every, due);
        if run > self.end {
            Handled::NotSoon
        } else {
            Handled::At(run)
        }
    }

    /// When integer time gets to a value: already, or once as much time has passed where the unit is known.
    fn date_of(&self, value: i64) -> Option<Timestamp> {
        let clock = self.clock?;
        if value <= clock.now {
            return Some(self.now);
        }
        let ahead_us = clock.unit?.microseconds(value - clock.now)?;
        let at = self.now.as_microsecond().checked_add(ahead_us)?;
        Some(Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX))
    }
}

#[derive(Default)]
struct Sums {
    first_compressed: Amount,
    first_dropped: Amount,
    compressed: Amount,
    dropped: Amount,
    days: Vec<DaySum>,
    oldest_kept_first: Option<TimePoint>,
    oldest_kept: Option<TimePoint>,
    first_drop_locks: u64,
    undated: u64,
}

impl Sums {
    fn add(
        &mut self,
        chunk: &Chunk,
        compress: Option<&Rule>,
        drop: Option<&Rule>,
        ratio: Option<f64>,
        indexes: Option<u32>,
    ) -> Fate {
        let mut undated = false;
        let mut when = |rule: Option<&Rule>| match rule?.handled(chunk) {
            Handled::At(at) => Some(at),
            Handled::NotSoon => None,
            Handled::Undated => {
                undated = true;
                None
            }
        };
        // Frozen chunks are left alone, and those without a range are not this table's own (tiered storage).
        let is_free = !chunk.status.is_frozen() && chunk.range.is_some();
        let dropped_at = if is_free { when(drop) } else { None };
        let compressed_at = if is_free && chunk.status.bits() != 1 {
            // Retention takes what is due for both.
            when(compress).filter(|at| dropped_at.is_none_or(|dropped_at| *at < dropped_at))
        } else {
            None
        };
        self.undated += u64::from(undated);

        let bytes = chunk.size.total_bytes();
        let mut bytes_at_drop = Some(bytes);
        if let Some(at) = compressed_at {
            let freed = freed_by_compression(chunk, ratio, indexes);
            let amount = Amount {
                chunks: 1,
                bytes,
                freed_bytes: freed,
                rows: chunk.rows,
            };
            self.compressed.add(amount);
            if compress.is_some_and(|rule| rule.first == at) {
                self.first_compressed.add(amount);
            }
            self.day(at).compressed.add(amount);
            bytes_at_drop = freed.map(|freed| bytes - freed);
        }
        let mut is_first_drop = false;
        if let Some(at) = dropped_at {
            let amount = Amount {
                chunks: 1,
                bytes: bytes_at_drop.unwrap_or(bytes),
                freed_bytes: Some(bytes_at_drop.unwrap_or(bytes)),
                rows: chunk.rows,
            };
            self.dropped.add(amount);
            is_first_drop = drop.is_some_and(|rule| rule.first == at);
            if is_first_drop {
                self.first_dropped.add(amount);
                self.first_drop_locks += locks(chunk, indexes);
            }
            self.day(at).dropped.add(amount);
        }
        let start = chunk.range.map(|range| range.start);
        if dropped_at.is_none() {
            older(&mut self.oldest_kept, start);
        }
        if !is_first_drop {
            older(&mut self.oldest_kept_first, start);
        }
        Fate {
            compressed_at,
            dropped_at,
        }
    }

    fn day(&mut self, at: Timestamp) -> &mut DaySum {
        let day_us = at.as_microsecond().div_euclid(DAY_US) * DAY_US;
        let day = Timestamp::from_microsecond(day_us).unwrap_or(at);
        // Chunks come in order, so what a day got last is near the end.
        let place = self.days.iter().rposition(|of| of.day == day).unwrap_or_else(|| {
            self.days.push(DaySum {
                day,
                compressed: Amount::default(),
                dropped: Amount::default(),
            });
            self.days.len() - 1
        });
        &mut self.days[place]
    }
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.freed_bytes = match (self.chunks, self.freed_bytes, other.freed_bytes) {
            (0, _, freed) => freed,
            (_, Some(a), Some(b)) => Some(a + b),
            _ => None,
        };
        self.chunks += other.chunks;
        self.bytes += other.bytes;
        self.rows += other.rows;
    }
}

fn older(oldest: &mut Option<TimePoint>, start: Option<TimePoint>) {
    if let Some(start) = start {
        *oldest = Some(oldest.map_or(start, |oldest| oldest.min(start)));
    }
}

/// What compressing a chunk frees; one that is compressed in part is not counted.
fn freed_by_compression(chunk: &Chunk, ratio: Option<f64>, indexes: Option<u32>) -> Option<u64> {
    if chunk.is_compressed || chunk.status.is_compressed() {
        return Some(0);
    }
    let bytes = chunk.size.total_bytes();
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let left = rounded(bytes as f64 * ratio?) + u64::from(indexes.unwrap_or(1)) * EMPTY_INDEX_BYTES;
    Some(bytes.saturating_sub(left))
}

/// Relations that are locked to drop a chunk: itself, its indexes, its TOAST table with an index; a compressed one has a
/// second table with an index and TOAST.
fn locks(chunk: &Chunk, indexes: Option<u32>) -> u64 {
    let own = 3 + u64::from(indexes.unwrap_or(1));
    if chunk.is_compressed || chunk.status.is_compressed() {
        own + 4
    } else {
        own
    }
}
