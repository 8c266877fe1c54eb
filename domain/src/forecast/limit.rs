//! When a limit is reached.

use serde::{Deserialize, Serialize};

use super::{MONTH_S, Monthly, Trend};

/// How far a forecast looks ahead, in seconds: five years. Beyond, a date would be a guess.
pub const LOOKED_AHEAD_S: i64 = 5 * 365 * 86_400;

/// When a limit is reached, in seconds since 1970, UTC. `None` is not within five years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It is reached now.
    Already,
    /// Not within five years, even if it grows as fast as can be expected.
    NotWithinFiveYears,
    /// It may be.
    Within {
        /// If it grows as fast as can be expected, counted from the highest value of late.
        earliest_s: i64,
        /// If it goes on as it did.
        likely_s: Option<i64>,
        /// If it grows as slowly as can be expected.
        latest_s: Option<i64>,
    },
}

/// Where and when growth ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// When, in seconds since 1970, UTC.
    pub at_s: i64,
    /// Where, in the measure's unit, by the best guess.
    pub level: f64,
}

/// Where something that grows stops growing because retention drops as much as comes in; `None` where it goes on, where
/// that is more than five years ahead, or where it does not grow to begin with.
pub fn plateau(trend: &Trend) -> Option<Plateau> {
    let paces = trend.paces();
    let (at_s, last) = *paces.last()?;
    // What is left of the growth is less than anybody could tell.
    let goes_on = last.likely > trend.monthly.likely / 100.0;
    let is_far = at_s - trend.at_s > LOOKED_AHEAD_S;
    if trend.settling.is_empty() || trend.monthly.likely <= 0.0 || goes_on || is_far {
        return None;
    }
    let grown: f64 = paces
        .windows(2)
        .map(|pair| pair[0].1.likely / MONTH_S * seconds(pair[1].0 - pair[0].0))
        .sum();
    Some(Plateau {
        at_s,
        level: trend.level + grown,
    })
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in f64")]
fn seconds(whole: i64) -> f64 {
    whole as f64
}

/// When something that grows like this reaches a limit, in the measure's unit.
pub fn reach(trend: &Trend, limit: f64) -> Reach {
    if trend.level >= limit {
        return Reach::Already;
    }
    let paces = trend.paces();
    let after = |mut level: f64, of: fn(&Monthly) -> f64| {
        for (index, (from_s, monthly)) in paces.iter().enumerate() {
            let pace = of(monthly) / MONTH_S;
            let until_s = paces.get(index + 1).map(|(until_s, _)| *until_s);
            let lasts_s = seconds(until_s.unwrap_or(trend.at_s + LOOKED_AHEAD_S) - from_s);
            let wait_s = ((limit - level).max(0.0) / pace).ceil();
            if pace > 0.0 && wait_s <= lasts_s {
                #[expect(clippy::cast_possible_truncation, reason = "below five years")]
                return Some(from_s + wait_s as i64).filter(|at_s| at_s - trend.at_s <= LOOKED_AHEAD_S);
            }
            level += pace * lasts_s;
        }
        None
    };
    // A peak that is not below the limit reaches it again, whatever the trend.
    let earliest = if trend.peak >= limit {
        Some(trend.at_s)
    } else {
        after(trend.peak, |monthly| monthly.high)
    };
    match earliest {
        None => Reach::NotWithinFiveYears,
        Some(earliest_s) => Reach::Within {
            earliest_s,
            likely_s: after(trend.level, |monthly| monthly.likely),
            latest_s: after(trend.level, |monthly| monthly.low),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Basis, Monthly, Settling};

    fn trend(low: f64, likely: f64, high: f64) -> Trend {
        Trend {
            monthly: Monthly { low, likely, high },
            level: 100.0,
            peak: 110.0,
            at_s: 1_000,
            basis: Basis::Chunks { chunks: 3 },
            settling: Vec::new(),
        }
    }

    fn settling(after_months: i64, low: f64, likely: f64, high: f64) -> Settling {
        Settling {
            at_s: 1_000 + after_months * MONTH,
            monthly: Monthly { low, likely, high },
        }
    }

    const MONTH: i64 = 2_629_800;

    #[test]
    fn a_limit_is_reached_earliest_from_the_peak_and_likely_from_the_level() {
        assert_eq!(
            reach(&trend(5.0, 10.0, 20.0), 130.0),
            Reach::Within {
                earliest_s: 1_000 + MONTH,
                likely_s: Some(1_000 + 3 * MONTH),
                latest_s: Some(1_000 + 6 * MONTH),
            }
        );
    }

    #[test]
    fn what_may_not_grow_has_no_latest_date() {
        assert_eq!(
            reach(&trend(-1.0, 0.0, 20.0), 130.0),
            Reach::Within {
                earliest_s: 1_000 + MONTH,
                likely_s: None,
                latest_s: None,
            }
        );
    }

    #[test]
    fn what_shrinks_or_is_too_far_away_is_not_within_five_years() {
        assert_eq!(reach(&trend(-3.0, -2.0, -1.0), 130.0), Reach::NotWithinFiveYears);
        assert_eq!(reach(&trend(1.0, 1.0, 1.0), 1_000.0), Reach::NotWithinFiveYears);
        let within = reach(&trend(1.0, 1.0, 1.0), 150.0);
        assert!(
            matches!(
                within,
                Reach::Within {
                    latest_s: Some(_),
                    ..
                }
            ),
            "{within:?}"
        );
    }

    #[test]
    fn a_limit_below_the_level_is_reached_and_one_below_the_peak_may_be_again_now() {
        assert_eq!(reach(&trend(1.0, 1.0, 1.0), 100.0), Reach::Already);
        assert_eq!(
            reach(&trend(-3.0, -2.0, -1.0), 105.0),
            Reach::Within {
                earliest_s: 1_000,
                likely_s: None,
                latest_s: None
            }
        );
    }

    #[test]
    fn what_retention_keeps_levels_off_and_a_limit_above_is_not_reached() {
        let trend = Trend {
            settling: vec![settling(2, 5.0, 10.0, 20.0)],
            ..trend(5.0, 10.0, 20.0)
        };
        let plateau = plateau(&trend).expect("it levels off");
        assert_eq!(plateau.at_s, 1_000 + 2 * MONTH);
        assert!((plateau.level - 120.0).abs() < 1e-9, "{plateau:?}");
        assert_eq!(reach(&trend, 151.0), Reach::NotWithinFiveYears);
        assert_eq!(
            reach(&trend, 115.0),
            Reach::Within {
                earliest_s: 1_000 + MONTH / 4,
                likely_s: Some(1_000 + MONTH + MONTH / 2),
                latest_s: None,
            }
        );
    }

    #[test]
    fn what_settles_already_does_not_grow_at_all() {
        let trend = Trend {
            settling: vec![settling(-3, 5.0, 10.0, 20.0)],
            ..trend(5.0, 10.0, 20.0)
        };
        let plateau = plateau(&trend).expect("it has levelled off");
        assert_eq!(plateau.at_s, trend.at_s);
        assert!((plateau.level - 100.0).abs() < 1e-9);
        assert_eq!(reach(&trend, 111.0), Reach::NotWithinFiveYears);
    }

    #[test]
    fn where_part_of_the_growth_ends_the_rest_goes_on_more_slowly() {
        let trend = Trend {
            settling: vec![settling(1, 8.0, 8.0, 8.0)],
            ..trend(10.0, 10.0, 10.0)
        };
        assert_eq!(plateau(&trend), None);
        // 10 in the first month, 2 in each that follows.
        let Reach::Within { likely_s, .. } = reach(&trend, 120.0) else {
            panic!("reached");
        };
        assert_eq!(likely_s, Some(1_000 + 6 * MONTH));
    }
}
