//! What the values of a chart are, and how people read them.

use domain::quantity;
use serde::{Deserialize, Serialize};

/// The unit of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes, shown as kB, MB, GB.
    Bytes,
    /// Plain counts.
    Count,
    /// Rows in a second.
    RowsPerSecond,
    /// Milliseconds, shown as ms, s, min, h.
    Milliseconds,
}

impl Unit {
    /// Three digits and the unit: `1.84 GB`, `1,176 rows/s`, `2.5 min`.
    pub fn write(self, value: f64) -> String {
        let sign = if value < 0.0 { "−" } else { "" };
        let size = whole(value);
        let text = match self {
            Self::Bytes => quantity::bytes(size).to_string(),
            Self::Count => count(value),
            Self::RowsPerSecond => format!("{} rows/s", count(value)),
            Self::Milliseconds => quantity::duration(value.abs()),
        };
        format!("{sign}{text}")
    }

    /// The value to the last digit where that says more: `1,975,684,956 bytes`.
    pub fn write_exact(self, value: f64) -> String {
        let sign = if value < 0.0 { "−" } else { "" };
        match self {
            Self::Bytes => format!("{sign}{}", quantity::exact_bytes(whole(value))),
            Self::Milliseconds => format!("{sign}{} ms", quantity::thousands(whole(value))),
            Self::Count | Self::RowsPerSecond => self.write(value),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative; `as` stops at the largest integer"
)]
fn whole(value: f64) -> u64 {
    (value.abs() + 0.5).floor() as u64
}

fn count(value: f64) -> String {
    let value = value.abs();
    if value < 10.0 && value > value.floor() {
        trimmed(value, 2)
    } else {
        quantity::thousands(whole(value))
    }
}

/// Rounded to so many decimals, without zeros at the end.
fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_people_read_them() {
        for (unit, value, text) in [
            (Unit::Bytes, 1_975_684_956.0, "1.84 GB"),
            (Unit::Bytes, -1_048_576.0, "−1 MB"),
            (Unit::Bytes, 0.0, "0 B"),
            (Unit::Count, 1088.0, "1,088"),
            (Unit::Count, 0.25, "0.25"),
            (Unit::RowsPerSecond, 1176.4, "1,176 rows/s"),
            (Unit::Milliseconds, 0.0, "0 ms"),
            (Unit::Milliseconds, 850.0, "850 ms"),
            (Unit::Milliseconds, 1500.0, "1.5 s"),
            (Unit::Milliseconds, 150_000.0, "2.5 min"),
            (Unit::Milliseconds, 86_400_000.0, "1 day"),
            (Unit::Bytes, 1e30, "16384 PB"),
        ] {
            assert_eq!(unit.write(value), text, "{value}");
        }
        assert_eq!(Unit::Bytes.write_exact(-2048.0), "−2,048 bytes");
    }
}
