//! When a policy's job runs.

use serde::{Deserialize, Serialize};

use crate::hypertable::TimeSpan;
use crate::interval::Interval;
use crate::policy::model::PolicyKind;
use crate::timestamp::{Timestamp, moved};

const MINUTE_US: i64 = 60 * 1_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;

/// When a policy's job runs, as a person sets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Time between two starts, or between an end and the next start.
    pub interval: Interval,
    /// Whether it starts at fixed times, counted from `initial_start`; otherwise an interval after its last end.
    pub fixed: bool,
    /// What fixed times are counted from. `None` leaves it as it is, and for a new job to the plan. Without meaning where
    /// times are not fixed.
    pub initial_start: Option<Timestamp>,
    /// Time zone that days and months of the schedule are counted in; `None` for UTC.
    pub timezone: Option<String>,
    /// Longest time a run may take; zero for any.
    pub max_runtime: Interval,
    /// Whether it does not run at all.
    pub paused: bool,
}

impl Schedule {
    /// Whether it starts at the times the other does.
    pub(super) fn has_times_of(&self, other: &Self) -> bool {
        let times = |of: &Self| (of.interval, of.fixed, of.initial_start, of.paused);
        times(self) == times(other) && self.timezone == other.timezone
    }

    /// What the server would choose for a new job.
    pub fn default_for(kind: PolicyKind, chunk_interval: Option<TimeSpan>) -> Self {
        let (interval, max_runtime) = match kind {
            // Half a chunk, so that none waits for long, at most twelve hours.
            PolicyKind::Compression => {
                let half_chunk_us = match chunk_interval {
                    Some(TimeSpan::Interval(length)) => length.approximate_microseconds() / 2,
                    _ => 12 * HOUR_US,
                };
                let interval_us = half_chunk_us.clamp(MINUTE_US, 12 * HOUR_US);
                (Interval::new(0, 0, interval_us), Interval::default())
            }
            PolicyKind::Retention => (Interval::new(0, 1, 0), Interval::new(0, 0, 5 * MINUTE_US)),
            PolicyKind::Refresh => (Interval::new(0, 0, HOUR_US), Interval::default()),
        };
        Self {
            interval,
            fixed: false,
            initial_start: None,
            timezone: None,
            max_runtime,
            paused: false,
        }
    }

    /// Whether a job with the other schedule needs no change to run by this one.
    pub fn is_met_by(&self, actual: &Self) -> bool {
        self.interval == actual.interval
            && self.timezone == actual.timezone
            && self.max_runtime == actual.max_runtime
            && self.paused == actual.paused
            && !self.moves_starts_of(actual)
    }

    /// Whether the times a job starts at have to be set anew, its interval aside.
    pub(super) fn moves_starts_of(&self, actual: &Self) -> bool {
        self.fixed != actual.fixed
            || self.fixed && self.initial_start.is_some() && self.initial_start != actual.initial_start
    }

    /// When it starts next after a run that ended: at the next of its fixed times, or an interval later. Fixed times are
    /// counted from `anchor`: its initial start, or any of its starts.
    ///
    /// Where the schedule has a time zone, what goes in and comes out are readings of a clock there, written as if they
    /// were UTC: days and months are counted by that clock, so that a daily run stays at its hour when summer time begins.
    /// Who knows the zone reads the clock, and asks again from the answer where it is not after the end (the hour that
    /// comes twice).
    pub fn start_after(&self, ended: Timestamp, anchor: Timestamp) -> Timestamp {
        if !self.fixed || !self.interval.is_positive() {
            return moved(ended, self.interval).unwrap_or(ended).max(ended);
        }
        let soonest = moved(ended, Interval::new(0, 0, 1)).unwrap_or(ended);
        not_before(anchor, self.interval, soonest)
    }

    /// When a new job starts first where nobody says: at the next of its fixed times, or an interval from now. Never
    /// within seconds, which is what the server does by itself.
    pub(super) fn first_start(&self, now: Timestamp) -> Timestamp {
        match self.initial_start {
            Some(from) if self.fixed => not_before(from, self.interval, now),
            _ => moved(now, self.interval).unwrap_or(now),
        }
    }
}

/// The first moment of a series that is not before another; the moment itself where the series leads nowhere.
pub(super) fn not_before(first: Timestamp, every: Interval, moment: Timestamp) -> Timestamp {
    if first >= moment || !every.is_positive() {
        return first.max(moment);
    }
    let behind_us = moment.as_microsecond() - first.as_microsecond();
    let every_us = every.approximate_microseconds();
    let (months, days, microseconds) = every.parts();
    // Months have no fixed length: begin well before and walk.
    let mut step = behind_us / every_us - i64::from(months != 0) * (behind_us / every_us / 20 + 2);
    step = step.max(0);
    loop {
        let by = (
            months.checked_mul(step),
            days.checked_mul(step),
            microseconds.checked_mul(step),
        );
        let (Some(months), Some(days), Some(microseconds)) = by else {
            return moment;
        };
        match moved(first, Interval::new(months, days, microseconds)) {
            Some(at) if at >= moment => return at,
            Some(_) => step += 1,
            None => return moment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn every(text: &str) -> Interval {
        text.parse().expect("an interval")
    }

    #[test]
    fn a_series_goes_on_in_its_own_steps() {
        for (first, step, moment, next) in [
            (
                "2026-11-01T02:00:00Z",
                "1 day",
                "2026-11-23T01:00:00Z",
                "2026-11-23T02:00:00Z",
            ),
            (
                "2026-11-01T02:00:00Z",
                "1 day",
                "2026-11-23T02:00:00Z",
                "2026-11-23T02:00:00Z",
            ),
            (
                "2026-11-01T02:00:00Z",
                "12 hours",
                "2026-11-23T02:00:01Z",
                "2026-11-23T14:00:00Z",
            ),
            (
                "2020-01-31T00:00:00Z",
                "1 month",
                "2026-02-27T00:00:00Z",
                "2026-02-28T00:00:00Z",
            ),
            (
                "2026-12-01T00:00:00Z",
                "1 day",
                "2026-11-23T00:00:00Z",
                "2026-12-01T00:00:00Z",
            ),
        ] {
            assert_eq!(
                not_before(at(first), every(step), at(moment)),
                at(next),
                "{first} {step}"
            );
        }
    }

    #[test]
    fn a_series_that_leads_nowhere_is_at_the_moment_itself() {
        let now = at("2026-11-23T00:00:00Z");
        assert_eq!(not_before(at("2026-01-01T00:00:00Z"), every("0 days"), now), now);
    }

    #[test]
    fn fixed_times_are_kept_however_long_a_run_takes_and_others_follow_its_end() {
        let mut schedule = Schedule::default_for(PolicyKind::Retention, None);
        let anchor = at("2026-11-01T02:00:00Z");
        let ended = at("2026-11-23T05:30:00Z");
        assert_eq!(schedule.start_after(ended, anchor), at("2026-11-24T05:30:00Z"));
        schedule.fixed = true;
        assert_eq!(schedule.start_after(ended, anchor), at("2026-11-24T02:00:00Z"));
        // A run that ends at a fixed time waits for the one after it.
        assert_eq!(
            schedule.start_after(at("2026-11-24T02:00:00Z"), anchor),
            at("2026-11-25T02:00:00Z")
        );
        schedule.interval = every("1 month");
        assert_eq!(
            schedule.start_after(ended, at("2026-01-31T02:00:00Z")),
            at("2026-11-30T02:00:00Z")
        );
        schedule.interval = every("0 days");
        assert_eq!(schedule.start_after(ended, anchor), ended);
    }

    #[test]
    fn a_daily_run_keeps_its_hour_by_the_clock_of_its_zone() {
        let schedule = Schedule {
            fixed: true,
            timezone: Some("Europe/Berlin".to_owned()),
            ..Schedule::default_for(PolicyKind::Retention, None)
        };
        // 02:30 in Berlin is 01:30 UTC in winter and 00:30 UTC in summer; on clocks there it stays 02:30.
        let anchor = at("2026-10-20T02:30:00Z");
        for (ended, next) in [
            ("2026-10-24T02:31:00Z", "2026-10-25T02:30:00Z"),
            ("2026-10-25T02:31:00Z", "2026-10-26T02:30:00Z"),
        ] {
            assert_eq!(schedule.start_after(at(ended), anchor), at(next));
        }
    }

    #[test]
    fn compression_runs_twice_a_chunk_and_at_least_twice_a_day() {
        let of = |interval: &str| {
            Schedule::default_for(PolicyKind::Compression, Some(TimeSpan::Interval(every(interval)))).interval
        };
        assert_eq!(of("1 hour"), every("30 minutes"));
        assert_eq!(of("7 days"), every("12 hours"));
    }
}
