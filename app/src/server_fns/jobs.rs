//! Jobs: all of them, one, and their runs over time.

use domain::chart_range::ChartRange;
use domain::job_list::JobQuery;
use domain::job_page::JobPage;
use domain::jobs_page::JobsPage;
use domain::reading::Reading;
use leptos::prelude::*;

use crate::charts::DrawnChart;
use crate::error::AppError;

/// Loads one page of the list.
#[server(prefix = "/fn", endpoint = "list_jobs", input = leptos::server_fn::codec::Json)]
pub async fn list_jobs(database: String, query: JobQuery) -> Result<Reading<JobsPage>, AppError> {
    let (console, granted) = super::guard::demand(domain::role::Permission::ViewDetails, "jobs").await?;
    let query = query.checked();
    console
        .read(&granted, &database, |seen| JobsPage::of(seen, &query))
        .map_err(|_| super::guard::not_found())
}

/// Loads one job.
#[server(prefix = "/fn", endpoint = "load_job", input = leptos::server_fn::codec::Json)]
pub async fn load_job(database: String, id: i32) -> Result<Reading<JobPage>, AppError> {
    let (console, granted) = super::guard::demand(domain::role::Permission::ViewDetails, "job").await?;
    let reading = console
        .read(&granted, &database, |seen| JobPage::of(seen, id))
        .map_err(|_| super::guard::not_found())?
        .found()
        .ok_or_else(super::guard::not_found)?;
    Ok(reading.map(|page| JobPage {
        config: page.config.as_deref().map(pretty_json),
        ..page
    }))
}

/// Draws the runs of a job over a range, or without one, of the jobs that need attention most; `None` where no such job
/// is known.
#[server(prefix = "/fn", endpoint = "draw_runs", input = leptos::server_fn::codec::Json)]
pub async fn draw_runs(
    database: String,
    job: Option<i32>,
    range: ChartRange,
) -> Result<Option<DrawnChart>, AppError> {
    use charts::{Lane, LaneChart, RunChart};

    let (console, granted) =
        super::guard::demand(domain::role::Permission::ViewDetails, "runs of jobs").await?;
    let name = format!("runs {job:?} {range:?} {}", super::charts::minute(&console));
    super::guard::keep(
        &console,
        &granted,
        &database,
        backend::console::MadeOf::Reading,
        name,
        DrawnChart::bytes_of,
        async {
            let known = console
                .read(&granted, &database, |seen| runs::known(seen, job))
                .map_err(|_| super::guard::not_found())?
                .facts
                .unwrap_or_default();
            let mut recorded = Vec::new();
            let now = console.now();
            for known in &known.jobs {
                recorded.push(
                    runs::recorded(&console, &granted, &database, known, runs::reach(range, now)).await?,
                );
            }
            let watched_since =
                runs::watched_since(&console, &granted, &database, runs::reach(range, now)).await?;
            for (known, recorded) in known.jobs.iter().zip(&mut recorded) {
                let unseen: Vec<charts::Run> = known
                    .failures
                    .iter()
                    .copied()
                    .filter(|failure| !recorded.iter().any(|run| run.may_hold(failure)))
                    .collect();
                recorded.extend(unseen);
                recorded.extend(known.running);
            }
            let begin = recorded.iter().flatten().map(|run| run.at).min();
            let now = now.as_microsecond();
            let window = range.window(
                domain::time_axis::TimeAxis::Moments,
                now,
                begin.unwrap_or(now - 1),
            );
            // Before the console watched, only the failures are known that the server remembers.
            let since = watched_since
                .filter(|since| window.start < *since)
                .map(|since| {
                    let minute = domain::quantity::minute(domain::time_axis::moment(since));
                    format!(", seen since {minute} UTC")
                })
                .unwrap_or_default();
            let figure = match (job, recorded.pop()) {
                (_, None) => None,
                (Some(_), Some(runs)) => Some(
                    RunChart {
                        title: format!("Runs{since}"),
                        runs,
                        window,
                    }
                    .draw(),
                ),
                (None, Some(last)) => Some(
                    LaneChart {
                        title: format!("{}{since}", known.title),
                        lanes: known
                            .jobs
                            .into_iter()
                            .zip(recorded.into_iter().chain([last]))
                            .map(|(job, runs)| Lane {
                                name: job.title,
                                runs,
                            })
                            .collect(),
                        window,
                    }
                    .draw(),
                ),
            };
            Ok(figure.map(DrawnChart::from))
        },
    )
    .await
}

/// A job's configuration, with a line for each of its values.
#[cfg(feature = "ssr")]
fn pretty_json(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| text.to_owned())
}

/// What charts of runs are made from.
#[cfg(feature = "ssr")]
mod runs {
    use backend::auth::Granted;
    use backend::console::Console;
    use charts::{Outcome, Run};
    use domain::chart_range::ChartRange;
    use domain::history::{Measure, Range, Subject};
    use domain::job::{Job, NextStart};
    use domain::job_error::JobError;
    use domain::jobs_page::charted_jobs;
    use domain::reading::Seen;
    use domain::visible::Visible;
    use jiff::Timestamp;

    use crate::error::AppError;
    use crate::server_fns::guard;

    /// The jobs of a chart.
    #[derive(Default)]
    pub(super) struct Known {
        pub(super) title: String,
        pub(super) jobs: Vec<KnownJob>,
    }

    /// A job, and the run that goes on now.
    pub(super) struct KnownJob {
        id: i32,
        pub(super) title: String,
        pub(super) running: Option<Run>,
        /// Failed runs that the server remembers.
        pub(super) failures: Vec<Run>,
    }

    impl KnownJob {
        fn of(job: &Job, now: Timestamp) -> Self {
            let is_running =
                job.next_start == NextStart::RunningOrStuck && job.is_running == Visible::Shown(true);
            let since = job
                .statistics
                .and_then(|statistics| statistics.last_start)
                .filter(|_| is_running);
            let errors = job.errors.shown().map_or(&[][..], Vec::as_slice);
            Self {
                id: job.id,
                title: job.title(),
                failures: errors.iter().filter_map(failed_run).collect(),
                running: since.map(|since| {
                    let ms = domain::quantity::age_ms(now, since);
                    #[expect(clippy::cast_precision_loss, reason = "a run takes no centuries")]
                    Run::one(since.as_microsecond(), ms as f64, Outcome::Running)
                }),
            }
        }
    }

    /// A failure that the server remembers; one of which neither beginning nor end is known has no place. It is no run
    /// that the console counts.
    fn failed_run(error: &JobError) -> Option<Run> {
        let at = error.finished_at.or(error.started_at)?;
        let took_ms = error
            .started_at
            .map_or(0, |since| domain::quantity::age_ms(at, since));
        #[expect(clippy::cast_precision_loss, reason = "a run takes no centuries")]
        Some(Run {
            runs: 0,
            failed: 0,
            ..Run::one(at.as_microsecond(), took_ms as f64, Outcome::Failed)
        })
    }

    pub(super) fn known(seen: Seen<'_>, job: Option<i32>) -> Known {
        let all = &seen.snapshot.jobs;
        let charted: Vec<&Job> = match job {
            Some(id) => all.iter().filter(|job| job.id == id).collect(),
            None => charted_jobs(all, seen.judgement),
        };
        let judged = || all.iter().filter(|job| seen.judgement.of_job(job.id).is_some());
        Known {
            title: if charted.len() < judged().count() {
                format!("Runs of the {} jobs that need attention most", charted.len())
            } else {
                "Runs of all jobs".to_owned()
            },
            jobs: charted
                .into_iter()
                .map(|job| KnownJob::of(job, seen.now))
                .collect(),
        }
    }

    /// The shortest range of history that reaches back far enough.
    pub(super) fn reach(range: ChartRange, now: Timestamp) -> Range {
        match range {
            ChartRange::Last(last) => last,
            ChartRange::Between(window) => {
                let back_s = now.as_second().saturating_sub(window.start / 1_000_000);
                Range::ALL
                    .into_iter()
                    .find(|range| range.length_s().is_none_or(|length_s| length_s >= back_s))
                    .unwrap_or(Range::All)
            }
        }
    }

    /// Since when the console watches, in microseconds since 1970; `None` where that was before the range.
    pub(super) async fn watched_since(
        console: &Console,
        granted: &Granted,
        database: &str,
        range: Range,
    ) -> Result<Option<i64>, AppError> {
        let beats = console
            .history(
                granted,
                database,
                &Subject::Database,
                Measure::ReadingSeconds,
                range,
            )
            .await
            .map_err(|error| guard::history_failed(&error))?;
        // The first reading after the range began is no beginning.
        let slack_s = 2 * beats.step_s.max(600);
        Ok(beats
            .points
            .first()
            .map(|first| first.at_s)
            .filter(|first_s| first_s - beats.from_s > slack_s)
            .map(|first_s| first_s * 1_000_000))
    }

    /// What was recorded of a job's runs.
    pub(super) async fn recorded(
        console: &Console,
        granted: &Granted,
        database: &str,
        job: &KnownJob,
        range: Range,
    ) -> Result<Vec<Run>, AppError> {
        let subject = Subject::Job { id: job.id };
        let read = async |measure| {
            console
                .history(granted, database, &subject, measure, range)
                .await
                .map_err(|error| guard::history_failed(&error))
        };
        let seconds = read(Measure::JobSeconds).await?;
        let failures = read(Measure::JobFailures).await?;
        Ok(Run::recorded(&seconds, &failures))
    }
}
