//! The list of background jobs.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::job::{Job, JobStatistics, NextStart, RunOutcome};
use crate::listing::{Column, Direction, ListQuery, Listed, contains, directed, present_first};
use crate::table_name::TableName;

/// What the list of jobs shows.
pub type JobQuery = ListQuery<JobColumn>;

/// A column the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobColumn {
    /// Its number.
    Id,
    /// What it does.
    Job,
    /// The table or continuous aggregate it works on.
    Table,
    /// The role it runs as.
    Owner,
    /// Time between two runs.
    Schedule,
    /// When it starts next.
    NextStart,
    /// When it last started.
    LastRun,
    /// How long the last finished run took.
    LastDuration,
    /// How the last finished run ended.
    Outcome,
    /// Runs that failed.
    Failures,
}

impl Column for JobColumn {
    const ALL: &'static [Self] = &[
        Self::Id,
        Self::Job,
        Self::Table,
        Self::Owner,
        Self::Schedule,
        Self::NextStart,
        Self::LastRun,
        Self::LastDuration,
        Self::Outcome,
        Self::Failures,
    ];
    const DEFAULT: Self = Self::Outcome;
    const IDENTITY: Self = Self::Id;

    fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Job => "job",
            Self::Table => "table",
            Self::Owner => "owner",
            Self::Schedule => "schedule",
            Self::NextStart => "next_start",
            Self::LastRun => "last_run",
            Self::LastDuration => "last_duration",
            Self::Outcome => "outcome",
            Self::Failures => "failures",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Id => "Number",
            Self::Job => "Job",
            Self::Table => "Table",
            Self::Owner => "Owner",
            Self::Schedule => "Every",
            Self::NextStart => "Next start",
            Self::LastRun => "Last run",
            Self::LastDuration => "Took",
            Self::Outcome => "Last outcome",
            Self::Failures => "Failures",
        }
    }

    fn natural_direction(self) -> Direction {
        match self {
            Self::LastRun | Self::LastDuration | Self::Outcome | Self::Failures => Direction::Descending,
            _ => Direction::Ascending,
        }
    }
}

/// The table a job works on, as people call it: of a continuous aggregate, the view.
pub fn job_table(job: &Job) -> Option<&TableName> {
    job.continuous_aggregate.as_ref().or(job.table.as_ref())
}

/// From what runs or is stuck over what starts soon to what never starts.
fn next_start(job: &Job) -> (u8, i64) {
    match job.next_start {
        NextStart::RunningOrStuck => (0, 0),
        NextStart::At(at) => (1, at.as_microsecond()),
        NextStart::NotYet => (2, 0),
        NextStart::Never => (3, 0),
    }
}

/// A failure is worth more attention than a success, and more failures in a row more than fewer.
fn outcome(job: &Job) -> Option<(bool, u64)> {
    let statistics = job.statistics?;
    let last = statistics.last_outcome?;
    Some((last == RunOutcome::Failed, statistics.consecutive_failures))
}

impl Listed for Job {
    type Column = JobColumn;

    fn matches(&self, needle: &str) -> bool {
        // Both name the job by its number, of which others are a part.
        let by_title = || contains(&self.title(), needle) || contains(&self.application_name, needle);
        self.id.to_string() == needle
            || contains(&self.procedure, needle)
            || contains(&self.owner, needle)
            || job_table(self).is_some_and(|table| contains(&table.to_string(), needle))
            || (needle.parse::<i32>().is_err() && by_title())
    }

    fn compare(column: JobColumn, direction: Direction, a: &Self, b: &Self) -> Ordering {
        fn statistic<T>(job: &Job, of: impl Fn(JobStatistics) -> Option<T>) -> Option<T> {
            job.statistics.and_then(of)
        }
        match column {
            JobColumn::Id => directed(direction, a.id.cmp(&b.id)),
            JobColumn::Job => directed(direction, a.title().cmp(&b.title())),
            JobColumn::Table => {
                present_first(job_table(a), job_table(b), |a, b| directed(direction, a.cmp(b)))
            }
            JobColumn::Owner => directed(direction, a.owner.cmp(&b.owner)),
            JobColumn::Schedule => directed(
                direction,
                a.schedule_interval
                    .approximate_microseconds()
                    .cmp(&b.schedule_interval.approximate_microseconds()),
            ),
            JobColumn::NextStart => directed(direction, next_start(a).cmp(&next_start(b))),
            JobColumn::LastRun => present_first(
                statistic(a, |s| s.last_start),
                statistic(b, |s| s.last_start),
                |a, b| directed(direction, a.cmp(&b)),
            ),
            JobColumn::LastDuration => present_first(
                statistic(a, |s| s.last_duration_us),
                statistic(b, |s| s.last_duration_us),
                |a, b| directed(direction, a.cmp(&b)),
            ),
            JobColumn::Outcome => {
                present_first(outcome(a), outcome(b), |a, b| directed(direction, a.cmp(&b)))
            }
            JobColumn::Failures => present_first(
                statistic(a, |s| Some(s.total_failures)),
                statistic(b, |s| Some(s.total_failures)),
                |a, b| directed(direction, a.cmp(&b)),
            ),
        }
    }

    fn belongs_to(&self, table: &TableName) -> bool {
        self.table.as_ref() == Some(table) || self.continuous_aggregate.as_ref() == Some(table)
    }
}

/// Jobs for tests of lists.
#[cfg(test)]
pub(crate) mod example {
    use super::*;
    use crate::interval::Interval;
    use crate::job::JobKind;
    use crate::visible::Visible;

    /// A retention job that has never run.
    pub(crate) fn retention(id: i32, table: &str) -> Job {
        Job {
            id,
            application_name: format!("Retention Policy [{id}]"),
            kind: JobKind::Retention,
            procedure_schema: "_timescaledb_functions".into(),
            procedure: "policy_retention".into(),
            owner: "factory".into(),
            owner_can_login: true,
            schedule_interval: Interval::new(0, 1, 0),
            max_runtime: Interval::default(),
            max_retries: -1,
            retry_period: Interval::default(),
            scheduled: true,
            fixed_schedule: false,
            initial_start: None,
            timezone: None,
            config: None,
            table: Some(TableName::new("public", table)),
            continuous_aggregate: None,
            next_start: NextStart::NotYet,
            is_running: Visible::Shown(false),
            statistics: None,
            errors: Visible::Shown(Vec::new()),
            threshold: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(query: &JobQuery, jobs: &[Job]) -> Vec<i32> {
        query.apply(jobs).items.iter().map(|job| job.id).collect()
    }

    fn ended(id: i32, last: RunOutcome, consecutive_failures: u64) -> Job {
        Job {
            statistics: Some(JobStatistics {
                last_outcome: Some(last),
                consecutive_failures,
                ..JobStatistics::default()
            }),
            ..example::retention(id, "oee")
        }
    }

    #[test]
    fn jobs_that_fail_come_first_and_those_that_never_ran_last() {
        let jobs = [
            example::retention(1, "oee"),
            ended(2, RunOutcome::Succeeded, 0),
            ended(3, RunOutcome::Failed, 1),
            ended(4, RunOutcome::Failed, 9),
        ];
        assert_eq!(ids(&JobQuery::default(), &jobs), [4, 3, 2, 1]);
    }

    #[test]
    fn the_next_start_goes_from_running_to_never() {
        let jobs: Vec<Job> = [
            NextStart::Never,
            NextStart::NotYet,
            NextStart::At(crate::timestamp::Timestamp::UNIX_EPOCH),
            NextStart::RunningOrStuck,
        ]
        .into_iter()
        .zip(1..)
        .map(|(next_start, id)| Job {
            next_start,
            ..example::retention(id, "oee")
        })
        .collect();
        let query = JobQuery {
            sort: JobColumn::NextStart,
            direction: Direction::Ascending,
            ..JobQuery::default()
        };
        assert_eq!(ids(&query, &jobs), [4, 3, 2, 1]);
    }

    #[test]
    fn a_number_finds_its_job_and_no_other() {
        let jobs = [
            example::retention(10, "oee"),
            example::retention(100, "metric_hist"),
        ];
        let query = |filter: &str| JobQuery {
            filter: filter.into(),
            ..JobQuery::default()
        };
        assert_eq!(ids(&query("10"), &jobs), [10]);
        assert_eq!(ids(&query("retention of METRIC"), &jobs), [100]);
    }
}
