//! Reading jobs, their statistics and their errors, and the continuous aggregates they refresh.

use std::collections::HashMap;

use domain::continuous_aggregate::{ContinuousAggregate, RefreshPolicy};
use domain::interval::Interval;
use domain::job::{Job, JobKind, JobStatistics, NextStart, PolicyThreshold, RunOutcome};
use domain::job_error::{JobError, failing_chunk};
use domain::table_name::TableName;
use domain::visible::{Hidden, Visible};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::axis::{count, moment, span, watermark};

/// Jobs up to 2.24.
const JOBS_CONFIG: &str = concat!(include_str!("sql/jobs_config.sql"), include_str!("sql/jobs.sql"));
/// Jobs from 2.25 on.
const JOBS_CATALOG: &str = concat!(include_str!("sql/jobs_catalog.sql"), include_str!("sql/jobs.sql"));

#[derive(FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "the columns of jobs.sql")]
pub(super) struct JobRow {
    id: i32,
    application_name: String,
    procedure_schema: String,
    procedure: String,
    owner: String,
    owner_can_login: bool,
    schedule_interval: String,
    max_runtime: String,
    max_retries: i32,
    retry_period: String,
    scheduled: bool,
    fixed_schedule: bool,
    initial_start_us: Option<i64>,
    timezone: Option<String>,
    config: Option<String>,
    after: Option<String>,
    after_creation: Option<String>,
    start_offset: Option<String>,
    end_offset: Option<String>,
    schema_name: Option<String>,
    table_name: Option<String>,
    view_schema: Option<String>,
    view_name: Option<String>,
    runs_or_is_stuck: Option<bool>,
    never_starts: Option<bool>,
    next_start_us: Option<i64>,
    has_run: bool,
    last_start_us: Option<i64>,
    last_finish_us: Option<i64>,
    last_success_us: Option<i64>,
    last_run_succeeded: Option<bool>,
    total_runs: i64,
    total_successes: i64,
    total_failures: i64,
    total_crashes: i64,
    consecutive_failures: i64,
    is_running: bool,
    sees_process: bool,
    sees_errors: bool,
}

#[derive(FromRow)]
struct ErrorRow {
    job_id: i32,
    started_us: Option<i64>,
    finished_us: Option<i64>,
    sqlstate: Option<String>,
    message: Option<String>,
}

#[derive(FromRow)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the columns of continuous_aggregates.sql"
)]
pub(super) struct AggregateRow {
    view_schema: String,
    view_name: String,
    owner: String,
    source_schema: String,
    source_table: String,
    materialization_schema: String,
    materialization_table: String,
    materialized_only: bool,
    compression_enabled: bool,
    finalized: bool,
    bucket_width: Option<String>,
    integer_time: bool,
    watermark: Option<i64>,
}

/// Every job, by number, and every continuous aggregate, by schema and name.
pub(crate) async fn read_jobs(
    connection: &mut PgConnection,
    has_catalog_jobs: bool,
) -> Result<(Vec<Job>, Vec<ContinuousAggregate>), sqlx::Error> {
    let statement = if has_catalog_jobs {
        JOBS_CATALOG
    } else {
        JOBS_CONFIG
    };
    let rows: Vec<JobRow> = sqlx::query_as(statement).fetch_all(&mut *connection).await?;

    let failed: Vec<i32> = rows
        .iter()
        .filter(|row| row.total_failures + row.total_crashes > 0)
        .map(|row| row.id)
        .collect();
    let mut errors: HashMap<i32, Vec<JobError>> = HashMap::new();
    if !failed.is_empty() {
        let rows: Vec<ErrorRow> = sqlx::query_as(include_str!("sql/job_errors.sql"))
            .bind(failed)
            .fetch_all(&mut *connection)
            .await?;
        for row in rows {
            errors.entry(row.job_id).or_default().push(error(row));
        }
    }

    let aggregates: Vec<AggregateRow> = sqlx::query_as(include_str!("sql/continuous_aggregates.sql"))
        .fetch_all(&mut *connection)
        .await?;
    let aggregates = aggregates.into_iter().map(|row| aggregate(row, &rows)).collect();
    let jobs = rows
        .into_iter()
        .map(|row| {
            let errors = errors.remove(&row.id);
            job(row, errors)
        })
        .collect();
    Ok((jobs, aggregates))
}

fn error(row: ErrorRow) -> JobError {
    let message = row.message.unwrap_or_default();
    JobError {
        started_at: row.started_us.and_then(moment),
        finished_at: row.finished_us.and_then(moment),
        sqlstate: row.sqlstate,
        failing_chunk: failing_chunk(&message),
        message,
    }
}

fn name(schema: Option<String>, name: Option<String>) -> Option<TableName> {
    schema.zip(name).map(|(schema, name)| TableName { schema, name })
}

/// An interval as the server prints it; the parser knows every form of that style.
fn interval(text: &str) -> Interval {
    text.parse().unwrap_or_default()
}

pub(super) fn job(row: JobRow, errors: Option<Vec<JobError>>) -> Job {
    let statistics = row.has_run.then(|| statistics(&row));
    let next_start = match row.next_start_us.and_then(moment) {
        _ if !row.scheduled || row.never_starts == Some(true) => NextStart::Never,
        Some(at) => NextStart::At(at),
        None if row.runs_or_is_stuck == Some(true) => NextStart::RunningOrStuck,
        None => NextStart::NotYet,
    };
    let kind = JobKind::of(&row.procedure_schema, &row.procedure);
    let threshold = match (row.after.as_deref(), row.after_creation.as_deref()) {
        (Some(after), _) => Some((after, false)),
        (None, Some(after)) => Some((after, true)),
        (None, None) => None,
    };
    Job {
        id: row.id,
        application_name: row.application_name,
        kind,
        procedure_schema: row.procedure_schema,
        procedure: row.procedure,
        owner: row.owner,
        owner_can_login: row.owner_can_login,
        schedule_interval: interval(&row.schedule_interval),
        max_runtime: interval(&row.max_runtime),
        max_retries: row.max_retries,
        retry_period: interval(&row.retry_period),
        scheduled: row.scheduled,
        fixed_schedule: row.fixed_schedule,
        initial_start: row.initial_start_us.and_then(moment),
        timezone: row.timezone,
        config: row.config,
        table: name(row.schema_name, row.table_name),
        continuous_aggregate: name(row.view_schema, row.view_name),
        next_start,
        is_running: if row.sees_process {
            Visible::Shown(row.is_running)
        } else {
            Visible::Hidden(Hidden::OtherSessions)
        },
        statistics,
        // Up to 2.26 the view shows failures to everybody: what was seen is shown, whoever looks.
        errors: match errors {
            Some(errors) => Visible::Shown(errors),
            None if row.sees_errors || row.total_failures + row.total_crashes == 0 => {
                Visible::Shown(Vec::new())
            }
            None => Visible::Hidden(Hidden::JobErrors),
        },
        threshold: threshold
            .filter(|_| matches!(kind, JobKind::Compression | JobKind::Retention))
            .and_then(|(after, from_creation)| {
                span(after).map(|after| PolicyThreshold { after, from_creation })
            }),
    }
}

fn statistics(row: &JobRow) -> JobStatistics {
    let duration = row
        .last_start_us
        .zip(row.last_finish_us)
        .and_then(|(start, finish)| u64::try_from(finish - start).ok());
    JobStatistics {
        last_start: row.last_start_us.and_then(moment),
        last_finish: row.last_finish_us.and_then(moment),
        last_success: row.last_success_us.and_then(moment),
        last_outcome: row.last_run_succeeded.map(|succeeded| {
            if succeeded {
                RunOutcome::Succeeded
            } else {
                RunOutcome::Failed
            }
        }),
        last_duration_us: duration.filter(|duration| *duration > 0),
        total_runs: count(row.total_runs),
        total_successes: count(row.total_successes),
        total_failures: count(row.total_failures),
        total_crashes: count(row.total_crashes),
        consecutive_failures: count(row.consecutive_failures),
    }
}

pub(super) fn aggregate(row: AggregateRow, jobs: &[JobRow]) -> ContinuousAggregate {
    let view = TableName::new(row.view_schema, row.view_name);
    let refresh = jobs
        .iter()
        .filter(|job| {
            JobKind::of(&job.procedure_schema, &job.procedure) == JobKind::Refresh
                && job.view_schema.as_ref() == Some(&view.schema)
                && job.view_name.as_ref() == Some(&view.name)
        })
        .map(|job| RefreshPolicy {
            job_id: job.id,
            start_offset: job.start_offset.as_deref().and_then(span),
            end_offset: job.end_offset.as_deref().and_then(span),
        })
        .collect();
    ContinuousAggregate {
        view,
        owner: row.owner,
        source: TableName::new(row.source_schema, row.source_table),
        materialization: TableName::new(row.materialization_schema, row.materialization_table),
        materialized_only: row.materialized_only,
        compression_enabled: row.compression_enabled,
        finalized: row.finalized,
        bucket_width: row.bucket_width.as_deref().and_then(span),
        watermark: row.watermark.and_then(|value| watermark(value, row.integer_time)),
        refresh,
    }
}
