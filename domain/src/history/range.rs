//! How far back a chart reaches.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Resolution;

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;
/// A chart has no room for more points than about this.
const MOST_POINTS: i64 = 500;

/// How far back a chart reaches; stands in its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Range {
    /// 24 hours.
    Day,
    /// 7 days.
    #[default]
    Week,
    /// 30 days.
    Month,
    /// 90 days.
    Quarter,
    /// 365 days.
    Year,
    /// All there is.
    All,
}

impl Range {
    /// Every range, from the shortest.
    pub const ALL: [Self; 6] = [
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
        Self::All,
    ];

    /// As it stands in addresses and on buttons.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
            Self::Year => "1y",
            Self::All => "all",
        }
    }

    /// In full, for titles and screen readers.
    pub fn label(self) -> &'static str {
        match self {
            Self::Day => "the last 24 hours",
            Self::Week => "the last 7 days",
            Self::Month => "the last 30 days",
            Self::Quarter => "the last 90 days",
            Self::Year => "the last 365 days",
            Self::All => "everything",
        }
    }

    /// How long it is, in seconds; `None` for all there is.
    pub fn length_s(self) -> Option<i64> {
        match self {
            Self::Day => Some(DAY_S),
            Self::Week => Some(7 * DAY_S),
            Self::Month => Some(30 * DAY_S),
            Self::Quarter => Some(90 * DAY_S),
            Self::Year => Some(365 * DAY_S),
            Self::All => None,
        }
    }

    /// The resolution it is read in.
    pub fn resolution(self) -> Resolution {
        match self {
            Self::Day => Resolution::Raw,
            Self::Week | Self::Month => Resolution::Hour,
            Self::Quarter | Self::Year | Self::All => Resolution::Day,
        }
    }

    /// Seconds from one point to the next, where the history reaches back this many seconds: what keeps a chart within
    /// some 500 points. A multiple of the resolution's step.
    pub fn step_s(self, reaches_back_s: i64) -> i64 {
        match self {
            Self::Day => 300,
            Self::Week => HOUR_S,
            Self::Month => 2 * HOUR_S,
            Self::Quarter | Self::Year => DAY_S,
            Self::All => DAY_S * (reaches_back_s / DAY_S / MOST_POINTS + 1),
        }
    }
}

/// A text that names no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a range: use {all}", all = Range::ALL.map(Range::as_str).join(", "))]
pub struct UnknownRange(String);

impl FromStr for Range {
    type Err = UnknownRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|range| range.as_str() == text)
            .ok_or_else(|| UnknownRange(text.to_owned()))
    }
}

impl TryFrom<String> for Range {
    type Error = UnknownRange;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Range> for String {
    fn from(range: Range) -> Self {
        range.as_str().to_owned()
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_back_from_its_address() {
        for range in Range::ALL {
            assert_eq!(range.as_str().parse(), Ok(range));
        }
        assert_eq!(
            "2d".parse::<Range>().expect_err("unknown").to_string(),
            "\"2d\" is not a range: use 24h, 7d, 30d, 90d, 1y, all"
        );
    }

    #[test]
    fn no_range_has_more_than_some_five_hundred_points() {
        for range in Range::ALL {
            for years in [1, 2, 5] {
                let back_s = range.length_s().unwrap_or(years * 365 * DAY_S);
                let step_s = range.step_s(back_s);
                assert!(back_s / step_s <= MOST_POINTS, "{range}: {}", back_s / step_s);
                assert_eq!(step_s % range.resolution().step_s(), 0, "{range}");
            }
        }
    }
}
