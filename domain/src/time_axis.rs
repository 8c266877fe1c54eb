//! A hypertable's time axis in whole ticks: microseconds for moments, the number itself for integer time.

use crate::timestamp::{Civil, Timestamp};
use serde::{Deserialize, Serialize};

use crate::hypertable::{TimePoint, TimeSpan};

/// What the ticks of a time axis are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeAxis {
    /// Microseconds since 1970 in UTC.
    #[default]
    Moments,
    /// Values of an integer time column, in the table's own unit.
    Numbers,
}

impl TimeAxis {
    /// The axis a point lies on.
    pub fn of(point: TimePoint) -> Self {
        match point {
            TimePoint::Moment(_) => Self::Moments,
            TimePoint::Number(_) => Self::Numbers,
        }
    }

    /// Where a point lies, in ticks.
    pub fn ticks(point: TimePoint) -> i64 {
        match point {
            TimePoint::Moment(at) => at.as_microsecond(),
            TimePoint::Number(number) => number,
        }
    }

    /// The point at these ticks; beyond the calendar, its nearest end.
    pub fn point(self, ticks: i64) -> TimePoint {
        match self {
            Self::Moments => TimePoint::Moment(moment(ticks)),
            Self::Numbers => TimePoint::Number(ticks),
        }
    }

    /// The ticks this long before `ticks`; `None` where the span is of the other kind or leads beyond the axis.
    pub fn before(self, ticks: i64, span: TimeSpan) -> Option<i64> {
        match (self, span) {
            (Self::Moments, TimeSpan::Interval(interval)) => {
                interval.before(moment(ticks)).map(Timestamp::as_microsecond)
            }
            (Self::Numbers, TimeSpan::Number(number)) => ticks.checked_sub(number),
            _ => None,
        }
    }

    /// As it stands in addresses: `2026-11-22T21:04:00Z`, or the number.
    pub fn write(self, ticks: i64) -> String {
        match self {
            Self::Moments => format!("{}Z", Civil::from(moment(ticks)).write('T')),
            Self::Numbers => ticks.to_string(),
        }
    }

    /// Reads what [`Self::write`] wrote; `None` for anything else.
    pub fn read(self, text: &str) -> Option<i64> {
        match self {
            Self::Moments => text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond),
            Self::Numbers => text.parse().ok(),
        }
    }
}

/// The moment at these microseconds; beyond the calendar, its nearest end.
pub fn moment(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(if microseconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// A part of a time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its first tick.
    pub start: i64,
    /// The tick after its last.
    pub end: i64,
}

impl Window {
    /// A window of one tick at least.
    pub fn new(start: i64, end: i64) -> Self {
        let end = end.max(start.saturating_add(1));
        // At the very end of the axis there is no room behind.
        let start = start.min(end - 1);
        Self { start, end }
    }

    /// Its length in ticks.
    pub fn ticks(self) -> u64 {
        self.end.abs_diff(self.start)
    }

    /// Whether a tick lies in it, its end included.
    pub fn holds(self, ticks: i64) -> bool {
        (self.start..=self.end).contains(&ticks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_an_address_reads_back() {
        for (axis, text) in [
            (TimeAxis::Moments, "2026-11-22T21:04:05Z"),
            (TimeAxis::Numbers, "-42"),
        ] {
            let ticks = axis.read(text).expect(text);
            assert_eq!(axis.write(ticks), text);
            assert_eq!(TimeAxis::ticks(axis.point(ticks)), ticks);
        }
        assert_eq!(TimeAxis::Moments.read("yesterday"), None);
        assert_eq!(TimeAxis::Numbers.read("2026-11-22T21:04:05Z"), None);
    }

    #[test]
    fn ticks_beyond_the_calendar_are_its_ends() {
        assert_eq!(
            TimeAxis::Moments.point(i64::MAX),
            TimePoint::Moment(Timestamp::MAX)
        );
        assert_eq!(
            TimeAxis::Moments.point(i64::MIN),
            TimePoint::Moment(Timestamp::MIN)
        );
    }

    #[test]
    fn a_span_of_the_other_kind_leads_nowhere() {
        assert_eq!(TimeAxis::Numbers.before(100, TimeSpan::Number(30)), Some(70));
        assert_eq!(TimeAxis::Moments.before(100, TimeSpan::Number(30)), None);
        assert_eq!(TimeAxis::Numbers.before(i64::MIN, TimeSpan::Number(1)), None);
    }

    #[test]
    fn a_window_is_never_empty_nor_backwards() {
        for (start, end) in [(5, 5), (5, 3), (i64::MAX, i64::MAX), (i64::MIN, i64::MAX)] {
            let window = Window::new(start, end);
            assert!(window.start < window.end, "{start}..{end}");
            assert!(window.ticks() > 0);
        }
    }
}
