//! Rows that came in between two readings, from the server's count of inserted rows of each chunk.

use std::collections::HashMap;

use domain::ingest::IngestRate;
use jiff::Timestamp;
use sqlx::postgres::types::Oid;

/// One chunk's (or a hypertable's own table's) counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counter {
    pub(super) hypertable_id: i32,
    pub(super) relation: Oid,
    pub(super) inserted_rows: i64,
    pub(super) is_compressed: bool,
}

/// The counters of the last reading.
#[derive(Debug, Default)]
pub(super) struct IngestCounters {
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    read_at: Timestamp,
    reset_at: Option<Timestamp>,
    inserted_rows: HashMap<Oid, (i64, bool)>,
}

impl IngestCounters {
    /// Takes the counters of a reading and gives each hypertable's rate since the last one. A hypertable whose counters
    /// went back (a reset, a crash) has none this time; without a last reading nobody has one.
    pub(super) fn update(
        &mut self,
        read_at: Timestamp,
        reset_at: Option<Timestamp>,
        counters: &[Counter],
    ) -> HashMap<i32, IngestRate> {
        let rates = match self.last.as_ref().filter(|last| last.reset_at == reset_at) {
            Some(last) => rates(last, read_at, counters),
            None => HashMap::new(),
        };
        self.last = Some(Last {
            read_at,
            reset_at,
            inserted_rows: counters
                .iter()
                .map(|counter| (counter.relation, (counter.inserted_rows, counter.is_compressed)))
                .collect(),
        });
        rates
    }
}

fn rates(last: &Last, read_at: Timestamp, counters: &[Counter]) -> HashMap<i32, IngestRate> {
    let Ok(over_ms) = u64::try_from(read_at.as_millisecond() - last.read_at.as_millisecond()) else {
        return HashMap::new();
    };
    let mut rows: HashMap<i32, Option<u64>> = HashMap::new();
    for counter in counters {
        let sum = rows.entry(counter.hypertable_id).or_insert(Some(0));
        // A chunk that was not there before was filled since. Dropped ones are simply not asked any more.
        let (before, was_compressed) = last
            .inserted_rows
            .get(&counter.relation)
            .copied()
            .unwrap_or_default();
        // Decompressing a chunk inserts its rows again.
        if was_compressed && !counter.is_compressed {
            continue;
        }
        *sum = sum
            .zip(u64::try_from(counter.inserted_rows - before).ok())
            .map(|(sum, rows)| sum + rows);
    }
    rows.into_iter()
        .filter_map(|(id, rows)| rows.map(|rows| (id, IngestRate { rows, over_ms })))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn counter(relation: u32, inserted_rows: i64, is_compressed: bool) -> Counter {
        Counter {
            hypertable_id: 1,
            relation: Oid(relation),
            inserted_rows,
            is_compressed,
        }
    }

    #[test]
    fn the_first_reading_and_the_one_after_a_reset_have_no_rate() {
        let mut counters = IngestCounters::default();
        assert!(counters.update(at(0), None, &[counter(1, 10, false)]).is_empty());
        let reset = Some(at(3));
        assert!(counters.update(at(5), reset, &[counter(1, 2, false)]).is_empty());
        assert_eq!(
            counters.update(at(10), reset, &[counter(1, 7, false)])[&1].rows,
            5
        );
    }

    #[test]
    fn new_chunks_count_and_dropped_ones_take_nothing_away() {
        let mut counters = IngestCounters::default();
        counters.update(at(0), None, &[counter(1, 1000, false), counter(2, 10, false)]);
        let rates = counters.update(at(5), None, &[counter(2, 30, false), counter(3, 4, false)]);
        assert_eq!(
            rates[&1],
            IngestRate {
                rows: 24,
                over_ms: 5000
            }
        );
    }

    #[test]
    fn decompressing_is_not_ingest_and_a_counter_that_went_back_says_nothing() {
        let mut counters = IngestCounters::default();
        counters.update(at(0), None, &[counter(1, 10, true)]);
        assert_eq!(
            counters.update(at(5), None, &[counter(1, 110, false)])[&1].rows,
            0
        );
        assert!(
            !counters
                .update(at(10), None, &[counter(1, 1, false)])
                .contains_key(&1)
        );
    }
}
