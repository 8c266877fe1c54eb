//! What an action would do to jobs.

use domain::action::{Action, ActionTarget, ActionWarning, Skip, TargetPreview};
use domain::job::{Job, JobKind, NextStart};
use domain::visible::Visible;
use jiff::Timestamp;

use super::plan::{Known, PlannedTarget, Planner};
use super::refused::ActionRefused;
use crate::timescale::operation::OperationSession;

pub(super) async fn targets(
    planner: &mut Planner<'_>,
    jobs: &[Job],
    now: Timestamp,
) -> Result<Vec<PlannedTarget>, ActionRefused> {
    let action = &planner.request.action;
    let mut targets = Vec::new();
    for target in &planner.request.targets {
        let ActionTarget::Job(id) = target else { continue };
        let Some(job) = jobs.iter().find(|job| job.id == *id) else {
            targets.push(PlannedTarget::gone(target));
            continue;
        };
        let mut skip = skip(action, job);
        if skip.is_none() && *action == Action::RunJob {
            skip = untrusted(planner.session, job).await?;
        }
        if skip.is_none() {
            if job.kind == JobKind::Retention && drops_sooner(action, job) {
                planner.warnings.push(ActionWarning::JobDropsData {
                    job_id: job.id,
                    table: job.continuous_aggregate.clone().or_else(|| job.table.clone()),
                });
            }
            match (action, job.next_start) {
                // Of a paused job the reading says "never"; whether its moment is past, the server knows.
                (Action::ResumeJob, _) if is_past(planner.session, job.id, now).await? => {
                    planner.warnings.push(ActionWarning::RunsAtOnce(job.id));
                }
                (Action::RescheduleJob { next_start }, NextStart::At(_)) if *next_start <= now => {
                    planner.warnings.push(ActionWarning::RunsAtOnce(job.id));
                }
                _ => {}
            }
        }
        targets.push(PlannedTarget {
            preview: TargetPreview {
                target: target.clone(),
                title: format!("{} (job {id})", job.title()),
                range: None,
                statement: statement(action, *id, &planner.session.server.extension_schema),
                skip,
                bytes: None,
                bytes_after: None,
                rows: None,
            },
            known: Known::Job(Box::new(job.clone())),
        });
    }
    Ok(targets)
}

fn skip(action: &Action, job: &Job) -> Option<Skip> {
    match action {
        Action::RunJob => (job.is_running == Visible::Shown(true)).then_some(Skip::RunsNow),
        Action::PauseJob => (!job.scheduled).then_some(Skip::AlreadyPaused),
        Action::ResumeJob => job.scheduled.then_some(Skip::NotPaused),
        _ => None,
    }
}

/// Passes back what `alter_job` would otherwise lose: it clears a time zone that it is not given, and moves the next start
/// when it is. -infinity means that the job runs, and is refused as a value.
fn statement(action: &Action, id: i32, extension_schema: &str) -> String {
    let kept = "nullif(s.next_start, '-infinity')";
    let (change, next_start) = match action {
        Action::RunJob => return format!("CALL {extension_schema}.run_job({id})"),
        Action::PauseJob => ("scheduled => false, ", kept.to_owned()),
        Action::ResumeJob => ("scheduled => true, ", kept.to_owned()),
        Action::RescheduleJob { next_start } => ("", format!("TIMESTAMPTZ '{next_start}'")),
        _ => return String::new(),
    };
    format!(
        "SELECT alter_job(j.id, {change}timezone => j.timezone, next_start => {next_start})\nFROM \
         _timescaledb_config.bgw_job j LEFT JOIN _timescaledb_internal.bgw_job_stat s ON s.job_id = j.id\nWHERE j.id = {id}"
    )
}

/// Whether a job that drops data drops some that it would not have dropped, or not yet.
fn drops_sooner(action: &Action, job: &Job) -> bool {
    match (action, job.next_start) {
        (Action::RescheduleJob { next_start }, NextStart::At(before)) => *next_start < before,
        (Action::RunJob | Action::ResumeJob | Action::RescheduleJob { .. }, _) => true,
        _ => false,
    }
}

/// A procedure runs with the rights of the session's role, and so do the functions of an aggregate that it refreshes. A
/// superuser runs only what superusers own.
async fn untrusted(session: &mut OperationSession, job: &Job) -> Result<Option<Skip>, ActionRefused> {
    if !session.server.is_superuser {
        return Ok(None);
    }
    if job.kind == JobKind::Refresh && !is_superuser(session, &job.owner).await? {
        return Ok(Some(Skip::UntrustedOwner));
    }
    let is_trusted: bool = sqlx::query_scalar(
        "select coalesce(bool_and(o.rolsuper), false) from pg_proc p
         join pg_namespace n on n.oid = p.pronamespace join pg_roles o on o.oid = p.proowner
         where n.nspname = $1 and p.proname = $2",
    )
    .bind(job.procedure_schema.as_str())
    .bind(job.procedure.as_str())
    .fetch_one(&mut session.connection)
    .await
    .map_err(|error| ActionRefused::of(&error))?;
    Ok((!is_trusted).then_some(Skip::UntrustedProcedure))
}

/// Whether a role is one.
pub(super) async fn is_superuser(session: &mut OperationSession, role: &str) -> Result<bool, ActionRefused> {
    sqlx::query_scalar("select coalesce((select rolsuper from pg_roles where rolname = $1), false)")
        .bind(role)
        .fetch_one(&mut session.connection)
        .await
        .map_err(|error| ActionRefused::of(&error))
}

async fn is_past(session: &mut OperationSession, id: i32, now: Timestamp) -> Result<bool, ActionRefused> {
    let past: Option<bool> = sqlx::query_scalar(
        "select extract(epoch from next_start) < $2::float8 from _timescaledb_internal.bgw_job_stat
         where job_id = $1 and isfinite(next_start)",
    )
    .bind(id)
    .bind(now.as_duration().as_secs_f64())
    .fetch_optional(&mut session.connection)
    .await
    .map_err(|error| ActionRefused::of(&error))?;
    Ok(past.unwrap_or_default())
}
