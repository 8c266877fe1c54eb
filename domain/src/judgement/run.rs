//! What a job's runs add to its outcome: paused, failing, stuck, not started.

use crate::timestamp::Timestamp;

use super::handled::ago;
use super::{Light, Outcome, PolicyVerdict};
use crate::job::{Job, JobStatistics, NextStart, RunOutcome};
use crate::job_error::Explanation;
use crate::quantity::{counted, minute};
use crate::snapshot::Snapshot;
use crate::visible::{Hidden, Visible};

/// A job that should have started this long ago waits for a worker. The scheduler looks every minute at the latest.
const NOT_STARTED_AFTER_MS: i64 = 5 * 60 * 1000;
/// A job without a visible process is taken for stuck after this, or its `max_runtime` if that is longer.
const STUCK_AFTER_MS: i64 = 15 * 60 * 1000;
/// The same where the console's role does not see processes.
const STUCK_UNSEEN_AFTER_MS: i64 = 24 * 60 * 60 * 1000;
/// After this many failures in a row nobody expects the next attempt to do better.
const FAILURES_THAT_COUNT: u64 = 2;

pub(super) fn verdict(snapshot: &Snapshot, job: &Job, now: Timestamp, outcome: Outcome) -> PolicyVerdict {
    let (light, reason, advice) = if !job.scheduled {
        paused(job, &outcome)
    } else if let Some(found) = failing(job, now, &outcome) {
        found
    } else if let Some(found) = stuck(job, now) {
        found
    } else if let Some(found) = not_started(snapshot, job, now) {
        found
    } else {
        let reason = if outcome.reason.is_empty() {
            format!("{} runs as it should.", job.title())
        } else {
            outcome.reason
        };
        (outcome.light, reason, outcome.advice)
    };
    PolicyVerdict {
        kind: job.kind,
        job_id: job.id,
        light,
        reason,
        advice,
        due: outcome.due,
        overdue: outcome.overdue,
        lag: outcome.lag,
    }
}

type Found = (Light, String, Option<String>);

/// ` 12 chunks are overdue.`, or nothing.
fn overdue(outcome: &Outcome) -> String {
    match outcome.overdue.chunks {
        0 => String::new(),
        1 => " 1 chunk is overdue.".to_owned(),
        chunks => format!(" {} are overdue.", counted(chunks, "chunk", "chunks")),
    }
}

fn paused(job: &Job, outcome: &Outcome) -> Found {
    (
        Light::Paused,
        format!("{} is paused.{}", job.title(), overdue(outcome)),
        Some("Resume the job, or remove it if it is not wanted.".to_owned()),
    )
}

/// A failure of the last run, or one that is certain to come.
fn failing(job: &Job, now: Timestamp, outcome: &Outcome) -> Option<Found> {
    let title = job.title();
    let overdue = overdue(outcome);
    if !job.owner_can_login {
        return Some((
            Light::Failing,
            format!(
                "{title} fails. Its owner {} may not log in, so the job cannot start (28000).{overdue}",
                job.owner
            ),
            Some(format!(
                "Let {} log in (ALTER ROLE … LOGIN), or give the table to a role that may.",
                job.owner
            )),
        ));
    }
    let statistics = job.statistics?;
    // While it runs, the last finished run is the one before.
    if statistics.last_outcome != Some(RunOutcome::Failed) {
        return None;
    }
    let (cause, advice) = match job.last_error() {
        Some(error) => {
            let Explanation { cause, advice } = error.explanation(job.kind);
            let code = error.sqlstate.as_deref().map(|code| format!(" ({code})"));
            let chunk = error
                .failing_chunk
                .as_deref()
                .map(|chunk| format!(" It fails on {chunk}."));
            (
                format!(
                    "{}{}: {}.{}",
                    cause.trim_end_matches('.'),
                    code.unwrap_or_default(),
                    error.quoted(),
                    chunk.unwrap_or_default()
                ),
                advice.to_owned(),
            )
        }
        None => (
            "The console's role may not see why.".to_owned(),
            Hidden::JobErrors.remedy().to_owned(),
        ),
    };
    if is_hopeless(job, &statistics) || outcome.overdue.chunks > 0 {
        return Some((
            Light::Failing,
            format!("{title} fails. {cause}{overdue}"),
            Some(advice),
        ));
    }
    let again = match job.next_start {
        NextStart::At(at) if at > now => format!(" It tries again at {} UTC.", minute(at)),
        _ => " It tries again.".to_owned(),
    };
    Some((
        Light::Late,
        format!("{title} failed once. {cause}{again} Nothing is overdue yet."),
        Some(advice),
    ))
}

fn is_hopeless(job: &Job, statistics: &JobStatistics) -> bool {
    statistics.consecutive_failures >= FAILURES_THAT_COUNT
        || statistics.last_success.is_none()
        || job.next_start == NextStart::Never
}

/// The server takes it for running, and no process of it is at work.
fn stuck(job: &Job, now: Timestamp) -> Option<Found> {
    if job.next_start != NextStart::RunningOrStuck {
        return None;
    }
    let since = job.statistics?.last_start?;
    let patience_ms = match job.is_running {
        Visible::Shown(true) => return None,
        Visible::Shown(false) => STUCK_AFTER_MS,
        Visible::Hidden(_) => STUCK_UNSEEN_AFTER_MS,
    }
    .max(job.max_runtime.approximate_microseconds() / 1000);
    (now.as_millisecond() - since.as_millisecond() > patience_ms).then(|| {
        (
            Light::Failing,
            format!(
                "{} is stuck: the server takes it for running since {} UTC, but no process of it is at work.",
                job.title(),
                minute(since)
            ),
            Some(
                "Restart TimescaleDB's background workers: SELECT _timescaledb_functions.restart_background_workers()."
                    .to_owned(),
            ),
        )
    })
}

/// Its time has come and gone.
fn not_started(snapshot: &Snapshot, job: &Job, now: Timestamp) -> Option<Found> {
    let NextStart::At(due) = job.next_start else {
        return None;
    };
    if job.is_running == Visible::Shown(true)
        || now.as_millisecond() - due.as_millisecond() <= NOT_STARTED_AFTER_MS
    {
        return None;
    }
    let workers = snapshot.health.workers;
    let (why, advice) = match workers.running {
        Visible::Shown(running) if running.schedulers + running.jobs >= workers.timescaledb_limit => (
            format!(
                "all {} background workers of TimescaleDB are in use",
                workers.timescaledb_limit
            ),
            "Raise timescaledb.max_background_workers and max_worker_processes (needs a restart), or run fewer jobs at once.",
        ),
        Visible::Shown(running) if running.schedulers == 0 => (
            "no scheduler of TimescaleDB runs".to_owned(),
            "Start it: SELECT _timescaledb_functions.start_background_workers(). If it ends again, raise \
             timescaledb.max_background_workers.",
        ),
        _ => (
            "the scheduler found no worker for it, or does not run".to_owned(),
            "Look at the server's log, and whether timescaledb.max_background_workers covers every database and job.",
        ),
    };
    Some((
        Light::Late,
        format!(
            "{} should have started {} ago and has not: {why}.",
            job.title(),
            ago(now, due)
        ),
        Some(advice.to_owned()),
    ))
}
