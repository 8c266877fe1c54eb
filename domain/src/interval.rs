//! Spans of time as PostgreSQL and people write them: `7 days`, `1 hour`, `90d`, `1 mon 02:30:00`.

use std::fmt;
use std::str::FromStr;

use crate::timestamp::{Timestamp, moved};
use serde::{Deserialize, Serialize};

/// A PostgreSQL interval: months, days and microseconds are kept apart, because a month has no fixed length
/// and a day can have 23 or 25 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Interval {
    months: i64,
    days: i64,
    microseconds: i64,
}

/// Why a text is no [`Interval`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInterval {
    /// Nothing there.
    #[error("an interval is missing; write for example \"7 days\" or \"1 hour\"")]
    Empty,
    /// A number without a unit.
    #[error("{0:?} has no unit; write for example \"{0} days\" or \"{0} hours\"")]
    NoUnit(String),
    /// A unit PostgreSQL does not know.
    #[error("{0:?} is not a unit of time; use seconds, minutes, hours, days, weeks, months or years")]
    UnknownUnit(String),
    /// Neither number nor unit.
    #[error("{0:?} is not an interval; write for example \"7 days\" or \"1 hour\"")]
    Malformed(String),
    /// Larger than PostgreSQL can hold.
    #[error("{0:?} is too long for an interval")]
    TooLarge(String),
}

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Interval {
    /// From its three parts.
    pub const fn new(months: i64, days: i64, microseconds: i64) -> Self {
        Self {
            months,
            days,
            microseconds,
        }
    }

    /// Months, days and microseconds.
    pub const fn parts(self) -> (i64, i64, i64) {
        (self.months, self.days, self.microseconds)
    }

    /// From microseconds, as TimescaleDB stores the chunk interval of time dimensions; whole days become days.
    pub const fn from_microseconds(microseconds: i64) -> Self {
        if microseconds % DAY == 0 {
            Self::new(0, microseconds / DAY, 0)
        } else {
            Self::new(0, 0, microseconds)
        }
    }

    /// Length in microseconds with months of 30 days, as PostgreSQL compares intervals.
    pub fn approximate_microseconds(self) -> i64 {
        self.months
            .saturating_mul(30)
            .saturating_add(self.days)
            .saturating_mul(DAY)
            .saturating_add(self.microseconds)
    }

    /// Whether it is shorter than another, or may be, by the months that one of them is counted from.
    pub fn may_be_shorter_than(self, other: Self) -> bool {
        let is_at_least =
            self.months >= other.months && self.days >= other.days && self.microseconds >= other.microseconds;
        !is_at_least && self.bounds().0 < other.bounds().1
    }

    /// The shortest and the longest it can be, in microseconds: some months together have some 30 days each, give or take
    /// two days in all, more in leap years.
    fn bounds(self) -> (i64, i64) {
        let rest = self.days.saturating_mul(DAY).saturating_add(self.microseconds);
        if self.months == 0 {
            return (rest, rest);
        }
        let of_years = |days_a_year: i64, more: i64| {
            (self.months.saturating_mul(days_a_year) / 12)
                .saturating_add(more)
                .saturating_mul(DAY)
                .saturating_add(rest)
        };
        (of_years(365, -2), of_years(366, 3))
    }

    /// The same length in the other direction.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::new(-self.months, -self.days, -self.microseconds)
    }

    /// The moment this long before another, by the calendar in UTC. `None` beyond what a calendar holds.
    pub fn before(self, at: Timestamp) -> Option<Timestamp> {
        moved(at, self.negated())
    }

    /// Whether it is longer than nothing.
    pub fn is_positive(self) -> bool {
        self.approximate_microseconds() > 0
    }

    fn add(&mut self, amount: f64, unit: &str, text: &str) -> Result<(), InvalidInterval> {
        let whole = |value: f64| -> Result<i64, InvalidInterval> {
            // Far inside i64 and exact in f64; PostgreSQL's own limit is 178,000,000 years.
            #[expect(clippy::cast_possible_truncation, reason = "checked against the limit first")]
            if value.is_finite() && value.abs() < 9e15 {
                Ok(value.round() as i64)
            } else {
                Err(InvalidInterval::TooLarge(text.to_owned()))
            }
        };
        let unit = unit.to_ascii_lowercase();
        #[expect(clippy::cast_precision_loss, reason = "units are exact in f64")]
        let of_time = |size: i64| whole(amount * size as f64);
        match unit.as_str() {
            "us" | "usec" | "usecs" | "microsecond" | "microseconds" => self.microseconds += of_time(1)?,
            "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => self.microseconds += of_time(1000)?,
            "s" | "sec" | "secs" | "second" | "seconds" => self.microseconds += of_time(SECOND)?,
            "m" | "min" | "mins" | "minute" | "minutes" => self.microseconds += of_time(MINUTE)?,
            "h" | "hr" | "hrs" | "hour" | "hours" => self.microseconds += of_time(HOUR)?,
            "d" | "day" | "days" => self.add_days(amount, &whole)?,
            "w" | "week" | "weeks" => self.add_days(amount * 7.0, &whole)?,
            "mon" | "mons" | "month" | "months" => self.add_months(amount, &whole)?,
            "y" | "yr" | "yrs" | "year" | "years" => self.add_months(amount * 12.0, &whole)?,
            _ => return Err(InvalidInterval::UnknownUnit(unit)),
        }
        Ok(())
    }

    fn add_days(
        &mut self,
        days: f64,
        whole: &impl Fn(f64) -> Result<i64, InvalidInterval>,
    ) -> Result<(), InvalidInterval> {
        self.days += whole(days.trunc())?;
        #[expect(clippy::cast_precision_loss, reason = "a day in microseconds is exact in f64")]
        let rest = whole(days.fract() * DAY as f64)?;
        self.microseconds += rest;
        Ok(())
    }

    fn add_months(
        &mut self,
        months: f64,
        whole: &impl Fn(f64) -> Result<i64, InvalidInterval>,
    ) -> Result<(), InvalidInterval> {
        self.months += whole(months.trunc())?;
        // PostgreSQL spills a fraction of a month into days of 1/30.
        self.add_days(months.fract() * 30.0, whole)
    }

    /// `02:30:00` or `-00:00:01.5`.
    fn parse_clock(token: &str) -> Option<i64> {
        let (sign, token) = match token.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, token.strip_prefix('+').unwrap_or(token)),
        };
        let mut parts = token.split(':');
        let hours: i64 = parts.next()?.parse().ok()?;
        let minutes: i64 = parts.next()?.parse().ok()?;
        let seconds: f64 = parts.next().map_or(Some(0.0), |s| s.parse().ok())?;
        if parts.next().is_some() || !(0..60).contains(&minutes) || !(0.0..60.0).contains(&seconds) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "below 60,000,000")]
        let fraction = (seconds * 1e6).round() as i64;
        hours
            .checked_mul(HOUR)?
            .checked_add(minutes * MINUTE + fraction)
            .map(|value| sign * value)
    }
}

impl FromStr for Interval {
    type Err = InvalidInterval;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(InvalidInterval::Empty);
        }
        let mut interval = Self::default();
        let mut words = trimmed.split_whitespace().peekable();
        while let Some(word) = words.next() {
            if word.contains(':') {
                interval.microseconds +=
                    Self::parse_clock(word).ok_or_else(|| InvalidInterval::Malformed(trimmed.to_owned()))?;
                continue;
            }
            let split = word
                .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')))
                .unwrap_or(word.len());
            let (number, unit) = word.split_at(split);
            let amount: f64 = number
                .parse()
                .map_err(|_| InvalidInterval::Malformed(trimmed.to_owned()))?;
            let unit = if unit.is_empty() {
                words
                    .next()
                    .ok_or_else(|| InvalidInterval::NoUnit(trimmed.to_owned()))?
            } else {
                unit
            };
            interval.add(amount, unit, trimmed)?;
        }
        Ok(interval)
    }
}

impl TryFrom<String> for Interval {
    type Error = InvalidInterval;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Interval> for String {
    fn from(interval: Interval) -> Self {
        interval.to_string()
    }
}

/// `7 days`, `1 hour`, `1 year 2 months`: parses back to the same interval, here and in PostgreSQL.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        let mut push = |amount: i64, unit: &str| {
            if amount != 0 {
                let plural = if amount.abs() == 1 { "" } else { "s" };
                parts.push(format!("{amount} {unit}{plural}"));
            }
        };
        push(self.months / 12, "year");
        push(self.months % 12, "month");
        push(self.days, "day");
        push(self.microseconds / HOUR, "hour");
        push(self.microseconds % HOUR / MINUTE, "minute");
        let rest = self.microseconds % MINUTE;
        if rest % SECOND == 0 {
            push(rest / SECOND, "second");
        } else if rest % 1000 == 0 {
            push(rest / 1000, "millisecond");
        } else {
            push(rest, "microsecond");
        }
        if parts.is_empty() {
            f.write_str("0 seconds")
        } else {
            f.write_str(&parts.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Interval {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn plain_words_and_postgresql_notation_mean_the_same() {
        for (a, b) in [
            ("7 days", "7d"),
            ("1 week", "7 days"),
            ("1 hour", "01:00:00"),
            ("90 minutes", "1:30"),
            ("1 year 2 mons", "14 months"),
            ("1.5 hours", "90 min"),
            ("1 day 02:00:00", "1 day 2 hours"),
            ("1000 ms", "1 second"),
        ] {
            assert_eq!(parsed(a), parsed(b), "{a} and {b}");
        }
    }

    #[test]
    fn days_and_hours_are_not_the_same_thing() {
        assert_ne!(parsed("1 day"), parsed("24 hours"));
        assert_eq!(
            parsed("1 day").approximate_microseconds(),
            parsed("24 hours").approximate_microseconds()
        );
    }

    #[test]
    fn what_is_shown_parses_back() {
        for text in [
            "7 days",
            "1 hour",
            "1 year 2 months",
            "-3 days",
            "1 day 2 hours 3 minutes 4 seconds",
            "250 milliseconds",
            "0 seconds",
            "-1 month 5 days",
        ] {
            assert_eq!(parsed(text).to_string(), text);
            assert_eq!(parsed(&parsed(text).to_string()), parsed(text));
        }
    }

    #[test]
    fn bad_intervals_say_what_would_be_right() {
        for (text, message) in [
            (
                "",
                "an interval is missing; write for example \"7 days\" or \"1 hour\"",
            ),
            (
                "7",
                "\"7\" has no unit; write for example \"7 days\" or \"7 hours\"",
            ),
            (
                "7 fortnights",
                "\"fortnights\" is not a unit of time; use seconds, minutes, hours, days, weeks, months or years",
            ),
            (
                "soon",
                "\"soon\" is not an interval; write for example \"7 days\" or \"1 hour\"",
            ),
            (
                "1:99",
                "\"1:99\" is not an interval; write for example \"7 days\" or \"1 hour\"",
            ),
            (
                "99999999999999999999 years",
                "\"99999999999999999999 years\" is too long for an interval",
            ),
        ] {
            assert_eq!(text.parse::<Interval>().expect_err(text).to_string(), message);
        }
    }

    #[test]
    fn a_chunk_interval_in_microseconds_reads_as_days_or_hours() {
        assert_eq!(Interval::from_microseconds(86_400_000_000).to_string(), "1 day");
        assert_eq!(Interval::from_microseconds(3_600_000_000).to_string(), "1 hour");
        assert_eq!(Interval::from_microseconds(604_800_000_000).to_string(), "7 days");
    }

    #[test]
    fn a_month_before_the_end_of_march_is_the_end_of_february() {
        let at: Timestamp = "2026-03-31T12:00:00Z".parse().expect("a moment");
        for (interval, before) in [
            ("1 month", "2026-02-28T12:00:00Z"),
            ("7 days", "2026-03-24T12:00:00Z"),
            ("1 day 2 hours", "2026-03-30T10:00:00Z"),
            ("-1 hour", "2026-03-31T13:00:00Z"),
        ] {
            assert_eq!(
                parsed(interval).before(at),
                before.parse().ok(),
                "{interval} before {at}"
            );
        }
        assert_eq!(parsed("100000 years").before(at), None);
    }

    #[test]
    fn months_are_as_short_and_as_long_as_they_can_be() {
        let may_be = |this: &str, that: &str| parsed(this).may_be_shorter_than(parsed(that));
        assert!(may_be("30 days", "1 month"));
        assert!(may_be("1 month", "30 days"));
        assert!(may_be("361 days", "1 year"));
        assert!(may_be("1 day", "1 month"));
        assert!(!may_be("1 month", "1 day"));
        assert!(!may_be("1 year", "360 days"));
        assert!(!may_be("1 month 1 day", "1 month"));
        assert!(!may_be("2 months", "1 month"));
        assert!(!may_be("1 month", "1 month"));
        assert!(may_be("89 days", "90 days"));
        assert!(!may_be("90 days", "90 days"));
    }

    #[test]
    fn zero_and_negative_intervals_are_not_positive() {
        assert!(!parsed("0 days").is_positive());
        assert!(!parsed("-1 day").is_positive());
        assert!(parsed("1 second").is_positive());
    }
}
