//! What an action would do, by what is there now.

use std::sync::Arc;

use domain::action::{
    Action, ActionPreview, ActionRequest, ActionTarget, ActionTotals, ActionWarning, Skip, TargetPreview,
};
use domain::continuous_aggregate::ContinuousAggregate;
use domain::job::Job;
use domain::role::Permission;
use domain::snapshot::{Edition, Snapshot};
use domain::table_name::TableName;

use super::fingerprint::fingerprint;
use super::refused::ActionRefused;
use super::{plan_chunks, plan_jobs, plan_refresh};
use crate::timescale::ConnectionUrl;
use crate::timescale::jobs::read_jobs;
use crate::timescale::operated::{OperatedChunk, OperatedTable};
use crate::timescale::operation::OperationSession;

/// A preview, and what carrying it out needs to know of each target.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) preview: ActionPreview,
    pub(super) targets: Vec<PlannedTarget>,
}

/// One target.
#[derive(Debug, Clone)]
pub(super) struct PlannedTarget {
    pub(super) preview: TargetPreview,
    pub(super) known: Known,
}

/// What is known of a target.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// A chunk.
    Chunk {
        table: Arc<OperatedTable>,
        chunk: Box<OperatedChunk>,
    },
    /// A job.
    Job(Box<Job>),
    /// A continuous aggregate.
    Aggregate,
    /// It is gone.
    Nothing,
}

/// What a plan is made with.
pub(super) struct Planner<'a> {
    pub(super) url: &'a ConnectionUrl,
    pub(super) session: &'a mut OperationSession,
    pub(super) request: &'a ActionRequest,
    /// The last reading: sizes where there is too much to measure.
    pub(super) snapshot: Option<&'a Snapshot>,
    pub(super) warnings: Vec<ActionWarning>,
}

/// What an action would do.
pub(super) async fn plan(
    url: &ConnectionUrl,
    session: &mut OperationSession,
    request: &ActionRequest,
    snapshot: Option<&Snapshot>,
    database: &str,
    now: jiff::Timestamp,
) -> Result<Planned, ActionRefused> {
    request.check()?;
    let action = &request.action;
    match session.server.edition() {
        None => return Err(ActionRefused::NoTimescale),
        // Job 3 and its like are there in every edition, but cannot be changed.
        Some(Edition::Apache) if action.needs_community() => return Err(ActionRefused::NeedsCommunity),
        Some(_) => {}
    }
    if matches!(action, Action::Freeze | Action::Unfreeze) && !session.server.has_freezing {
        return Err(ActionRefused::NotOffered("freezing chunks"));
    }
    let (jobs, aggregates) = if action.is_on_jobs() || matches!(action, Action::Refresh { .. }) {
        read_jobs(&mut session.connection, session.server.has_catalog_jobs)
            .await
            .map_err(|error| ActionRefused::of(&error))?
    } else {
        (Vec::new(), Vec::new())
    };
    let mut permission = request.permission(&jobs)?;
    let mut planner = Planner {
        url,
        session,
        request,
        snapshot,
        warnings: Vec::new(),
    };
    let targets = planner.targets(jobs, &aggregates, now).await?;
    let warnings = planner.warnings;
    // Whoever operates loses nothing for good.
    if warnings.iter().any(ActionWarning::loses_data) {
        permission = Permission::ChangePolicies;
    }
    let previews: Vec<TargetPreview> = targets.iter().map(|target| target.preview.clone()).collect();
    let needs_typed_name = warnings
        .iter()
        .any(ActionWarning::loses_data)
        .then(|| name_to_type(&previews, &targets, database));
    let preview = ActionPreview {
        action: action.clone(),
        permission,
        totals: ActionTotals::of(&previews),
        lock: lock(action).to_owned(),
        warnings,
        needs_typed_name,
        fingerprint: fingerprint(action, &targets),
        targets: previews,
    };
    Ok(Planned { preview, targets })
}

impl Planner<'_> {
    async fn targets(
        &mut self,
        jobs: Vec<Job>,
        aggregates: &[ContinuousAggregate],
        now: jiff::Timestamp,
    ) -> Result<Vec<PlannedTarget>, ActionRefused> {
        match &self.request.action {
            Action::Refresh { from, to } => plan_refresh::targets(self, aggregates, from, to).await,
            action if action.is_on_jobs() => plan_jobs::targets(self, &jobs, now).await,
            _ => plan_chunks::targets(self).await,
        }
    }
}

impl Planned {
    /// The tables and aggregates that something is done to.
    pub(super) fn tables(&self) -> Vec<TableName> {
        names(&self.preview.targets, &self.targets)
    }
}

/// The one table something is lost of, or the database where it is more than one.
fn name_to_type(previews: &[TargetPreview], targets: &[PlannedTarget], database: &str) -> String {
    match names(previews, targets).as_slice() {
        [one] => one.to_string(),
        _ => database.to_owned(),
    }
}

fn names(previews: &[TargetPreview], targets: &[PlannedTarget]) -> Vec<TableName> {
    let mut names: Vec<TableName> = targets
        .iter()
        .zip(previews)
        .filter(|(_, preview)| preview.skip.is_none())
        .filter_map(|(target, preview)| match (&target.known, &preview.target) {
            (Known::Chunk { table, .. }, _) => Some(table.named()),
            (Known::Job(job), _) => job.continuous_aggregate.clone().or_else(|| job.table.clone()),
            (_, ActionTarget::Aggregate(view)) => Some(view.clone()),
            _ => None,
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// What each statement locks, in a sentence.
fn lock(action: &Action) -> &'static str {
    match action {
        Action::Compress | Action::Recompress => {
            "EXCLUSIVE on the chunk while it is compressed: whoever writes to it waits; ACCESS EXCLUSIVE for a moment at the \
             end: whoever reads it waits, too."
        }
        Action::Decompress => {
            "EXCLUSIVE on the chunk while it is decompressed: whoever writes to it waits; ACCESS EXCLUSIVE on what it was \
             compressed in, for a moment at the end."
        }
        Action::Drop | Action::DropOlderThan { .. } => {
            "ACCESS EXCLUSIVE on the chunk and on tables its foreign keys name, for a moment: whoever reads or writes them \
             waits."
        }
        Action::Freeze => "SHARE on the chunk for a moment: waits for whoever writes to it; reading goes on.",
        Action::Unfreeze => "Takes no lock on the chunk.",
        Action::Refresh { .. } => {
            "ROW EXCLUSIVE on what the aggregate lies in: reading and writing go on; another refresh of it waits."
        }
        Action::RunJob => "What the job locks; it runs in a session of the console's.",
        Action::PauseJob | Action::ResumeJob | Action::RescheduleJob { .. } => {
            "SHARE ROW EXCLUSIVE on _timescaledb_internal.bgw_job_stat for a moment: other jobs wait with starting and \
             ending."
        }
    }
}

impl PlannedTarget {
    /// One that is not there any more.
    pub(super) fn gone(target: &ActionTarget) -> Self {
        Self {
            preview: TargetPreview {
                target: target.clone(),
                title: target.to_string(),
                range: None,
                statement: String::new(),
                skip: Some(Skip::Gone),
                bytes: None,
                bytes_after: None,
                rows: None,
            },
            known: Known::Nothing,
        }
    }
}
