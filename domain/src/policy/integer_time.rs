//! Integer time: a clock of the table's own, whose unit nobody wrote down.

use serde::{Deserialize, Serialize};

use crate::interval::Interval;
use crate::timestamp::Timestamp;

/// Whether the database names an integer type so.
pub(super) fn is_integer_type(name: &str) -> bool {
    matches!(name, "smallint" | "integer" | "bigint")
}

/// What an integer time axis says now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegerClock {
    /// Its `integer_now_func`'s value.
    pub now: i64,
    /// What one unit is, where that is certain.
    pub unit: Option<IntegerUnit>,
}

/// What one unit of integer time is, counted since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegerUnit {
    /// Seconds.
    Second,
    /// Milliseconds.
    Millisecond,
    /// Microseconds.
    Microsecond,
    /// Nanoseconds.
    Nanosecond,
}

/// A table's now is taken for a count since 1970 only where it is this near the real now: a number that happens to be
/// is then next to impossible, and the units are a factor of 1,000 apart.
const NEAR_S: u64 = 7 * 86_400;

impl IntegerClock {
    /// From what `integer_now_func` says at a moment.
    pub fn read(integer_now: i64, now: Timestamp) -> Self {
        let unit = IntegerUnit::ALL
            .into_iter()
            .find(|unit| (integer_now / unit.in_a_second()).abs_diff(now.as_second()) <= NEAR_S);
        Self {
            now: integer_now,
            unit,
        }
    }

    /// The date of a value, where the unit is known and a calendar has it.
    pub fn date(self, value: i64) -> Option<Timestamp> {
        self.unit?.date(value)
    }
}

impl IntegerUnit {
    const ALL: [Self; 4] = [
        Self::Second,
        Self::Millisecond,
        Self::Microsecond,
        Self::Nanosecond,
    ];

    fn in_a_second(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Millisecond => 1_000,
            Self::Microsecond => 1_000_000,
            Self::Nanosecond => 1_000_000_000,
        }
    }

    /// As people call several of them.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Second => "seconds",
            Self::Millisecond => "milliseconds",
            Self::Microsecond => "microseconds",
            Self::Nanosecond => "nanoseconds",
        }
    }

    /// So many units in microseconds, which may lose a part of one.
    pub fn microseconds(self, units: i64) -> Option<i64> {
        match self {
            Self::Second => units.checked_mul(1_000_000),
            Self::Millisecond => units.checked_mul(1_000),
            Self::Microsecond => Some(units),
            Self::Nanosecond => Some(units / 1_000),
        }
    }

    /// An interval in units, with months of 30 days.
    pub fn units(self, interval: Interval) -> Option<i64> {
        let microseconds = interval.approximate_microseconds();
        match self {
            Self::Second => Some(microseconds / 1_000_000),
            Self::Millisecond => Some(microseconds / 1_000),
            Self::Microsecond => Some(microseconds),
            Self::Nanosecond => microseconds.checked_mul(1_000),
        }
    }

    fn date(self, value: i64) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.microseconds(value)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_named_only_where_it_is_certain() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().expect("a moment");
        let second = now.as_second();
        for (value, unit) in [
            (second, Some(IntegerUnit::Second)),
            (second - 3 * 86_400, Some(IntegerUnit::Second)),
            (second * 1_000, Some(IntegerUnit::Millisecond)),
            (second * 1_000_000, Some(IntegerUnit::Microsecond)),
            (second * 1_000_000_000, Some(IntegerUnit::Nanosecond)),
            (second - 30 * 86_400, None),
            (1000, None),
            (-second, None),
            (i64::MIN, None),
        ] {
            assert_eq!(IntegerClock::read(value, now).unit, unit, "{value}");
        }
    }

    #[test]
    fn an_interval_is_so_many_units() {
        let week: Interval = "7 days".parse().expect("an interval");
        assert_eq!(IntegerUnit::Second.units(week), Some(604_800));
        assert_eq!(IntegerUnit::Nanosecond.units(week), Some(604_800_000_000_000));
    }
}
