//! What the page about all jobs shows.

use serde::{Deserialize, Serialize};

use crate::job::{Job, NextStart};
use crate::job_list::JobQuery;
use crate::job_page::{JobVerdict, LastRun, next_words};
use crate::judgement::{Judgement, Light};
use crate::listing::ListPage;
use crate::reading::Seen;
use crate::server_health::RunningWorkers;
use crate::visible::Visible;
use crate::when::When;

/// How many jobs a chart of several shows.
pub const CHARTED_JOBS: usize = 8;

/// The Jobs page: one page of the list, with the truth about each job on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobsPage {
    /// The rows, without configurations and errors: those stand on each job's own page.
    pub page: ListPage<Job>,
    /// What is told of each row, in the order of the rows.
    pub rows: Vec<JobWords>,
    /// All jobs in a few figures.
    pub summary: JobsSummary,
}

/// A job in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobWords {
    /// What it does.
    pub title: String,
    /// What is true of it; `None` for TimescaleDB's own jobs that are nobody's concern.
    pub verdict: Option<JobVerdict>,
    /// When it starts next.
    pub next: When,
    /// Its last run; `None` where it has never run.
    pub last: Option<LastRun>,
}

/// All jobs in a few figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobsSummary {
    /// Jobs that are judged.
    pub judged: u64,
    /// Of these, on time.
    pub healthy: u64,
    /// Of these, failing.
    pub failing: u64,
    /// Of these, paused.
    pub paused: u64,
    /// Workers of all databases that run now.
    pub running: Visible<RunningWorkers>,
    /// `timescaledb.max_background_workers`: schedulers and jobs of all databases together.
    pub worker_limit: u32,
    /// The job of this database that starts next; `None` where none has a time.
    pub next: Option<NextJob>,
}

/// The job that starts next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextJob {
    /// Its number.
    pub id: i32,
    /// What it does.
    pub title: String,
    /// When it starts.
    pub at: When,
}

impl JobsPage {
    /// One page of the jobs that were read.
    pub fn of(seen: Seen<'_>, query: &JobQuery) -> Self {
        let mut page = query.apply(&seen.snapshot.jobs);
        let rows = page.items.iter().map(|job| JobWords::of(seen, job)).collect();
        for job in &mut page.items {
            job.config = None;
            job.errors = Visible::Shown(Vec::new());
        }
        Self {
            page,
            rows,
            summary: JobsSummary::of(seen),
        }
    }
}

impl JobWords {
    fn of(seen: Seen<'_>, job: &Job) -> Self {
        let verdict = seen.judgement.of_job(job.id);
        Self {
            title: job.title(),
            verdict: verdict.map(JobVerdict::of),
            next: next_words(job, verdict, seen.now),
            last: LastRun::of(job, seen.now),
        }
    }
}

impl JobsSummary {
    fn of(seen: Seen<'_>) -> Self {
        let lights: Vec<Light> = seen
            .snapshot
            .jobs
            .iter()
            .filter_map(|job| seen.judgement.of_job(job.id))
            .map(|verdict| verdict.light)
            .collect();
        let count = |light| lights.iter().filter(|of| **of == light).count() as u64;
        let workers = seen.snapshot.health.workers;
        Self {
            judged: lights.len() as u64,
            healthy: count(Light::OnTime),
            failing: count(Light::Failing),
            paused: count(Light::Paused),
            running: workers.running,
            worker_limit: workers.timescaledb_limit,
            next: next_job(seen),
        }
    }
}

/// What is overdue starts first.
fn next_job(seen: Seen<'_>) -> Option<NextJob> {
    let (job, _) = seen
        .snapshot
        .jobs
        .iter()
        .filter(|job| job.scheduled && job.is_running != Visible::Shown(true))
        .filter_map(|job| match job.next_start {
            NextStart::At(at) => Some((job, at)),
            _ => None,
        })
        .min_by_key(|(job, at)| (*at, job.id))?;
    Some(NextJob {
        id: job.id,
        title: job.title(),
        at: next_words(job, seen.judgement.of_job(job.id), seen.now),
    })
}

/// The jobs whose runs a chart of several shows: those that need attention most, then those that run most often.
pub fn charted_jobs<'a>(jobs: &'a [Job], judgement: &Judgement) -> Vec<&'a Job> {
    let mut charted: Vec<&Job> = jobs
        .iter()
        .filter(|job| judgement.of_job(job.id).is_some())
        .collect();
    charted.sort_by_key(|job| {
        let light = judgement.of_job(job.id).map(|verdict| verdict.light);
        let failures = job.statistics.map_or(0, |statistics| statistics.total_failures);
        let interval_us = job.schedule_interval.approximate_microseconds();
        (
            std::cmp::Reverse(light),
            std::cmp::Reverse(failures),
            interval_us,
            job.id,
        )
    });
    charted.truncate(CHARTED_JOBS);
    charted
}

#[cfg(test)]
mod tests {
    use crate::timestamp::Timestamp;

    use super::*;
    use crate::job_list::example::retention;
    use crate::judgement::judge;
    use crate::snapshot::{Snapshot, example};

    /// A job that belongs to no table: nothing but its runs is judged.
    fn job(id: i32) -> Job {
        Job {
            table: None,
            ..retention(id, "oee")
        }
    }

    fn snapshot(jobs: Vec<Job>) -> Snapshot {
        Snapshot {
            jobs,
            ..example::empty()
        }
    }

    fn at(second: i64) -> NextStart {
        NextStart::At(Timestamp::from_second(second).expect("in range"))
    }

    fn page(snapshot: &Snapshot) -> JobsPage {
        let judgement = judge(snapshot, Timestamp::UNIX_EPOCH);
        let seen = Seen {
            snapshot,
            judgement: &judgement,
            now: Timestamp::UNIX_EPOCH,
        };
        JobsPage::of(seen, &JobQuery::default())
    }

    #[test]
    fn jobs_are_counted_by_what_is_true_of_them() {
        let snapshot = snapshot(vec![
            job(1),
            Job {
                scheduled: false,
                ..job(2)
            },
            Job {
                owner_can_login: false,
                ..job(3)
            },
        ]);
        let summary = page(&snapshot).summary;
        assert_eq!(
            (summary.judged, summary.healthy, summary.paused, summary.failing),
            (3, 1, 1, 1)
        );
    }

    #[test]
    fn the_next_start_is_the_earliest_of_jobs_that_are_scheduled() {
        let snapshot = snapshot(vec![
            Job {
                next_start: at(90),
                ..job(1)
            },
            Job {
                next_start: at(60),
                ..job(2)
            },
            Job {
                next_start: at(30),
                scheduled: false,
                ..job(3)
            },
        ]);
        let next = page(&snapshot).summary.next.expect("a next start");
        assert_eq!((next.id, next.at.words.as_str()), (2, "in 1 min"));
    }

    #[test]
    fn a_list_carries_no_configuration() {
        let snapshot = snapshot(vec![Job {
            config: Some("{\"drop_after\": \"90 days\"}".into()),
            ..job(1)
        }]);
        let page = page(&snapshot);
        assert_eq!(page.page.items[0].config, None);
        assert_eq!(page.rows.len(), 1);
    }

    #[test]
    fn a_chart_of_several_shows_those_that_need_attention_first() {
        let mut jobs: Vec<Job> = (1..=20).map(job).collect();
        jobs[18].owner_can_login = false;
        let snapshot = snapshot(jobs);
        let judgement = judge(&snapshot, Timestamp::UNIX_EPOCH);
        let charted = charted_jobs(&snapshot.jobs, &judgement);
        assert_eq!(charted.len(), CHARTED_JOBS);
        assert_eq!(charted[0].id, 19);
        assert_eq!(charted[1].id, 1);
    }
}
