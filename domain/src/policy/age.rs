//! Where on a time axis an age ends: what is handled lies before it.

use serde::{Deserialize, Serialize};

use crate::hypertable::{TimePoint, TimeSpan};
use crate::policy::facts::Facts;
use crate::policy::integer_time::IntegerClock;
use crate::policy::model::Threshold;
use crate::quantity::{minute, thousands};
use crate::timestamp::Timestamp;

/// The point that splits what a policy handles now from what it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cutoff {
    /// The point; a number on integer time.
    pub point: TimePoint,
    /// Its date; `None` on integer time whose unit is not certain.
    pub date: Option<Timestamp>,
}

impl Cutoff {
    /// Of an age, now. `None` where nobody knows what now is, or beyond the axis.
    pub fn of(threshold: Threshold, facts: &Facts<'_>) -> Option<Self> {
        match threshold.span() {
            TimeSpan::Interval(interval) => {
                let date = interval.before(facts.now)?;
                Some(Self {
                    point: TimePoint::Moment(date),
                    date: Some(date),
                })
            }
            TimeSpan::Number(number) => {
                let clock = IntegerClock::read(facts.integer_now?, facts.now);
                let value = clock.now.checked_sub(number)?;
                Some(Self {
                    point: TimePoint::Number(value),
                    date: clock.date(value),
                })
            }
        }
    }
}

/// `25 Aug 2026 12:00 UTC`; on integer time the number, with its date where that is certain.
impl std::fmt::Display for Cutoff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.point, self.date) {
            (TimePoint::Moment(at), _) => write!(f, "{} UTC", minute(at)),
            (TimePoint::Number(number), Some(date)) => write!(f, "{number} ({} UTC)", minute(date)),
            (TimePoint::Number(number), None) if number >= 0 => {
                f.write_str(&thousands(number.unsigned_abs()))
            }
            (TimePoint::Number(number), None) => write!(f, "-{}", thousands(number.unsigned_abs())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cutoff(threshold: Threshold, integer_now: Option<i64>) -> Option<String> {
        let mut facts = Facts::nothing("2026-11-23T12:00:00Z".parse().expect("a moment"));
        facts.integer_now = integer_now;
        Cutoff::of(threshold, &facts).map(|cutoff| cutoff.to_string())
    }

    #[test]
    fn a_cutoff_is_a_date_wherever_it_can_be_one() {
        let days = Threshold::After(TimeSpan::Interval("90 days".parse().expect("an interval")));
        assert_eq!(cutoff(days, None).as_deref(), Some("25 Aug 2026 12:00 UTC"));
        let number = |number| Threshold::After(TimeSpan::Number(number));
        // Seconds since 1970, an hour behind the clock.
        assert_eq!(
            cutoff(number(86_400), Some(1_795_431_600)).as_deref(),
            Some("1795345200 (22 Nov 2026 11:00 UTC)")
        );
        assert_eq!(cutoff(number(400), Some(10_000)).as_deref(), Some("9,600"));
        assert_eq!(cutoff(number(400), Some(100)).as_deref(), Some("-300"));
        assert_eq!(cutoff(number(400), None), None);
    }
}
