//! From the catalog's numbers to places and spans on a hypertable's time axis.

use domain::hypertable::{ChunkRange, TimePoint, TimeSpan};
use domain::interval::Interval;
use jiff::Timestamp;

/// PostgreSQL's earliest timestamp, which TimescaleDB takes for the beginning of time.
const BEGINNING_OF_TIME_US: i64 = -210_866_803_200_000_000;

/// A policy's age: an interval, or a number on integer time.
pub(super) fn span(text: &str) -> Option<TimeSpan> {
    text.parse::<i64>()
        .map(TimeSpan::Number)
        .or_else(|_| text.parse::<Interval>().map(TimeSpan::Interval))
        .ok()
}

/// The catalog's length of a range dimension.
pub(super) fn length(value: i64, integer_time: bool) -> TimeSpan {
    if integer_time {
        TimeSpan::Number(value)
    } else {
        TimeSpan::Interval(Interval::from_microseconds(value))
    }
}

/// A place on the time axis. TimescaleDB's time is microseconds since 1970; its ends of time mean "open".
pub(super) fn point(value: i64, integer_time: bool) -> Option<TimePoint> {
    if value == i64::MIN || value == i64::MAX {
        None
    } else if integer_time {
        Some(TimePoint::Number(value))
    } else if value <= BEGINNING_OF_TIME_US {
        None
    } else {
        moment(value).map(TimePoint::Moment)
    }
}

/// The watermark of a continuous aggregate; `None` while nothing is materialized.
pub(super) fn watermark(value: i64, integer_time: bool) -> Option<TimePoint> {
    // Without a bucket it is the smallest value of the column's type.
    let is_nothing = integer_time && [i64::from(i32::MIN), i64::from(i16::MIN)].contains(&value);
    point(value, integer_time).filter(|_| !is_nothing)
}

/// A chunk's range; `None` where an end of it is open.
pub(super) fn range(start: Option<i64>, end: Option<i64>, integer_time: bool) -> Option<ChunkRange> {
    start
        .and_then(|start| point(start, integer_time))
        .zip(end.and_then(|end| point(end, integer_time)))
        .map(|(start, end)| ChunkRange { start, end })
}

/// Microseconds since 1970.
pub(super) fn moment(microseconds: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(microseconds).ok()
}

/// Milliseconds since 1970.
pub(super) fn moment_ms(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

/// A count of the server's, which is never negative.
pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The same, of a smaller one.
pub(super) fn small_count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_age_is_an_interval_or_a_number() {
        assert_eq!(span("7 days"), Some(TimeSpan::Interval(Interval::new(0, 7, 0))));
        assert_eq!(
            span("01:00:00"),
            Some(TimeSpan::Interval(Interval::new(0, 0, 3_600_000_000)))
        );
        assert_eq!(span("86400"), Some(TimeSpan::Number(86_400)));
        assert_eq!(span("soon"), None);
    }

    #[test]
    fn an_open_end_of_time_is_no_point() {
        assert_eq!(point(i64::MIN, false), None);
        assert_eq!(point(BEGINNING_OF_TIME_US, false), None);
        assert_eq!(point(0, false), Some(TimePoint::Moment(Timestamp::UNIX_EPOCH)));
        assert_eq!(point(42, true), Some(TimePoint::Number(42)));
    }

    #[test]
    fn a_watermark_at_the_smallest_value_means_nothing_is_materialized() {
        assert_eq!(watermark(BEGINNING_OF_TIME_US, false), None);
        assert_eq!(watermark(i64::from(i32::MIN), true), None);
        assert_eq!(watermark(7, true), Some(TimePoint::Number(7)));
    }
}
