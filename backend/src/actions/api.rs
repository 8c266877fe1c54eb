//! What people ask for.

use domain::action::{
    Action as Asked, ActionPreview, ActionRequest, ActionRun, ActionTarget, TargetRun, TargetState,
};
use domain::audit::{Action, Outcome};
use domain::role::Permission;
use domain::snapshot::Edition;
use domain::table_name::TableName;

use super::execute::Execution;
use super::fingerprint::difference;
use super::plan::{Planned, plan};
use super::refused::ActionRefused;
use crate::audit::{Entry, Intent};
use crate::auth::{Granted, WrongGrant};
use crate::console::Console;
use crate::retention::{actor_of, who};
use crate::state::StateError;
use crate::state::actions::{NewAction, insert_action};
use crate::timescale::ConnectionUrl;
use crate::timescale::operation::connect_for_operation;

/// Most actions that are under way at once in one console.
const MOST_AT_ONCE: usize = 8;
/// Most actions that are handed out at once.
const MOST_LISTED: u32 = 200;

/// Who may see what was done: whoever sees details, and whoever does it.
fn require_reading(granted: &Granted) -> Result<(), ActionRefused> {
    match granted.permission() {
        Permission::ViewDetails | Permission::OperateJobs | Permission::ChangePolicies => Ok(()),
        _ => Err(WrongGrant(Permission::ViewDetails).into()),
    }
}

impl Console {
    /// What whoever asks for this must be allowed, by the jobs of the last reading. It is decided again from the jobs as
    /// they are when the action is previewed and started.
    pub fn action_permission(
        &self,
        database: &str,
        request: &ActionRequest,
    ) -> Result<Permission, ActionRefused> {
        let observation = self.watched(database)?.observation();
        let jobs = observation
            .snapshot
            .as_deref()
            .map(|snapshot| snapshot.jobs.as_slice());
        if request.action.is_on_jobs() && jobs.is_none() {
            return Err(ActionRefused::NotRead);
        }
        Ok(request.permission(jobs.unwrap_or_default())?)
    }

    /// What an action would do now. Nothing is changed.
    pub async fn preview_action(
        &self,
        granted: &Granted,
        database: &str,
        request: &ActionRequest,
    ) -> Result<ActionPreview, ActionRefused> {
        let (planned, _) = self.plan_action(granted, database, request).await?;
        self.note_read(
            granted,
            &format!("what {} would do", request.action.title().to_lowercase()),
            database,
        );
        Ok(planned.preview)
    }

    async fn plan_action(
        &self,
        granted: &Granted,
        database: &str,
        request: &ActionRequest,
    ) -> Result<(Planned, ConnectionUrl), ActionRefused> {
        let watched = self.watched(database)?;
        // Before the database is asked anything.
        if !matches!(
            granted.permission(),
            Permission::OperateJobs | Permission::ChangePolicies
        ) {
            return Err(WrongGrant(Permission::OperateJobs).into());
        }
        request.check()?;
        let url = watched.change_url().cloned().ok_or(ActionRefused::NoAddress)?;
        let snapshot = watched.observation().snapshot;
        if request.action.needs_community()
            && snapshot
                .as_ref()
                .is_some_and(|snapshot| snapshot.server.edition == Edition::Apache)
        {
            return Err(ActionRefused::NeedsCommunity);
        }
        let mut session = connect_for_operation(&url)
            .await
            .map_err(|error| ActionRefused::of(&error))?;
        let now = self.clock.now();
        let planned = plan(&url, &mut session, request, snapshot.as_deref(), database, now).await?;
        // Whoever may change policies may operate as well.
        let needed = planned.preview.permission;
        if needed != Permission::OperateJobs || granted.permission() != Permission::ChangePolicies {
            granted.require(needed)?;
        }
        Ok((planned, url))
    }

    /// Starts an action that was previewed; returns its number. What it would do now must be what the preview showed
    /// (`fingerprint`), and where data is lost the name that the preview asks for must be typed.
    pub async fn start_action(
        &self,
        granted: &Granted,
        database: &str,
        request: ActionRequest,
        typed_name: &str,
        fingerprint: &str,
    ) -> Result<i64, ActionRefused> {
        let (planned, url) = self.plan_action(granted, database, &request).await?;
        if let Some(different) = difference(fingerprint, &request.action, &planned.targets) {
            return Err(ActionRefused::Changed(different));
        }
        if let Some(name) = &planned.preview.needs_typed_name
            // A name may have blanks around it, which nobody sees.
            && typed_name.trim() != name.trim()
        {
            return Err(ActionRefused::NameNotTyped(name.clone()));
        }
        if planned.preview.totals.handled == 0 {
            let why = planned
                .preview
                .targets
                .iter()
                .find_map(|target| {
                    target
                        .skip
                        .map(|skip| format!("{}: {}", target.title, skip.sentence()))
                })
                .unwrap_or_default();
            return Err(ActionRefused::NothingToDo(why));
        }
        let under_way = self.operations.begin().ok_or(ActionRefused::Stopping)?;
        if self.operations.count() > MOST_AT_ONCE {
            return Err(ActionRefused::Busy(self.operations.count() - 1));
        }
        if !self.still_grants(granted).await? {
            return Err(WrongGrant(planned.preview.permission).into());
        }
        let of_what = planned.of_what();
        let title = format!("{} {of_what}", request.action.title());
        let runs: Vec<TargetRun> = planned
            .preview
            .targets
            .iter()
            .map(|target| TargetRun {
                target: target.target.clone(),
                title: target.title.clone(),
                statement: target.statement.clone(),
                state: if target.skip.is_some() {
                    TargetState::Skipped
                } else {
                    TargetState::Waiting
                },
                duration_ms: None,
                bytes_before: target.bytes,
                bytes_after: None,
                detail: target
                    .skip
                    .map(|skip| skip.sentence().to_owned())
                    .unwrap_or_default(),
            })
            .collect();
        let now = self.clock.now();
        let entry = entry(granted, database, &request, &planned, of_what);
        let mut transaction = self.state.begin().await.map_err(StateError::from)?;
        let intent = Intent::begin(&mut transaction, now, entry).await?;
        let action = NewAction {
            database,
            action: &request.action,
            title: &title,
            permission: planned.preview.permission,
            actor: &actor_of(granted),
            intent_id: intent.id(),
            tables: &planned.tables(),
        };
        let id = insert_action(&mut transaction, &action, &runs, now).await?;
        transaction.commit().await.map_err(StateError::from)?;
        intent.announce_begin();
        let execution = Execution {
            console: self.clone(),
            watched: self.watched(database)?.clone(),
            url,
            id,
            intent,
            permission: planned.preview.permission,
            action: request.action,
            targets: planned.targets,
            runs,
            _under_way: under_way,
        };
        tokio::spawn(execution.run());
        Ok(id)
    }

    /// One action, with how each of its targets stands now.
    pub async fn action(
        &self,
        granted: &Granted,
        database: &str,
        id: i64,
    ) -> Result<ActionRun, ActionRefused> {
        require_reading(granted)?;
        self.watched(database)?;
        let stored = self.state.action(database, id, self.clock.now()).await?;
        stored
            .map(|stored| stored.run)
            .ok_or(ActionRefused::Unknown("action", id))
    }

    /// One action with some of its targets, from one of them on: what failed or is unknown first.
    pub async fn action_with_some(
        &self,
        granted: &Granted,
        database: &str,
        id: i64,
        first: u64,
        limit: u32,
    ) -> Result<ActionRun, ActionRefused> {
        require_reading(granted)?;
        self.watched(database)?;
        let limit = limit.min(MOST_LISTED);
        let stored = self
            .state
            .action_with_some(database, id, first, limit, self.clock.now())
            .await?;
        stored
            .map(|stored| stored.run)
            .ok_or(ActionRefused::Unknown("action", id))
    }

    /// Actions, the newest first, without their targets; of one table, if any; older than one of them.
    pub async fn actions(
        &self,
        granted: &Granted,
        database: &str,
        table: Option<&TableName>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ActionRun>, ActionRefused> {
        require_reading(granted)?;
        self.watched(database)?;
        let limit = limit.min(MOST_LISTED);
        Ok(self
            .state
            .actions(database, table, before, limit, self.clock.now())
            .await?)
    }

    /// Has an action end, wherever it runs: what is done stays done, the statement it is at is ended, the rest is not begun.
    pub async fn cancel_action(
        &self,
        granted: &Granted,
        database: &str,
        id: i64,
    ) -> Result<(), ActionRefused> {
        require_reading(granted)?;
        self.watched(database)?;
        let stored = self
            .state
            .action_with_some(database, id, 0, 0, self.clock.now())
            .await?
            .ok_or(ActionRefused::Unknown("action", id))?;
        // Whoever may change policies may end what operators began.
        if granted.permission() != Permission::ChangePolicies {
            granted.require(stored.run.permission)?;
        }
        let entry = Entry::of(granted.caller(), Action::CancelAction)
            .in_database(database)
            .on(format!("action {id}: {}", stored.run.title));
        if self.state.cancel_action(database, id, &who(granted)).await? {
            self.record(entry, Outcome::Succeeded, "").await?;
            Ok(())
        } else {
            self.record(entry, Outcome::Failed, "it has ended").await?;
            Err(ActionRefused::Ended("action", id))
        }
    }
}

/// What the audit trail says is about to be done.
fn entry(
    granted: &Granted,
    database: &str,
    request: &ActionRequest,
    planned: &Planned,
    of_what: String,
) -> Entry {
    let totals = planned.preview.totals;
    let mut entry = Entry::of(granted.caller(), request.action.audited())
        .in_database(database)
        .on(of_what)
        .after("targets", totals.handled.to_string());
    if totals.skipped > 0 {
        entry = entry.after("skipped", totals.skipped.to_string());
    }
    if totals.bytes > 0 {
        entry = entry.before("bytes", totals.bytes.to_string());
    }
    match &request.action {
        Asked::DropOlderThan { older_than } => entry.after("older than", older_than),
        Asked::Refresh { from, to } => entry.after("from", from).after("to", to),
        Asked::RescheduleJob { next_start } => entry.after("next start", next_start.to_string()),
        _ => {
            // One or a few are named; of many the action's own page tells.
            let names: Vec<String> = request
                .targets
                .iter()
                .take(5)
                .map(ActionTarget::to_string)
                .collect();
            entry.after("selected", names.join(", "))
        }
    }
}
