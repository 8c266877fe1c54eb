//! How much history is kept: every bound in one place.

const DAY_S: i64 = 86_400;

/// How long samples are kept in each resolution, and how many series there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Samples of a minute, in seconds.
    pub minutes_kept_s: i64,
    /// Points of an hour, in seconds.
    pub hours_kept_s: i64,
    /// Points of a day, in seconds.
    pub days_kept_s: i64,
    /// Series of all databases together. 3,000 hypertables have some 30,000.
    pub most_series: usize,
    /// Series thinned in one transaction.
    pub series_at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            minutes_kept_s: 2 * DAY_S,
            hours_kept_s: 60 * DAY_S,
            days_kept_s: 5 * 365 * DAY_S,
            most_series: 30_000,
            series_at_once: 4_000,
        }
    }
}

/// An hour or a day is thinned this long after its end, in seconds: what comes late still finds its place.
pub(crate) const SETTLED_AFTER_S: i64 = 300;
/// A series that was seen within this, in seconds, does not make room for another.
pub(crate) const IN_USE_FOR_S: i64 = 2 * 3_600;
