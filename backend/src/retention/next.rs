//! When a table is due next.

use domain::interval::Interval;
use domain::policy::{AgePolicy, Schedule};
use domain::table_name::TableName;
use domain::timestamp::moved;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnection;

/// After a failure the next attempt follows after this, and after another failure after twice as long, and so on: what the
/// server's own jobs do.
const RETRY_PERIOD_S: i64 = 5 * 60;
const LONGEST_BACKOFF: i64 = 20;
/// A failing job waits at most so many of its intervals.
const INTERVALS_OF_BACKOFF: i64 = 5;
/// Runs that were missed are made up for within this, and within a tenth of their interval.
const SPREAD_S: i64 = 10 * 60;
/// A run this late was missed: the console was not there. Longer than what is missed is put off, so that a console which is
/// started again and again does not put it off for ever.
pub(super) const MISSED_AFTER_S: i64 = 15 * 60;

/// By schedule, after a run that ended.
pub(super) async fn by_schedule(
    connection: Option<&mut PgConnection>,
    schedule: &Schedule,
    due: Timestamp,
    ended: Timestamp,
) -> Timestamp {
    let anchor = schedule.initial_start.unwrap_or(due);
    if let (true, Some(zone), Some(connection)) = (schedule.fixed, &schedule.timezone, connection) {
        match by_local_clock(connection, schedule, zone, anchor, ended).await {
            Ok(at) => return at,
            Err(error) => {
                tracing::warn!(%error, zone, "the database cannot read a clock in this time zone; UTC is taken instead");
            }
        }
    }
    schedule.start_after(ended, anchor)
}

/// The database knows time zones; the console asks it to read clocks there.
async fn by_local_clock(
    connection: &mut PgConnection,
    schedule: &Schedule,
    zone: &str,
    anchor: Timestamp,
    ended: Timestamp,
) -> Result<Timestamp, sqlx::Error> {
    let anchor = read_clock(connection, zone, anchor).await?;
    let mut local = read_clock(connection, zone, ended).await?;
    for _ in 0..4 {
        local = schedule.start_after(local, anchor);
        let at = moment_of(connection, zone, local).await?;
        // In the hour that comes twice, a later reading can be an earlier moment.
        if at > ended {
            return Ok(at);
        }
    }
    Ok(schedule.start_after(ended, anchor))
}

fn moment(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::MAX)
}

async fn read_clock(
    connection: &mut PgConnection,
    zone: &str,
    at: Timestamp,
) -> Result<Timestamp, sqlx::Error> {
    let local: i64 = sqlx::query_scalar(
        "select (extract(epoch from ('epoch'::timestamptz + $1::int8 * interval '1 microsecond') at time zone $2)
           * 1000000)::int8",
    )
    .bind(at.as_microsecond())
    .bind(zone)
    .fetch_one(connection)
    .await?;
    Ok(moment(local))
}

async fn moment_of(
    connection: &mut PgConnection,
    zone: &str,
    local: Timestamp,
) -> Result<Timestamp, sqlx::Error> {
    let at: i64 = sqlx::query_scalar(
        "select (extract(epoch from ('epoch'::timestamp + $1::int8 * interval '1 microsecond') at time zone $2)
           * 1000000)::int8",
    )
    .bind(local.as_microsecond())
    .bind(zone)
    .fetch_one(connection)
    .await?;
    Ok(moment(at))
}

fn seconds_after(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

/// After so many failures in a row, the one that just ended among them; never after the next of its fixed times.
pub(super) fn after_failure(
    schedule: &Schedule,
    failures: u32,
    ended: Timestamp,
    by_schedule: Timestamp,
) -> Timestamp {
    let backoff = RETRY_PERIOD_S * i64::from(failures).clamp(1, LONGEST_BACKOFF);
    let interval_s = schedule.interval.approximate_microseconds() / 1_000_000;
    let longest = interval_s.saturating_mul(INTERVALS_OF_BACKOFF).max(1);
    let at = seconds_after(ended, backoff.min(longest));
    if schedule.fixed { at.min(by_schedule) } else { at }
}

/// After a run whose time was over: it goes on after a rest as long as the run, or when it would anyway.
pub(super) fn after_a_rest(policy: &AgePolicy, ended: Timestamp, by_schedule: Timestamp) -> Timestamp {
    moved(ended, policy.schedule.max_runtime)
        .unwrap_or(by_schedule)
        .min(by_schedule)
}

/// When a run that was missed is made up for: soon, and each table at a time of its own.
pub(super) fn made_up_at(database: &str, table: &TableName, every: Interval, now: Timestamp) -> Timestamp {
    let tenth_s = every.approximate_microseconds() / 10_000_000;
    let window_s = SPREAD_S.min(tenth_s).max(1);
    let digest = Sha256::digest(format!("{database} {}", table.qualified()));
    let mut first = [0; 4];
    first.copy_from_slice(&digest[..4]);
    seconds_after(now, i64::from(u32::from_be_bytes(first)) % window_s)
}

#[cfg(test)]
mod tests {
    use domain::policy::PolicyKind;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn failures_wait_longer_and_longer_but_never_past_a_fixed_time() {
        let mut schedule = Schedule::default_for(PolicyKind::Retention, None);
        let ended = at("2026-11-23T02:00:00Z");
        let regular = at("2026-11-23T02:20:00Z");
        for (failures, fixed, next) in [
            (1, false, "2026-11-23T02:05:00Z"),
            (3, false, "2026-11-23T02:15:00Z"),
            (5, false, "2026-11-23T02:25:00Z"),
            (5, true, "2026-11-23T02:20:00Z"),
            (500, false, "2026-11-23T03:40:00Z"),
        ] {
            schedule.fixed = fixed;
            assert_eq!(
                after_failure(&schedule, failures, ended, regular),
                at(next),
                "{failures}"
            );
        }
        schedule.fixed = false;
        schedule.interval = "10 seconds".parse().expect("an interval");
        assert_eq!(
            after_failure(&schedule, 9, ended, regular),
            at("2026-11-23T02:00:50Z")
        );
    }

    #[test]
    fn what_was_missed_is_made_up_for_at_different_times_that_are_always_the_same() {
        let now = at("2026-11-23T02:00:00Z");
        let day = "1 day".parse().expect("an interval");
        let when = |name: &str| made_up_at("factory", &TableName::new("public", name), day, now);
        let mut times: Vec<Timestamp> = (0..50).map(|number| when(&format!("t{number}"))).collect();
        assert!(
            times
                .iter()
                .all(|time| *time >= now && *time < seconds_after(now, SPREAD_S))
        );
        times.sort_unstable();
        times.dedup();
        assert!(times.len() > 40);
        assert_eq!(when("t1"), when("t1"));
        let minute = "1 minute".parse().expect("an interval");
        let soon = made_up_at("factory", &TableName::new("public", "t1"), minute, now);
        assert!(soon < seconds_after(now, 6));
    }
}
