//! Growth from what chunks hold, while there is no history.

use super::{Basis, Growth, MONTH_S, Monthly, Settling, Trend};
use crate::history::Sample;

/// Chunks without which nothing is said.
const ENOUGH_CHUNKS: usize = 5;
/// Chunks that are looked at, the newest ones.
const LOOKED_AT: usize = 30;

/// A chunk's place on the time axis and its bytes on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkBytes {
    /// Where it begins, in seconds since 1970, UTC.
    pub start_s: i64,
    /// Where it ends.
    pub end_s: i64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes before it was compressed; as many as on disk where it is not, or where nobody knows.
    pub uncompressed_bytes: u64,
    /// Whether it is compressed, wholly or in part.
    pub is_compressed: bool,
    /// Whether it is frozen: no policy drops it.
    pub is_frozen: bool,
}

/// The chunks of a table with time (not numbers) on its axis, and what becomes of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableChunks {
    /// The chunks, in any order.
    pub chunks: Vec<ChunkBytes>,
    /// The age at which a policy that does its work drops chunks, in seconds; `None` where none does.
    pub dropped_after_s: Option<i64>,
    /// The age at which a policy compresses chunks, in seconds; `None` where none does.
    pub compressed_after_s: Option<i64>,
}

impl TableChunks {
    /// What a month of data takes, and when retention drops as much as comes in.
    ///
    /// Where there are enough compressed chunks, by those alone: in the long run all are. Chunks that still fill, or lie
    /// in the future, say nothing. The interval is what four of five chunks lie within.
    pub fn growth(&self, now_s: i64) -> Growth {
        let mut whole: Vec<ChunkBytes> = self
            .chunks
            .iter()
            .copied()
            .filter(|chunk| chunk.end_s <= now_s && chunk.start_s < chunk.end_s)
            .collect();
        if whole.iter().filter(|chunk| chunk.is_compressed).count() >= ENOUGH_CHUNKS {
            whole.retain(|chunk| chunk.is_compressed);
        }
        // Space partitions: chunks of one place are one.
        whole.sort_unstable_by_key(|chunk| (chunk.start_s, chunk.end_s));
        let mut pace: Vec<f64> = whole
            .chunk_by(|a, b| (a.start_s, a.end_s) == (b.start_s, b.end_s))
            .map(|of_place| {
                let bytes = of_place.iter().map(|chunk| float(chunk.bytes)).sum::<f64>();
                bytes / float(of_place[0].start_s.abs_diff(of_place[0].end_s)) * MONTH_S
            })
            .collect();
        pace.drain(..pace.len().saturating_sub(LOOKED_AT));
        if pace.len() < ENOUGH_CHUNKS {
            return Growth::NotEnough {
                have: u32::try_from(pace.len()).unwrap_or(u32::MAX),
                need: u32::try_from(ENOUGH_CHUNKS).unwrap_or(u32::MAX),
            };
        }
        let chunks_looked_at = pace.len();
        let likely = super::trend::median(&mut pace);
        let tenth = pace.len() / 10;
        let level = self.chunks.iter().map(|chunk| float(chunk.bytes)).sum();
        let monthly = Monthly {
            low: pace[tenth],
            likely,
            high: pace[pace.len() - 1 - tenth],
        };
        Growth::Known(Trend {
            monthly,
            level,
            peak: level,
            at_s: now_s,
            basis: Basis::Chunks {
                chunks: chunks_looked_at,
            },
            settling: self
                .settles_at_s()
                .map(|at_s| Settling { at_s, monthly })
                .into_iter()
                .collect(),
        })
    }

    /// When retention drops as much as comes in: when it drops the first part of the time axis that holds at least half
    /// of what others hold (a few stray rows of long ago are not that). `None` where it drops nothing.
    pub fn settles_at_s(&self) -> Option<i64> {
        let after_s = self.dropped_after_s?;
        let mut chunks: Vec<&ChunkBytes> = self
            .chunks
            .iter()
            .filter(|chunk| !chunk.is_frozen && chunk.start_s < chunk.end_s)
            .collect();
        chunks.sort_unstable_by_key(|chunk| (chunk.end_s, chunk.start_s));
        // Before compression, so that old ones compare with new ones.
        let places: Vec<(i64, f64)> = chunks
            .chunk_by(|a, b| (a.start_s, a.end_s) == (b.start_s, b.end_s))
            .map(|of_place| {
                let bytes: f64 = of_place.iter().map(|chunk| float(chunk.uncompressed_bytes)).sum();
                let length_s = of_place[0].start_s.abs_diff(of_place[0].end_s);
                (of_place[0].end_s, bytes / float(length_s))
            })
            .collect();
        let usual = super::trend::median(&mut places.iter().map(|(_, pace)| *pace).collect::<Vec<_>>());
        let first = places.iter().find(|(_, pace)| *pace >= usual / 2.0)?;
        Some(first.0.saturating_add(after_s))
    }

    /// Since when nothing has come in: the end of the newest chunk, once a whole further one has had the time to begin
    /// and end. `None` where something comes in, or nothing ever has.
    pub fn idle_since_s(&self, now_s: i64) -> Option<i64> {
        let newest = self.chunks.iter().max_by_key(|chunk| chunk.end_s)?;
        let length_s = newest.end_s.saturating_sub(newest.start_s);
        (newest.end_s.saturating_add(length_s) <= now_s).then_some(newest.end_s)
    }

    /// What a chart draws, dashed, while there is no history: the bytes of all chunks that had ended by each moment, not
    /// compressed before the policy's age. Chunks that were dropped are not in it: nobody knows how large they were.
    pub fn derived_levels(&self, now_s: i64) -> Vec<Sample> {
        let mut changes: Vec<(i64, f64)> = Vec::with_capacity(2 * self.chunks.len());
        for chunk in &self.chunks {
            let filled_s = chunk.end_s.min(now_s);
            let (was, is) = (float(chunk.uncompressed_bytes), float(chunk.bytes));
            match self.compressed_after_s {
                Some(after_s) if chunk.is_compressed => {
                    changes.push((filled_s, was));
                    changes.push((
                        chunk.end_s.saturating_add(after_s).clamp(filled_s, now_s),
                        is - was,
                    ));
                }
                _ => changes.push((filled_s, is)),
            }
        }
        changes.sort_unstable_by_key(|(at_s, _)| *at_s);
        let mut level = 0.0;
        let mut levels: Vec<Sample> = Vec::new();
        for (at_s, by) in changes {
            level += by;
            match levels.last_mut() {
                Some(last) if last.at_s == at_s => last.value = level,
                _ => levels.push(Sample { at_s, value: level }),
            }
        }
        levels
    }
}

/// The sum over several tables, each by its own chunks; those of which nothing can be said grow by nothing. `level` is
/// what there is now, chunks or not. The interval holds if all tables grow slowly, or all fast, at once: it is wide.
pub fn growth_of_tables<'a>(
    tables: impl IntoIterator<Item = &'a TableChunks>,
    level: f64,
    now_s: i64,
) -> Growth {
    let mut not_enough = Growth::NotEnough {
        have: 0,
        need: u32::try_from(ENOUGH_CHUNKS).unwrap_or(u32::MAX),
    };
    let mut sum: Option<(Monthly, usize)> = None;
    let mut settling = Vec::new();
    for table in tables {
        match table.growth(now_s) {
            Growth::Known(Trend {
                monthly,
                basis: Basis::Chunks { chunks },
                settling: of_table,
                ..
            }) => {
                sum = Some(match sum {
                    Some((so_far, count)) => (so_far.with(monthly), count + chunks),
                    None => (monthly, chunks),
                });
                settling.extend(of_table);
            }
            Growth::Known(_) => {}
            unknown @ Growth::NotEnough { .. } => not_enough = unknown,
        }
    }
    settling.sort_unstable_by_key(|settling| settling.at_s);
    sum.map_or(not_enough, |(monthly, chunks)| {
        Growth::Known(Trend {
            monthly,
            level,
            peak: level,
            at_s: now_s,
            basis: Basis::Chunks { chunks },
            settling,
        })
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 9 PB; beyond, to a few bytes"
)]
fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: i64 = 86_400;
    const NOW_S: i64 = 30 * DAY_S + 5_000;

    fn chunk(day: i64, bytes: u64, is_compressed: bool) -> ChunkBytes {
        ChunkBytes {
            start_s: day * DAY_S,
            end_s: (day + 1) * DAY_S,
            bytes,
            uncompressed_bytes: if is_compressed { bytes * 10 } else { bytes },
            is_compressed,
            is_frozen: false,
        }
    }

    fn table(chunks: &[ChunkBytes]) -> TableChunks {
        TableChunks {
            chunks: chunks.to_vec(),
            ..TableChunks::default()
        }
    }

    fn growth_by_chunks(chunks: &[ChunkBytes], now_s: i64) -> Growth {
        table(chunks).growth(now_s)
    }

    fn known(growth: Growth) -> Trend {
        match growth {
            Growth::Known(trend) => trend,
            Growth::NotEnough { .. } => panic!("{growth:?}"),
        }
    }

    fn is_close(value: f64, expected: f64) -> bool {
        (value - expected).abs() <= expected.abs() * 1e-9
    }

    #[test]
    fn a_month_takes_what_a_day_takes_times_the_days_of_a_month_and_is_marked_as_derived() {
        let chunks: Vec<_> = (0..31).map(|day| chunk(day, 1_000, false)).collect();
        let trend = known(growth_by_chunks(&chunks, NOW_S));
        assert!(is_close(trend.monthly.likely, 1_000.0 * 30.4375), "{trend:?}");
        assert!(is_close(trend.level, 31_000.0));
        assert_eq!(trend.basis, Basis::Chunks { chunks: 30 });
    }

    #[test]
    fn the_chunk_that_still_fills_and_those_of_the_future_say_nothing() {
        let mut chunks: Vec<_> = (0..30).map(|day| chunk(day, 1_000, false)).collect();
        chunks.extend([chunk(30, 1, false), chunk(900, 1_000_000, false)]);
        let trend = known(growth_by_chunks(&chunks, NOW_S));
        assert!(is_close(trend.monthly.high, 1_000.0 * 30.4375), "{trend:?}");
    }

    #[test]
    fn in_the_long_run_all_chunks_are_compressed() {
        let chunks: Vec<_> = (0..30)
            .map(|day| chunk(day, if day < 20 { 100 } else { 1_000 }, day < 20))
            .collect();
        let trend = known(growth_by_chunks(&chunks, NOW_S));
        assert!(is_close(trend.monthly.likely, 100.0 * 30.4375), "{trend:?}");
    }

    #[test]
    fn chunks_of_one_place_count_together() {
        let chunks: Vec<_> = (0..30)
            .flat_map(|day| [chunk(day, 400, false), chunk(day, 600, false)])
            .collect();
        let trend = known(growth_by_chunks(&chunks, NOW_S));
        assert!(is_close(trend.monthly.low, 1_000.0 * 30.4375), "{trend:?}");
    }

    #[test]
    fn too_few_chunks_say_how_many_are_needed() {
        let chunks = [chunk(1, 1, false), chunk(2, 1, false)];
        assert_eq!(
            growth_by_chunks(&chunks, NOW_S),
            Growth::NotEnough { have: 2, need: 5 }
        );
    }

    #[test]
    fn derived_levels_rise_to_what_there_is_now() {
        let chunks: Vec<_> = (28..32).map(|day| chunk(day, 10, false)).collect();
        let levels = table(&chunks).derived_levels(NOW_S);
        let of = |sample: &Sample| (sample.at_s, sample.value);
        assert_eq!(
            levels.iter().map(of).collect::<Vec<_>>(),
            [(29 * DAY_S, 10.0), (30 * DAY_S, 20.0), (NOW_S, 40.0)]
        );
    }

    #[test]
    fn tables_grow_by_the_sum_of_what_each_grows_whatever_their_intervals() {
        let daily: Vec<ChunkBytes> = (0..20).map(|day| chunk(day, 1_000, false)).collect();
        let hourly: Vec<ChunkBytes> = (0..48)
            .map(|hour| ChunkBytes {
                start_s: hour * 3_600,
                end_s: (hour + 1) * 3_600,
                bytes: 500,
                uncompressed_bytes: 500,
                is_compressed: hour < 10,
                is_frozen: false,
            })
            .collect();
        let few = [chunk(0, 9_000_000, true)];
        let of = |tables: &[&[ChunkBytes]]| match growth_of_tables(
            &tables.iter().map(|chunks| table(chunks)).collect::<Vec<_>>(),
            7.0,
            NOW_S,
        ) {
            Growth::Known(trend) => trend,
            Growth::NotEnough { .. } => panic!("known"),
        };
        let all = of(&[&daily, &hourly, &few]);
        let likely = of(&[&daily]).monthly.likely + of(&[&hourly]).monthly.likely;
        assert!((all.monthly.likely - likely).abs() < 1e-6);
        assert!((likely - (1_000.0 + 24.0 * 500.0) * MONTH_S / 86_400.0).abs() < 1.0);
        assert!((all.level - 7.0).abs() < f64::EPSILON);
        assert!(matches!(
            growth_of_tables([&table(&few)], 7.0, NOW_S),
            Growth::NotEnough { .. }
        ));
    }

    #[test]
    fn a_compressed_chunk_was_as_large_as_the_others_until_the_policy_came() {
        let chunks: Vec<_> = (20..30)
            .map(|day| chunk(day, if day < 27 { 100 } else { 1_000 }, day < 27))
            .collect();
        let with_policy = TableChunks {
            compressed_after_s: Some(3 * DAY_S),
            ..table(&chunks)
        };
        let levels = with_policy.derived_levels(NOW_S);
        let grown: Vec<f64> = levels
            .windows(2)
            .map(|pair| pair[1].value - pair[0].value)
            .collect();
        // Three days of whole chunks, and from then on each that comes is one compressed: no knee.
        assert_eq!(grown[..2], [1_000.0, 1_000.0]);
        assert!(grown[2..].iter().all(|by| is_close(*by, 100.0)), "{grown:?}");
        let last = levels.last().map_or(0.0, |level| level.value);
        assert!(is_close(last, 7.0 * 100.0 + 3.0 * 1_000.0), "what there is now");
    }

    #[test]
    fn retention_ends_the_growth_when_it_drops_the_oldest_chunk() {
        let chunks: Vec<_> = (10..30).map(|day| chunk(day, 1_000, false)).collect();
        let kept = TableChunks {
            dropped_after_s: Some(90 * DAY_S),
            ..table(&chunks)
        };
        let trend = known(kept.growth(NOW_S));
        assert_eq!(trend.settling.len(), 1);
        assert_eq!(trend.settling[0].at_s, (11 + 90) * DAY_S);
        assert_eq!(trend.settling[0].monthly, trend.monthly);
        let plateau = crate::forecast::plateau(&trend).expect("it levels off");
        // A day more than it keeps: the chunk that is dropped next.
        assert!((plateau.level - 91_000.0).abs() < 1_000.0, "{plateau:?}");
    }

    #[test]
    fn a_table_into_which_nothing_comes_says_since_when() {
        let mut chunks: Vec<_> = (0..29).map(|day| chunk(day, 1_000, false)).collect();
        assert_eq!(table(&chunks).idle_since_s(NOW_S), Some(29 * DAY_S));
        chunks.push(chunk(29, 1_000, false));
        assert_eq!(table(&chunks).idle_since_s(NOW_S), None, "the next may begin yet");
        assert_eq!(TableChunks::default().idle_since_s(NOW_S), None);
    }

    #[test]
    fn stray_and_frozen_chunks_do_not_settle_a_table() {
        let mut chunks: Vec<_> = (20..30).map(|day| chunk(day, 1_000, false)).collect();
        chunks.push(chunk(-55, 10, false));
        chunks.push(ChunkBytes {
            is_frozen: true,
            ..chunk(-300, 1_000, false)
        });
        let kept = TableChunks {
            dropped_after_s: Some(90 * DAY_S),
            ..table(&chunks)
        };
        assert_eq!(kept.settles_at_s(), Some((21 + 90) * DAY_S));
    }
}
