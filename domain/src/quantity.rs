//! Numbers as people read them: at most three significant digits and a unit, the exact value beside it.

use crate::timestamp::{Civil, Timestamp};

/// A value split into its figure and its unit, so that the unit can be set smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The figure, thousands separated.
    pub figure: String,
    /// The unit, empty for plain counts.
    pub unit: &'static str,
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.unit.is_empty() {
            f.write_str(&self.figure)
        } else {
            write!(f, "{} {}", self.figure, self.unit)
        }
    }
}

/// `1234567` as `1,234,567`.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three significant digits without trailing zeros: 1.84, 18.4, 184. For values below 1,000.
fn three_digits(value: f64) -> String {
    let decimals = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A figure that is not negative, without its fraction.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` stops at zero and at the largest integer"
)]
pub fn rounded(value: f64) -> u64 {
    value.round() as u64
}

/// Bytes with the unit people say: kB, MB, GB, TB, PB, each 1,024 of the one before, as PostgreSQL counts them.
pub fn bytes(value: u64) -> Measure {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if value < 1024 {
        return Measure {
            figure: value.to_string(),
            unit: "B",
        };
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "three digits are shown; f64 holds fifteen"
    )]
    let mut scaled = value as f64 / 1024.0;
    let mut unit = 0;
    // 999.5 would round to 1,000: the next unit says it in three digits.
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    Measure {
        figure: three_digits(scaled),
        unit: UNITS[unit],
    }
}

/// Reads bytes as people write them: `500 GB`, `1.5TB`, `1024`; each unit is 1,024 of the one before. `None` for anything
/// else, and for nothing.
pub fn read_bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (figure, unit) = text.split_at(split);
    let power = match unit.trim() {
        "" | "b" | "bytes" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return None,
    };
    let value = figure.parse::<f64>().ok()? * 1024_f64.powi(power);
    (1.0..9e18).contains(&value).then(|| rounded(value))
}

/// The exact number of bytes, for titles and screen readers.
pub fn exact_bytes(value: u64) -> String {
    format!("{} bytes", thousands(value))
}

/// Share of `before` that compression took away, in percent; `None` where nothing was there before.
pub fn saved_percent(before: u64, after: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a percentage with one decimal")]
    (before > 0).then(|| 100.0 * (1.0 - after as f64 / before as f64))
}

/// A percentage with one decimal: `92.4%`.
pub fn percent(value: f64) -> String {
    format!("{value:.1}%")
}

/// Milliseconds as an age people say: `3 s`, `12 min`, `5 h`, `4 days`.
pub fn age(age_ms: u64) -> String {
    let seconds = age_ms / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => {
            let days = seconds / 86_400;
            if days == 1 {
                "1 day".to_owned()
            } else {
                format!("{days} days")
            }
        }
    }
}

/// Milliseconds as a length people say: `850 ms`, `1.5 s`, `2.5 min`, `1 day`.
pub fn duration(ms: f64) -> String {
    const UNITS: [(f64, &str); 5] = [
        (86_400_000.0, "days"),
        (3_600_000.0, "h"),
        (60_000.0, "min"),
        (1000.0, "s"),
        (1.0, "ms"),
    ];
    let (size, unit) = UNITS
        .into_iter()
        .find(|(size, _)| ms >= *size)
        .unwrap_or((1.0, "ms"));
    let text = three_digits(ms / size);
    if text == "1" && unit == "days" {
        "1 day".to_owned()
    } else {
        format!("{text} {unit}")
    }
}

/// How long before `now` something happened, in milliseconds; 0 for the future (clocks differ).
pub fn age_ms(now: Timestamp, then: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond() - then.as_millisecond()).unwrap_or(0)
}

/// A moment in full: `2026-11-22 21:23:05 UTC`.
pub fn moment(at: Timestamp) -> String {
    format!("{} UTC", Civil::from(at).write(' '))
}

/// The time of day: `21:23:05 UTC`.
pub fn clock(at: Timestamp) -> String {
    let Civil {
        hour, minute, second, ..
    } = Civil::from(at);
    format!("{hour:02}:{minute:02}:{second:02} UTC")
}

/// A moment to the minute: `22 Nov 2026 21:04`, in UTC.
pub fn minute(at: Timestamp) -> String {
    let Civil { hour, minute, .. } = Civil::from(at);
    format!("{} {hour:02}:{minute:02}", day(at))
}

/// A day, short enough for a table: `22 Nov 2026`, in UTC.
pub fn day(at: Timestamp) -> String {
    let civil = Civil::from(at);
    format!("{} {} {}", civil.day, civil.month_name(), civil.year)
}

/// `1 table`, `2 tables`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(count), if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (3_170_004, "3,170,004"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(thousands(value), text);
        }
    }

    #[test]
    fn bytes_have_at_most_three_significant_digits() {
        for (value, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 kB"),
            (1536, "1.5 kB"),
            (1_023_000, "999 kB"),
            (1_024_000, "0.98 MB"),
            (1_048_576, "1 MB"),
            (670_040_064, "639 MB"),
            (1_975_684_956, "1.84 GB"),
            (1_099_511_627_776, "1 TB"),
        ] {
            assert_eq!(bytes(value).to_string(), text, "{value}");
        }
    }

    #[test]
    fn ages_are_told_in_one_unit() {
        for (ms, text) in [
            (0, "0 s"),
            (3_999, "3 s"),
            (60_000, "1 min"),
            (3_600_000, "1 h"),
            (86_400_000, "1 day"),
            (200_000_000, "2 days"),
        ] {
            assert_eq!(age(ms), text);
        }
    }

    #[test]
    fn lengths_are_told_in_the_largest_unit_they_fill() {
        for (ms, text) in [
            (0.0, "0 ms"),
            (12.34, "12.3 ms"),
            (850.0, "850 ms"),
            (1500.0, "1.5 s"),
            (150_000.0, "2.5 min"),
            (86_400_000.0, "1 day"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }

    #[test]
    fn nothing_compressed_has_no_percentage() {
        assert_eq!(saved_percent(0, 0), None);
        assert_eq!(saved_percent(1000, 76).map(percent).as_deref(), Some("92.4%"));
    }

    #[test]
    fn a_moment_in_the_future_is_no_age() {
        let now = Timestamp::from_second(100).expect("in range");
        let then = Timestamp::from_second(160).expect("in range");
        assert_eq!(age_ms(now, then), 0);
        assert_eq!(age_ms(then, now), 60_000);
    }
}
