//! Compression and retention: which chunks should have been handled and are not.

use crate::timestamp::{Timestamp, moved};

use super::{Due, Light, NAMED_CHUNKS, Outcome, Overdue};
use crate::hypertable::{Chunk, Hypertable, TimePoint, TimeSpan};
use crate::interval::Interval;
use crate::job::{Job, JobKind, NextStart, PolicyThreshold};
use crate::quantity::{age, age_ms, bytes, counted, minute};
use crate::table_name::TableName;
use crate::visible::Visible;

/// Beside a whole schedule interval and twice the length of the last run, so that nobody is called late for seconds.
const SLACK_US: i64 = 5 * 60 * 1_000_000;

/// When a chunk is due, and when the policy has had its chance, on the table's own time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Measure {
    /// By the clock: a chunk is overdue once this much time, in microseconds, has passed since it was due.
    Clock { now: Timestamp, grace_us: i64 },
    /// By integer time: overdue once it ends this far before the place where it is due. Integer time has no clock, so
    /// the grace is the length of one chunk.
    Number { now: i64, grace: i64 },
}

/// When a chunk is due for a job, and when overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Rule {
    pub(super) kind: JobKind,
    threshold: PolicyThreshold,
    measure: Measure,
    /// Before its first run a policy has had no chance.
    has_begun: bool,
}

/// What a rule says of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It is not old enough, or done.
    Nothing,
    /// It is old enough, and was compressed once.
    WaitsForRecompression,
    /// It is old enough; the next run will handle it.
    Due,
    /// It should have been handled, and has been due for so long.
    Overdue(TimeSpan),
}

impl Rule {
    /// Where there is no rule, why. `at` is when the chunks were read.
    pub(super) fn of(job: &Job, table: &Hypertable, at: Timestamp) -> Result<Self, Unknown> {
        let Some(threshold) = job.threshold else {
            return Err(Unknown(
                "Its configuration names no age.",
                "Correct the job's configuration.",
            ));
        };
        let measure = match (threshold.after, table.integer_now) {
            (TimeSpan::Number(_), Some(Visible::Shown(now))) => Measure::Number {
                now,
                grace: match table.chunk_interval {
                    Some(TimeSpan::Number(length)) => length,
                    _ => 0,
                },
            },
            (TimeSpan::Number(_), Some(Visible::Hidden(hidden))) => {
                return Err(Unknown(
                    "What now is on its integer time axis is not known.",
                    hidden.remedy(),
                ));
            }
            (TimeSpan::Number(_), None) => {
                return Err(Unknown(
                    "It has no integer_now_func, so nothing is ever due.",
                    "Set one with set_integer_now_func.",
                ));
            }
            (TimeSpan::Interval(_), _) => Measure::Clock {
                now: at,
                grace_us: grace_us(job),
            },
        };
        Ok(Self {
            kind: job.kind,
            threshold,
            measure,
            has_begun: job
                .statistics
                .is_some_and(|statistics| statistics.last_start.is_some()),
        })
    }

    pub(super) fn of_chunk(&self, chunk: &Chunk) -> Found {
        // The cheaper question first: most chunks are long done.
        let left = what_is_left(self.kind, chunk);
        if matches!(left, Left::Nothing) {
            return Found::Nothing;
        }
        match (left, lateness(chunk, self.threshold, self.measure)) {
            (Left::Recompression, Some(_)) => Found::WaitsForRecompression,
            (Left::Everything, Some(lateness)) if lateness.has_had_its_chance && self.has_begun => {
                Found::Overdue(lateness.by)
            }
            (Left::Everything, Some(_)) => Found::Due,
            _ => Found::Nothing,
        }
    }
}

pub(super) fn outcome(job: &Job, table: &Hypertable, chunks: &[Chunk], at: Timestamp) -> Outcome {
    let rule = match Rule::of(job, table, at) {
        Ok(rule) => rule,
        Err(unknown) => return unknown.outcome(),
    };
    let mut due = Due::default();
    let mut overdue = Overdue::default();
    let mut longest: Option<TimeSpan> = None;
    for chunk in chunks {
        match rule.of_chunk(chunk) {
            Found::Nothing => {}
            Found::Due => {
                due.chunks += 1;
                due.bytes += chunk.size.total_bytes();
            }
            Found::WaitsForRecompression => overdue.wait_for_recompression += 1,
            Found::Overdue(by) => {
                overdue.chunks += 1;
                overdue.bytes += chunk.size.total_bytes();
                if overdue.oldest.len() < NAMED_CHUNKS {
                    overdue.oldest.push(TableName::new(&chunk.schema, &chunk.name));
                }
                if longest.is_none_or(|longest| longest.sort_key() < by.sort_key()) {
                    longest = Some(by);
                }
            }
        }
    }
    let after = rule.threshold.after;
    if let Some(lag) = longest {
        return Outcome {
            light: Light::Late,
            reason: late(job, &overdue, lag),
            advice: Some(advice(job, &overdue)),
            due,
            overdue,
            lag: Some(lag),
        };
    }
    let mut sentences = Vec::new();
    if due.chunks > 0 {
        sentences.push(waiting(job, due, after));
    }
    if overdue.wait_for_recompression > 0 {
        let waiting = counted(overdue.wait_for_recompression, "chunk", "chunks");
        sentences.push(format!(
            "{waiting} got rows after compression and wait to be compressed again."
        ));
    }
    if sentences.is_empty() {
        sentences.push(match (rule.has_begun, job.kind) {
            (false, _) => "It has not run yet, and nothing is due.".to_owned(),
            (true, JobKind::Retention) => format!("No chunk older than {after} is left."),
            (true, _) => format!("Every chunk older than {after} is compressed."),
        });
    }
    let reason = sentences.join(" ");
    Outcome {
        due,
        overdue,
        ..Outcome::on_time(reason)
    }
}

/// `10 chunks (1.3 MB) are older than 90 days; the first run drops them.`
fn waiting(job: &Job, due: Due, after: TimeSpan) -> String {
    let chunks = counted(due.chunks, "chunk", "chunks");
    let (are, them) = if due.chunks == 1 {
        ("is", "it")
    } else {
        ("are", "them")
    };
    let run = match job.statistics.and_then(|statistics| statistics.last_start) {
        Some(_) => "next run",
        None => "first run",
    };
    let does = match job.kind {
        JobKind::Retention => "drops",
        _ => "compresses",
    };
    let at = match job.next_start {
        NextStart::At(at) => format!(" ({} UTC)", minute(at)),
        NextStart::NotYet | NextStart::RunningOrStuck | NextStart::Never => String::new(),
    };
    format!(
        "{chunks} ({}) {are} older than {after}; the {run}{at} {does} {them}.",
        bytes(due.bytes)
    )
}

/// Why it cannot be told which chunks are due, and what would show it.
pub(super) struct Unknown(&'static str, &'static str);

impl Unknown {
    fn outcome(self) -> Outcome {
        let Self(reason, advice) = self;
        Outcome {
            light: Light::Unknown,
            advice: Some(advice.to_owned()),
            ..Outcome::on_time(reason.to_owned())
        }
    }
}

/// A whole schedule interval, the time its runs take, and a little.
pub(super) fn grace_us(job: &Job) -> i64 {
    let duration = job
        .statistics
        .and_then(|statistics| statistics.last_duration_us)
        .and_then(|duration| i64::try_from(duration).ok())
        .unwrap_or(0);
    job.schedule_interval
        .approximate_microseconds()
        .max(0)
        .saturating_add(duration.saturating_mul(2))
        .saturating_add(SLACK_US)
}

enum Left {
    Nothing,
    Recompression,
    Everything,
}

fn what_is_left(kind: JobKind, chunk: &Chunk) -> Left {
    if chunk.status.is_frozen() {
        return Left::Nothing;
    }
    match kind {
        JobKind::Retention => Left::Everything,
        _ if !chunk.is_compressed && !chunk.status.is_compressed() => Left::Everything,
        _ if chunk.status.wants_recompression() => Left::Recompression,
        _ => Left::Nothing,
    }
}

struct Lateness {
    by: TimeSpan,
    has_had_its_chance: bool,
}

/// How long a chunk has been due; `None` while it is not.
fn lateness(chunk: &Chunk, threshold: PolicyThreshold, measure: Measure) -> Option<Lateness> {
    match (measure, threshold.after) {
        (Measure::Clock { now, grace_us }, TimeSpan::Interval(after)) => {
            let counted_from = if threshold.from_creation {
                chunk.created_at?
            } else {
                match chunk.range?.end {
                    TimePoint::Moment(end) => end,
                    TimePoint::Number(_) => return None,
                }
            };
            let due_at = moved(counted_from, after)?;
            let by = now.as_microsecond().saturating_sub(due_at.as_microsecond());
            (by >= 0).then(|| Lateness {
                by: TimeSpan::Interval(Interval::from_microseconds(by)),
                has_had_its_chance: by >= grace_us,
            })
        }
        (Measure::Number { now, grace }, TimeSpan::Number(after)) => {
            let TimePoint::Number(end) = chunk.range?.end else {
                return None;
            };
            let by = now.checked_sub(after)?.checked_sub(end)?;
            (by >= 0).then_some(Lateness {
                by: TimeSpan::Number(by),
                has_had_its_chance: by >= grace,
            })
        }
        _ => None,
    }
}

/// `3 days`, or a number of the table's own units.
pub(super) fn words(span: TimeSpan) -> String {
    match span {
        TimeSpan::Interval(interval) => {
            age(u64::try_from(interval.approximate_microseconds() / 1000).unwrap_or(0))
        }
        TimeSpan::Number(number) => format!("{number} units of its time column"),
    }
}

fn late(job: &Job, overdue: &Overdue, lag: TimeSpan) -> String {
    let chunks = counted(overdue.chunks, "chunk", "chunks");
    let verb = if overdue.chunks == 1 { "is" } else { "are" };
    let left = match job.kind {
        JobKind::Retention => format!("{chunks} ({}) {verb} still there", bytes(overdue.bytes)),
        _ => format!("{chunks} ({}) {verb} not compressed", bytes(overdue.bytes)),
    };
    let running = if job.is_running == Visible::Shown(true) {
        " It is running now."
    } else {
        ""
    };
    format!(
        "{} is late: {left}, due for {} at most.{running}",
        job.title(),
        words(lag)
    )
}

fn advice(job: &Job, overdue: &Overdue) -> String {
    let first = overdue
        .oldest
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    match job.kind {
        JobKind::Retention => format!(
            "Look for a transaction that holds a lock on {first}, and whether max_runtime ({}) ends its runs too early.",
            job.max_runtime
        ),
        _ => format!(
            "Compress {first} by hand to see what keeps it from being compressed: a run that fails on some chunks calls \
             itself a success. A limit on chunks a run (maxchunks_to_compress) may be too low."
        ),
    }
}

/// For sentences: `since 3 days`.
pub(super) fn ago(now: Timestamp, then: Timestamp) -> String {
    age(age_ms(now, then))
}
