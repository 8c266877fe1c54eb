//! Continuous aggregates: how far what is materialized is behind what the policy should have materialized.

use crate::timestamp::Timestamp;

use super::handled::{grace_us, words};
use super::lookup::Lookup;
use super::{Light, Outcome};
use crate::continuous_aggregate::RefreshPolicy;
use crate::hypertable::{TimePoint, TimeSpan};
use crate::interval::Interval;
use crate::job::Job;
use crate::visible::Visible;

pub(super) fn outcome(lookup: &Lookup<'_>, job: &Job, now: Timestamp) -> Outcome {
    let Some((aggregate, policy)) = lookup.refreshed_by(job) else {
        return Outcome::on_time("What it refreshes is not known.".to_owned());
    };
    let has_succeeded = job
        .statistics
        .is_some_and(|statistics| statistics.last_success.is_some());
    if !has_succeeded {
        return Outcome::on_time("It has not run yet.".to_owned());
    }
    let (source, chunks) = lookup.table(&aggregate.source).unzip();
    // A chunk is created by the first row in it: up to where the newest one begins there surely is something.
    let newest = chunks
        .unwrap_or_default()
        .iter()
        .rev()
        .filter(|chunk| chunk.rows > 0)
        .find_map(|chunk| chunk.range);
    let (Some(newest), Some(watermark)) = (newest, aggregate.watermark) else {
        return Outcome::on_time("There is nothing to refresh.".to_owned());
    };
    let bucket = aggregate.bucket_width;
    match (watermark, newest.start, newest.end) {
        (TimePoint::Moment(watermark), TimePoint::Moment(start), TimePoint::Moment(end)) => {
            let Some((from, to)) = window(policy, now) else {
                return Outcome::on_time(String::new());
            };
            let bucket = span_us(bucket);
            let surely = to.min(start);
            let behind = surely.as_microsecond() - watermark.as_microsecond() - bucket;
            if start >= from && behind > grace_us(job) {
                let lag = to.min(end).as_microsecond() - watermark.as_microsecond();
                return late(
                    job,
                    TimeSpan::Interval(Interval::from_microseconds(whole_seconds(lag))),
                );
            }
            Outcome::on_time(format!(
                "It is materialized up to {}.",
                crate::quantity::minute(watermark)
            ))
        }
        (TimePoint::Number(watermark), TimePoint::Number(start), TimePoint::Number(_)) => {
            let now = match source.and_then(|source| source.integer_now) {
                Some(Visible::Shown(now)) => now,
                Some(Visible::Hidden(hidden)) => {
                    return Outcome {
                        light: Light::Unknown,
                        advice: Some(hidden.remedy().to_owned()),
                        ..Outcome::on_time("What now is on its integer time axis is not known.".to_owned())
                    };
                }
                None => return Outcome::on_time(format!("It is materialized up to {watermark}.")),
            };
            let offset = |offset: Option<TimeSpan>| match offset {
                Some(TimeSpan::Number(offset)) => Some(now.saturating_sub(offset)),
                _ => None,
            };
            let from = offset(policy.start_offset).unwrap_or(i64::MIN);
            let to = offset(policy.end_offset).unwrap_or(i64::MAX);
            let grace =
                number(bucket).saturating_add(number(source.and_then(|source| source.chunk_interval)));
            let behind = to.min(start).saturating_sub(watermark);
            if start >= from && behind > grace {
                return late(job, TimeSpan::Number(behind));
            }
            Outcome::on_time(format!("It is materialized up to {watermark}."))
        }
        _ => Outcome::on_time(String::new()),
    }
}

/// Begin and end of what the policy keeps up to date, as of now.
fn window(policy: &RefreshPolicy, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let before = |offset: Option<TimeSpan>, open: Timestamp| match offset {
        Some(TimeSpan::Interval(offset)) => offset.before(now),
        _ => Some(open),
    };
    Some((
        before(policy.start_offset, Timestamp::MIN)?,
        before(policy.end_offset, now)?,
    ))
}

fn span_us(span: Option<TimeSpan>) -> i64 {
    match span {
        Some(TimeSpan::Interval(interval)) => interval.approximate_microseconds(),
        _ => 0,
    }
}

fn number(span: Option<TimeSpan>) -> i64 {
    match span {
        Some(TimeSpan::Number(number)) => number,
        _ => 0,
    }
}

fn whole_seconds(microseconds: i64) -> i64 {
    microseconds / 1_000_000 * 1_000_000
}

fn late(job: &Job, lag: TimeSpan) -> Outcome {
    Outcome {
        light: Light::Late,
        reason: format!(
            "{} is late: {} of what its window covers is not materialized.",
            job.title(),
            words(lag)
        ),
        advice: Some(
            "Look whether its runs take longer than its schedule, and whether a transaction holds a lock on it."
                .to_owned(),
        ),
        lag: Some(lag),
        ..Outcome::nothing()
    }
}
