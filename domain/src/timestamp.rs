//! Moments. On the server they are jiff's, which knows calendars and time zones. The browser only reads, compares and shows
//! them; there jiff would be a tenth of all that is downloaded, so they are made of the smaller `time`.

#[cfg(any(test, target_family = "wasm"))]
#[cfg_attr(
    not(target_family = "wasm"),
    allow(dead_code, reason = "compared with jiff, not used")
)]
mod browser;

#[cfg(target_family = "wasm")]
pub use browser::Timestamp;
#[cfg(not(target_family = "wasm"))]
pub use jiff::Timestamp;

#[cfg(not(target_family = "wasm"))]
use self::server::moved_by_calendar;
use crate::interval::Interval;
#[cfg(target_family = "wasm")]
use browser::moved_by_calendar;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment by calendar and clock, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i32,
    /// From 1.
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

impl Civil {
    /// `Nov`.
    pub(crate) fn month_name(self) -> &'static str {
        MONTHS[usize::from(self.month - 1) % MONTHS.len()]
    }

    /// `2026-11-22`, then what stands between, then `21:23:05`.
    pub(crate) fn write(self, between: char) -> String {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        // Years before year zero are written with a sign and six digits, as RFC 3339's successors say.
        let year = if year < 0 {
            format!("{year:07}")
        } else {
            format!("{year:04}")
        };
        format!("{year}-{month:02}-{day:02}{between}{hour:02}:{minute:02}:{second:02}")
    }
}

/// The moment an interval later, in UTC as PostgreSQL adds: months first, then days, then the clock; the last day of a
/// month where it has no such day. `None` beyond what a calendar holds.
pub fn moved(at: Timestamp, by: Interval) -> Option<Timestamp> {
    /// A day of UTC.
    const DAY_US: i64 = 86_400_000_000;

    let (months, days, microseconds) = by.parts();
    // Days of UTC are all alike. A list of chunks asks this 100,000 times.
    if months == 0 {
        let by = days.checked_mul(DAY_US)?.checked_add(microseconds)?;
        return Timestamp::from_microsecond(at.as_microsecond().checked_add(by)?).ok();
    }
    let day = moved_by_calendar(at, months, days)?;
    let microsecond = day.as_microsecond().checked_add(microseconds)?;
    Timestamp::from_microsecond(microsecond).ok()
}

#[cfg(not(target_family = "wasm"))]
mod server {
    use jiff::tz::{Offset, TimeZone};
    use jiff::{Span, Timestamp};

    use super::Civil;

    impl From<Timestamp> for Civil {
        fn from(at: Timestamp) -> Self {
            let at = Offset::UTC.to_datetime(at);
            let small = |part: i8| u8::try_from(part).unwrap_or_default();
            Self {
                year: at.year().into(),
                month: small(at.month()),
                day: small(at.day()),
                hour: small(at.hour()),
                minute: small(at.minute()),
                second: small(at.second()),
            }
        }
    }

    pub(super) fn moved_by_calendar(at: Timestamp, months: i64, days: i64) -> Option<Timestamp> {
        let by = |span: Result<Span, jiff::Error>| span.ok();
        let months = by(Span::new().try_months(months))?;
        let days = by(Span::new().try_days(days))?;
        let at = at.to_zoned(TimeZone::UTC);
        Some(at.checked_add(months).ok()?.checked_add(days).ok()?.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Around the ends of months, years and the calendar, before 1970 too.
    fn seconds() -> impl Iterator<Item = i64> {
        (-400..400)
            .map(|number: i64| number * 86_400 * 13 + number * 3_607)
            .chain([-377_705_023_201, 253_402_207_200, 951_782_400, -2_203_891_200])
            // The Ides of March 44 BC, the last second before the year 0, and the first of it.
            .chain([-63_517_910_400, -62_167_219_201, -62_167_219_200])
    }

    fn both(second: i64) -> (Timestamp, browser::Timestamp) {
        (
            Timestamp::from_second(second).expect("in range"),
            browser::Timestamp::from_second(second).expect("in range"),
        )
    }

    #[test]
    fn server_and_browser_write_and_read_the_same() {
        for second in seconds() {
            let (server, browser) = both(second);
            assert_eq!(Civil::from(server), Civil::from(browser), "{second}");
            let text = server.to_string();
            assert_eq!(browser.to_string(), text);
            assert_eq!(text.parse(), Ok(browser));
        }
        for text in [
            "2026-11-02T21:04:05.5Z",
            "2026-11-02T23:04:05.000120+02:00",
            "0000-02-29T00:00:00Z",
        ] {
            let server: Timestamp = text.parse().expect("a moment");
            let browser: browser::Timestamp = text.parse().expect("a moment");
            assert_eq!(browser.to_string(), server.to_string());
            assert_eq!(browser.as_millisecond(), server.as_millisecond());
        }
        assert!("yesterday".parse::<browser::Timestamp>().is_err());
    }

    #[test]
    fn server_and_browser_count_months_and_days_alike() {
        for second in seconds() {
            let (server, browser) = both(second);
            for (months, days) in [(1, 0), (-1, 0), (25, 3), (-14, -40), (0, 1), (3, -1)] {
                let moved = moved_by_calendar(server, months, days).map(|at| at.to_string());
                let there = browser::moved_by_calendar(browser, months, days).map(|at| at.to_string());
                assert_eq!(there, moved, "{server} {months} {days}");
            }
        }
    }

    #[test]
    fn a_month_after_the_last_of_january_is_the_last_of_february() {
        let at: Timestamp = "2024-01-31T10:00:00Z".parse().expect("a moment");
        let later = moved(at, Interval::new(1, 1, 3_600_000_000)).expect("in range");
        assert_eq!(later.to_string(), "2024-03-01T11:00:00Z");
        assert_eq!(moved(at, Interval::new(i64::MAX / 2, 0, 0)), None);
    }

    #[test]
    fn calendar_and_clock_are_those_of_utc() {
        let at: Timestamp = "2026-11-02T21:04:05.5Z".parse().expect("a moment");
        let civil = Civil::from(at);
        assert_eq!(civil.write('T'), "2026-11-02T21:04:05");
        assert_eq!(civil.month_name(), "Nov");
    }
}
