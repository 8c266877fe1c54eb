//! The demo's values: they vary slowly over the day and the week, with a little noise, and are the same for the
//! same moment whenever they are made.

use std::f64::consts::TAU;
use std::fmt::Write;

use super::tables::DemoTable;

/// A measured quantity.
#[derive(Debug)]
pub(super) struct Measure {
    pub(super) base: f64,
    /// How far it swings over a day.
    pub(super) swing: f64,
    pub(super) noise: f64,
    pub(super) decimals: usize,
}

const DAY_SECONDS: f64 = 86_400.0;

/// A number in -1..1 that looks random and depends on its arguments only (splitmix64).
fn noise(a: i64, b: i64) -> f64 {
    let mut x = a.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ b.cast_unsigned().wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^= x >> 31;
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    let unit = (x >> 11) as f64 / (1_u64 << 53) as f64;
    unit * 2.0 - 1.0
}

impl Measure {
    fn at(&self, second: i64, series: i64, index: i64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in f64")]
        let t = second as f64;
        let phase = noise(series, index) * TAU;
        let level = self.base * (1.0 + 0.25 * noise(series, index + 17));
        let day = (TAU * t / DAY_SECONDS + phase).sin();
        let shift = (TAU * t / (DAY_SECONDS / 6.4) + 2.0 * phase).sin();
        let week = (TAU * t / (7.0 * DAY_SECONDS)).sin();
        let value = level
            + self.swing * (0.6 * day + 0.25 * shift + 0.15 * week)
            + self.noise * noise(second, series * 31 + index);
        value.max(0.0)
    }
}

/// Appends the rows whose time is after `from` and not after `to` (seconds since 1970), in order of time, in
/// PostgreSQL's text format; returns how many. The series take turns within a step, so rows arrive evenly.
pub(super) fn append_rows(table: &DemoTable, from: i64, to: i64, text: &mut String) -> u64 {
    let mut rows = 0;
    let mut step = from - from.rem_euclid(table.step_seconds);
    while step <= to {
        for series in 0..table.series {
            let second = step + series * table.step_seconds / table.series;
            if second <= from || second > to {
                continue;
            }
            let at = jiff::Timestamp::from_second(second).unwrap_or_default();
            // Writing to a String cannot fail.
            let _ = write!(text, "{at}\t{}", series + 1);
            for (index, measure) in (0_i64..).zip(table.measures) {
                let _ = write!(
                    text,
                    "\t{:.*}",
                    measure.decimals,
                    measure.at(second, series, index)
                );
            }
            text.push('\n');
            rows += 1;
        }
        step += table.step_seconds;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::tables::TABLES;
    use super::*;

    #[test]
    fn consecutive_stretches_give_the_rows_of_the_whole_once_each() {
        for table in &TABLES {
            let (from, to) = (1_700_000_003, 1_700_004_711);
            let mut whole = String::new();
            let mut parts = String::new();
            let count = append_rows(table, from, to, &mut whole);
            let mut sum = 0;
            let mut at = from;
            while at < to {
                let next = (at + 13).min(to);
                sum += append_rows(table, at, next, &mut parts);
                at = next;
            }
            assert_eq!((count, whole), (sum, parts), "{}", table.name);
        }
    }

    #[test]
    fn values_vary_slowly() {
        let measure = &TABLES[0].measures[0];
        for second in (1_700_000_000..1_700_086_400).step_by(60) {
            let change = (measure.at(second + 60, 3, 0) - measure.at(second, 3, 0)).abs();
            assert!(change < 2.0, "{change} at {second}");
        }
    }
}
