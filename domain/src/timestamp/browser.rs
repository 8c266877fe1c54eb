//! What the browser needs of jiff's `Timestamp`, by the same names.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, Month, OffsetDateTime};

use super::Civil;

const NANOS: i128 = 1_000_000_000;
/// Years that leap years repeat in, often enough to lead from any negative year to one of four digits.
const LEAP_CYCLES: i32 = 25 * 400;
const DAY_SECONDS: i64 = 86_400;
const NANOS_IN_MILLI: i128 = 1_000_000;
const NANOS_IN_MICRO: i128 = 1_000;

/// A moment, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i128);

/// What is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTimestamp;

impl fmt::Display for NoTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no moment by RFC 3339, or one beyond the calendar")
    }
}

impl std::error::Error for NoTimestamp {}

impl Timestamp {
    /// The first moment there is.
    pub const MIN: Self = Self(-377_705_023_201 * NANOS);
    /// The last.
    pub const MAX: Self = Self(253_402_207_200 * NANOS + 999_999_999);
    /// The beginning of 1970.
    pub const UNIX_EPOCH: Self = Self(0);

    /// From seconds since 1970.
    pub fn from_second(second: i64) -> Result<Self, NoTimestamp> {
        Self::checked(i128::from(second) * NANOS)
    }

    /// From microseconds since 1970.
    pub fn from_microsecond(microsecond: i64) -> Result<Self, NoTimestamp> {
        Self::checked(i128::from(microsecond) * NANOS_IN_MICRO)
    }

    /// Seconds since 1970.
    pub fn as_second(self) -> i64 {
        whole(self.0 / NANOS)
    }

    /// Milliseconds since 1970.
    pub fn as_millisecond(self) -> i64 {
        whole(self.0 / NANOS_IN_MILLI)
    }

    /// Microseconds since 1970.
    pub fn as_microsecond(self) -> i64 {
        whole(self.0 / NANOS_IN_MICRO)
    }

    fn checked(nanos: i128) -> Result<Self, NoTimestamp> {
        let at = Self(nanos);
        (Self::MIN..=Self::MAX)
            .contains(&at)
            .then_some(at)
            .ok_or(NoTimestamp)
    }
}

/// Whole units of what lies within the calendar.
fn whole(units: i128) -> i64 {
    i64::try_from(units).unwrap_or_default()
}

fn calendar(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(at.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

impl From<Timestamp> for Civil {
    fn from(at: Timestamp) -> Self {
        let at = calendar(at);
        Self {
            year: at.year(),
            month: at.month().into(),
            day: at.day(),
            hour: at.hour(),
            minute: at.minute(),
            second: at.second(),
        }
    }
}

pub(super) fn moved_by_calendar(at: Timestamp, months: i64, days: i64) -> Option<Timestamp> {
    let at = calendar(at);
    let month = i64::from(at.year()) * 12 + i64::from(u8::from(at.month())) - 1;
    let month = month.checked_add(months)?;
    let year = i32::try_from(month.div_euclid(12)).ok()?;
    let month = Month::try_from(u8::try_from(month.rem_euclid(12)).ok()? + 1).ok()?;
    let day = at.day().min(month.length(year));
    let day = Date::from_calendar_date(year, month, day).ok()?;
    let there = at
        .replace_date(day)
        .checked_add(Duration::seconds(days.checked_mul(DAY_SECONDS)?))?;
    Timestamp::checked(there.unix_timestamp_nanos()).ok()
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Civil::from(*self).write('T'))?;
        let nanos = self.0.rem_euclid(NANOS);
        if nanos > 0 {
            write!(f, ".{}", format!("{nanos:09}").trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl FromStr for Timestamp {
    type Err = NoTimestamp;

    fn from_str(text: &str) -> Result<Self, NoTimestamp> {
        let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NoTimestamp);
        let at = match text.strip_prefix('-') {
            None => parse(text)?,
            // RFC 3339 knows no years before zero: read as the same day of a later year, with as many leap years between.
            Some(unsigned) => {
                let (year, rest) = unsigned.split_once('-').ok_or(NoTimestamp)?;
                let year = -year.parse::<i32>().map_err(|_| NoTimestamp)?;
                parse(&format!("{:04}-{rest}", year + LEAP_CYCLES))?
                    .replace_year(year)
                    .map_err(|_| NoTimestamp)?
            }
        };
        Self::checked(at.unix_timestamp_nanos())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
