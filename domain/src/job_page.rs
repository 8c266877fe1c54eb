//! What the page about one job shows.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fact::Fact;
use crate::interval::Interval;
use crate::job::{Job, JobKind, NextStart, RunOutcome};
use crate::job_error::{Explanation, JobError};
use crate::job_list::job_table;
use crate::judgement::{Light, Overdue, PolicyVerdict};
use crate::quantity::{age, age_ms, bytes, counted, duration, moment, thousands};
use crate::reading::Seen;
use crate::table_name::TableName;
use crate::visible::Visible;
use crate::when::When;

/// One job with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPage {
    /// Its number.
    pub id: i32,
    /// What it does.
    pub title: String,
    /// What is true of it; `None` for TimescaleDB's own jobs that are nobody's concern.
    pub verdict: Option<JobVerdict>,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Whether operators may run and pause it.
    pub is_routine: bool,
    /// The table or continuous aggregate it works on.
    pub table: Option<TableName>,
    /// The role it runs as.
    pub owner: String,
    /// Whether that role may log in.
    pub owner_can_login: bool,
    /// When it starts next.
    pub next: When,
    /// Its last run; `None` where it has never run.
    pub last: Option<LastRun>,
    /// How it is scheduled and what it runs.
    pub facts: Vec<Fact>,
    /// What the server counted of its runs; empty where it has never run.
    pub runs: Vec<Fact>,
    /// Its configuration, a JSON object.
    pub config: Option<String>,
    /// What it should have handled and has not; `None` where nothing is overdue.
    pub overdue: Option<OverdueWords>,
    /// How many older failures the server counted; 0 where all are shown.
    pub further_failures: u64,
    /// Its newest failures, newest first.
    pub failures: Visible<Vec<FailedRun>>,
}

/// What is true of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobVerdict {
    /// The truth.
    pub light: Light,
    /// Why, in a sentence or two.
    pub reason: String,
    /// What to do; `None` where there is nothing to do.
    pub advice: Option<String>,
}

/// The last run of a job in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// When it started; `None` where the server does not say.
    pub started: Option<When>,
    /// How the last finished run ended; `None` while none has.
    pub outcome: Option<RunOutcome>,
    /// How long the last finished run took.
    pub took: Option<String>,
}

/// Overdue chunks in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverdueWords {
    /// How many and how large.
    pub sentence: String,
    /// The oldest of them.
    pub oldest: Vec<TableName>,
    /// How many there are beyond those.
    pub further: u64,
}

/// A failed run in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRun {
    /// When it ended, or began where its process died.
    pub when: Option<When>,
    /// Why it failed, as a sentence.
    pub cause: String,
    /// What to do, as a sentence.
    pub advice: String,
    /// SQLSTATE; `None` where its process died.
    pub sqlstate: Option<String>,
    /// The server's own words.
    pub message: String,
    /// The chunk the words name.
    pub chunk: Option<String>,
}

impl JobPage {
    /// A job by number; `None` where there is none.
    pub fn of(seen: Seen<'_>, id: i32) -> Option<Self> {
        let job = seen.snapshot.jobs.iter().find(|job| job.id == id)?;
        let verdict = seen.judgement.of_job(id);
        Some(Self {
            id,
            title: job.title(),
            verdict: verdict.map(JobVerdict::of),
            is_paused: !job.scheduled,
            is_routine: crate::action::is_routine(job.kind),
            table: job_table(job).cloned(),
            owner: job.owner.clone(),
            owner_can_login: job.owner_can_login,
            next: next_words(job, verdict, seen.now),
            last: LastRun::of(job, seen.now),
            facts: facts(job),
            runs: runs(job, seen.now),
            config: job.config.clone(),
            overdue: verdict.and_then(|verdict| OverdueWords::of(&verdict.overdue)),
            further_failures: job.errors.shown().map_or(0, |errors| {
                let all = job.statistics.map_or(0, |statistics| statistics.total_failures);
                // Of a run whose process died there is no SQLSTATE, and the server does not count it among these.
                let shown = errors.iter().filter(|error| error.sqlstate.is_some()).count();
                if shown == 0 {
                    0
                } else {
                    all.saturating_sub(shown as u64)
                }
            }),
            failures: match &job.errors {
                Visible::Shown(errors) => Visible::Shown(
                    errors
                        .iter()
                        .map(|error| FailedRun::of(error, job.kind, seen.now))
                        .collect(),
                ),
                Visible::Hidden(hidden) => Visible::Hidden(*hidden),
            },
        })
    }
}

impl JobVerdict {
    pub(crate) fn of(verdict: &PolicyVerdict) -> Self {
        Self {
            light: verdict.light,
            reason: verdict.reason.clone(),
            advice: verdict.advice.clone(),
        }
    }
}

impl LastRun {
    pub(crate) fn of(job: &Job, now: Timestamp) -> Option<Self> {
        let statistics = job.statistics?;
        Some(Self {
            started: statistics.last_start.map(|at| When::from_now(now, at)),
            outcome: statistics.last_outcome,
            took: statistics.last_duration_us.map(took),
        })
    }
}

impl OverdueWords {
    fn of(overdue: &Overdue) -> Option<Self> {
        if overdue.chunks == 0 && overdue.wait_for_recompression == 0 {
            return None;
        }
        let verb = |count: u64, one, many| if count == 1 { one } else { many };
        let mut sentences = Vec::new();
        if overdue.chunks > 0 {
            sentences.push(format!(
                "{} {} overdue ({}).",
                counted(overdue.chunks, "chunk", "chunks"),
                verb(overdue.chunks, "is", "are"),
                bytes(overdue.bytes)
            ));
        }
        if overdue.wait_for_recompression > 0 {
            sentences.push(format!(
                "{} got rows since and {} to be compressed again.",
                counted(
                    overdue.wait_for_recompression,
                    "compressed chunk",
                    "compressed chunks"
                ),
                verb(overdue.wait_for_recompression, "waits", "wait")
            ));
        }
        Some(Self {
            sentence: sentences.join(" "),
            further: overdue.chunks.saturating_sub(overdue.oldest.len() as u64),
            oldest: overdue.oldest.clone(),
        })
    }
}

impl FailedRun {
    fn of(error: &JobError, kind: JobKind, now: Timestamp) -> Self {
        let Explanation { cause, advice } = error.explanation(kind);
        Self {
            when: error
                .finished_at
                .or(error.started_at)
                .map(|at| When::from_now(now, at)),
            cause: cause.to_owned(),
            advice: advice.to_owned(),
            sqlstate: error.sqlstate.clone(),
            message: error.message.clone(),
            chunk: error.failing_chunk.clone(),
        }
    }
}

fn took(microseconds: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    duration(microseconds as f64 / 1000.0)
}

/// When a job starts next: a moment, or why there is none.
pub(crate) fn next_words(job: &Job, verdict: Option<&PolicyVerdict>, now: Timestamp) -> When {
    if !job.scheduled {
        return When::said("paused");
    }
    let is_failing = verdict.is_some_and(|verdict| verdict.light == Light::Failing);
    match job.next_start {
        NextStart::At(at) if job.is_running == Visible::Shown(true) => When {
            words: "runs now".to_owned(),
            at: Some(at),
        },
        NextStart::At(at) if at < now => When {
            words: format!("due {} ago", age(age_ms(now, at))),
            at: Some(at),
        },
        NextStart::At(at) => When::from_now(now, at),
        NextStart::NotYet => When::said("as soon as it can"),
        NextStart::Never => When::said("never"),
        NextStart::RunningOrStuck => When::said(match job.is_running {
            Visible::Shown(true) => "runs now",
            _ if is_failing => "stuck",
            // Between its process and its statistics there are moments.
            Visible::Shown(false) => "starts or ends now",
            Visible::Hidden(_) => "runs, or is stuck",
        }),
    }
}

fn facts(job: &Job) -> Vec<Fact> {
    let unlimited = |interval: Interval| {
        if interval.is_positive() {
            interval.to_string()
        } else {
            "any".to_owned()
        }
    };
    let mut facts = vec![
        Fact::new("Runs", format!("{}.{}", job.procedure_schema, job.procedure)),
        Fact::new("Every", job.schedule_interval.to_string()).hint(if job.fixed_schedule {
            "Counted from fixed times"
        } else {
            "Counted from the end of the run before"
        }),
    ];
    if let Some(at) = job.initial_start.filter(|_| job.fixed_schedule) {
        facts.push(Fact::new("Counted from", moment(at)));
    }
    if let Some(timezone) = &job.timezone {
        facts.push(Fact::new("Time zone", timezone));
    }
    if let Some(threshold) = job.threshold {
        let what = match job.kind {
            JobKind::Retention => "Drops chunks after",
            _ => "Compresses chunks after",
        };
        facts.push(
            Fact::new(what, threshold.after.to_string()).hint(if threshold.from_creation {
                "Counted from the chunk's creation"
            } else {
                "Counted from the end of the chunk's range"
            }),
        );
    }
    facts.push(Fact::new("Longest run allowed", unlimited(job.max_runtime)));
    facts.push(Fact::new(
        "Retries",
        match job.max_retries {
            ..0 => "without end".to_owned(),
            retries => retries.to_string(),
        },
    ));
    facts.push(
        Fact::new("Tries again after", job.retry_period.to_string()).hint(
            "times the failures in a row (20 at most), and at most five times the time between two runs",
        ),
    );
    facts
}

fn runs(job: &Job, now: Timestamp) -> Vec<Fact> {
    let Some(statistics) = job.statistics else {
        return Vec::new();
    };
    let at = |label: &str, at: Option<Timestamp>| match at {
        Some(at) => Fact::new(label, When::from_now(now, at).words).hint(moment(at)),
        None => Fact::new(label, "never"),
    };
    vec![
        at("Last finish", statistics.last_finish),
        at("Last success", statistics.last_success),
        Fact::new("Runs", thousands(statistics.total_runs)),
        Fact::new("Succeeded", thousands(statistics.total_successes)),
        Fact::new("Failed", thousands(statistics.total_failures)),
        Fact::new("Died", thousands(statistics.total_crashes)).hint("Runs whose process died"),
        Fact::new("Failures in a row", thousands(statistics.consecutive_failures)),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::job::JobStatistics;
    use crate::job_list::example::retention;
    use crate::judgement::{Judgement, judge};
    use crate::snapshot::{Snapshot, example};
    use crate::visible::Hidden;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn page_at(now: i64, job: Job) -> JobPage {
        let snapshot = Snapshot {
            jobs: vec![Job { table: None, ..job }],
            hypertables: Arc::default(),
            ..example::empty()
        };
        let judgement = judge(&snapshot, second(now));
        let id = snapshot.jobs[0].id;
        let seen = Seen {
            snapshot: &snapshot,
            judgement: &judgement,
            now: second(now),
        };
        JobPage::of(seen, id).expect("the job")
    }

    fn job() -> Job {
        retention(1000, "oee")
    }

    #[test]
    fn a_job_that_is_not_there_has_no_page() {
        let snapshot = example::empty();
        let seen = Seen {
            snapshot: &snapshot,
            judgement: &Judgement::default(),
            now: second(0),
        };
        assert_eq!(JobPage::of(seen, 1000), None);
    }

    #[test]
    fn the_next_start_says_why_there_is_none() {
        let started = Some(JobStatistics {
            last_start: Some(second(0)),
            ..JobStatistics::default()
        });
        let running_or_stuck = || Job {
            next_start: NextStart::RunningOrStuck,
            statistics: started,
            ..job()
        };
        for (now, job, words) in [
            (0, job(), "as soon as it can"),
            (
                0,
                Job {
                    scheduled: false,
                    ..job()
                },
                "paused",
            ),
            (
                0,
                Job {
                    next_start: NextStart::Never,
                    ..job()
                },
                "never",
            ),
            (
                0,
                Job {
                    next_start: NextStart::At(second(600)),
                    ..job()
                },
                "in 10 min",
            ),
            (
                700,
                Job {
                    next_start: NextStart::At(second(600)),
                    ..job()
                },
                "due 1 min ago",
            ),
            (60, running_or_stuck(), "starts or ends now"),
            (3600, running_or_stuck(), "stuck"),
            (
                3600,
                Job {
                    is_running: Visible::Shown(true),
                    ..running_or_stuck()
                },
                "runs now",
            ),
            (
                3600,
                Job {
                    is_running: Visible::Hidden(Hidden::OtherSessions),
                    ..running_or_stuck()
                },
                "runs, or is stuck",
            ),
        ] {
            assert_eq!(page_at(now, job).next.words, words);
        }
    }

    #[test]
    fn a_failure_is_told_with_its_cause_and_its_chunk() {
        let page = page_at(
            100,
            Job {
                errors: Visible::Shown(vec![JobError {
                    started_at: Some(second(30)),
                    finished_at: Some(second(40)),
                    sqlstate: Some("55P03".into()),
                    message: "canceling statement due to lock timeout".into(),
                    failing_chunk: Some("_hyper_1_2_chunk".into()),
                }]),
                ..job()
            },
        );
        let failures = page.failures.shown().expect("shown");
        assert_eq!(failures[0].cause, "It waited too long for a lock.");
        assert_eq!(
            failures[0].when.as_ref().map(|when| when.words.as_str()),
            Some("1 min ago")
        );
        assert_eq!(failures[0].chunk.as_deref(), Some("_hyper_1_2_chunk"));
    }

    #[test]
    fn hidden_failures_stay_hidden_and_say_what_would_show_them() {
        let page = page_at(
            0,
            Job {
                errors: Visible::Hidden(Hidden::JobErrors),
                ..job()
            },
        );
        assert_eq!(page.failures.hidden(), Some(Hidden::JobErrors));
    }

    #[test]
    fn overdue_chunks_are_counted_beyond_those_that_are_named() {
        let words = OverdueWords::of(&Overdue {
            chunks: 12,
            bytes: 3 << 20,
            oldest: vec![TableName::new("i", "_hyper_1_1_chunk"); 10],
            wait_for_recompression: 1,
        })
        .expect("overdue");
        assert_eq!(
            words.sentence,
            "12 chunks are overdue (3 MB). 1 compressed chunk got rows since and waits to be compressed again."
        );
        assert_eq!(words.further, 2);
        assert_eq!(OverdueWords::of(&Overdue::default()), None);
    }
}
