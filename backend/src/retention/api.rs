//! What people ask of the runner.

use std::time::Duration;

use domain::audit::{Action, Outcome};
use domain::retention_run::{DryRun, RetentionKeeper, RetentionOutcome, RetentionRun, RetentionStatus};
use domain::role::Permission;
use domain::snapshot::Edition;
use domain::table_name::TableName;

use super::due::find_due;
use super::run::{begin, conclude};
use super::{lock_runner, run_alive};
use crate::actions::{ActionRefused, Pulse, UnderWay, once};
use crate::audit::{Entry, Intent};
use crate::auth::{Granted, WrongGrant};
use crate::collector::Watched;
use crate::console::Console;
use crate::state::console_retention::{ConsoleRetention, console_retentions};
use crate::state::retention_runs::{Actor, RunEnd};
use crate::timescale::ConnectionUrl;
use crate::timescale::operation::{OperationSession, connect_for_operation};

/// Most runs that are handed out at once.
const MOST_RUNS: u32 = 200;
/// A run by hand waits this long for another to end.
const WAIT_FOR_RUNNER: Duration = Duration::from_mins(10);

/// Who asked, as it is kept.
pub(crate) fn actor_of(granted: &Granted) -> Actor {
    let caller = granted.caller();
    Actor {
        kind: caller.principal.kind(),
        name: caller.principal.name().to_owned(),
        address: caller.address.clone(),
    }
}

/// As people are told who it was.
pub(crate) fn who(granted: &Granted) -> String {
    match granted.caller().principal().name() {
        "" => "the command line".to_owned(),
        name => name.to_owned(),
    }
}

/// What only reads is shown to whoever sees details, too.
fn require_reading(granted: &Granted) -> Result<(), ActionRefused> {
    match granted.permission() {
        Permission::ViewDetails | Permission::ChangePolicies => Ok(()),
        _ => Err(WrongGrant(Permission::ChangePolicies).into()),
    }
}

fn edition(watched: &Watched) -> Option<Edition> {
    watched
        .observation()
        .snapshot
        .map(|snapshot| snapshot.server.edition)
}

impl Console {
    /// How retention of each table stands that the console drops chunks of.
    pub async fn retention_statuses(
        &self,
        granted: &Granted,
        database: &str,
    ) -> Result<Vec<RetentionStatus>, ActionRefused> {
        require_reading(granted)?;
        let watched = self.watched(database)?;
        let now = self.clock.now();
        let mut connection = self
            .state
            .connection()
            .await
            .map_err(crate::state::StateError::from)?;
        let retentions = console_retentions(&mut connection, database).await?;
        drop(connection);
        let open = self.state.open_runs(database, now).await?;
        let keeper = match edition(watched) {
            Some(Edition::Community) => RetentionKeeper::Server,
            Some(Edition::Apache) | None => RetentionKeeper::Console,
        };
        let mut statuses = Vec::with_capacity(retentions.len());
        for ConsoleRetention {
            table,
            policy,
            next_start,
        } in retentions
        {
            let last = self
                .state
                .retention_runs(database, Some(&table), None, 5, now)
                .await?;
            let failures_in_a_row = self.state.failures_in_a_row(database, &table).await?;
            let is_run = keeper == RetentionKeeper::Console && !policy.schedule.paused;
            statuses.push(RetentionStatus {
                keeper,
                next_start: is_run.then_some(next_start),
                failures_in_a_row,
                last_run: last.into_iter().find(|run| run.ended_at.is_some()),
                running: open
                    .iter()
                    .map(|open| &open.run)
                    .find(|run| run.table == table)
                    .cloned(),
                table,
                policy,
            });
        }
        Ok(statuses)
    }

    /// Runs, the newest first: of one table or of all, older than one of them.
    pub async fn retention_runs(
        &self,
        granted: &Granted,
        database: &str,
        table: Option<&TableName>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<RetentionRun>, ActionRefused> {
        require_reading(granted)?;
        self.watched(database)?;
        let now = self.clock.now();
        let limit = limit.min(MOST_RUNS);
        Ok(self
            .state
            .retention_runs(database, table, before, limit, now)
            .await?)
    }

    /// What a run would drop now: found in the very same way, up to the drop itself.
    pub async fn dry_run_retention(
        &self,
        granted: &Granted,
        database: &str,
        table: &TableName,
    ) -> Result<DryRun, ActionRefused> {
        granted.require(Permission::ChangePolicies)?;
        let (retention, url) = self.kept(database, table).await?;
        let mut session = connect(&url, table).await?;
        self.note_read(granted, &format!("what is due of {table}"), database);
        find_due(&url, &mut session, table, retention.policy.threshold).await
    }

    /// Runs retention of a table now; returns the run's number. It waits for another run to end, and does not change when
    /// the table is due next.
    pub async fn run_retention_now(
        &self,
        granted: &Granted,
        database: &str,
        table: &TableName,
    ) -> Result<i64, ActionRefused> {
        granted.require(Permission::ChangePolicies)?;
        let (retention, url) = self.kept(database, table).await?;
        let under_way = self.operations.begin().ok_or(ActionRefused::Stopping)?;
        let open = self.state.open_runs(database, self.clock.now()).await?;
        if let Some(open) = open
            .iter()
            .find(|open| open.run.table == *table && !open.run.is_silent)
        {
            return Err(ActionRefused::RunsAlready(open.run.id));
        }
        let session = connect(&url, table).await?;
        if !self.still_grants(granted).await? {
            return Err(WrongGrant(Permission::ChangePolicies).into());
        }
        let (id, intent) = begin(self, database, table, &retention.policy, &actor_of(granted)).await?;
        let by_hand = ByHand {
            console: self.clone(),
            database: database.to_owned(),
            url,
            retention,
            id,
            intent,
            session,
            _under_way: under_way,
        };
        tokio::spawn(by_hand.run());
        Ok(id)
    }

    /// Has a run end, wherever it runs: what it has dropped stays dropped, the statement it is at is ended.
    pub async fn cancel_retention_run(
        &self,
        granted: &Granted,
        database: &str,
        id: i64,
    ) -> Result<(), ActionRefused> {
        granted.require(Permission::ChangePolicies)?;
        self.watched(database)?;
        let entry = Entry::of(granted.caller(), Action::CancelRetention)
            .in_database(database)
            .on(format!("retention run {id}"));
        if self.state.cancel_run(database, id, &who(granted)).await? {
            self.record(entry, Outcome::Succeeded, "").await?;
            Ok(())
        } else {
            self.record(entry, Outcome::Failed, "it has ended").await?;
            Err(ActionRefused::Ended("retention run", id))
        }
    }

    /// What the console drops of a table, and how it connects for that.
    async fn kept(
        &self,
        database: &str,
        table: &TableName,
    ) -> Result<(ConsoleRetention, ConnectionUrl), ActionRefused> {
        let watched = self.watched(database)?;
        if edition(watched) == Some(Edition::Community) {
            return Err(ActionRefused::ServerDrops(table.clone()));
        }
        let url = watched.change_url().cloned().ok_or(ActionRefused::NoAddress)?;
        let retention = self
            .state
            .console_retention(database, table)
            .await?
            .ok_or_else(|| ActionRefused::NotKept(table.clone()))?;
        Ok((retention, url))
    }
}

async fn connect(url: &ConnectionUrl, table: &TableName) -> Result<OperationSession, ActionRefused> {
    let session = connect_for_operation(url)
        .await
        .map_err(|error| ActionRefused::of(&error))?;
    match session.server.edition() {
        None => Err(ActionRefused::NoTimescale),
        Some(Edition::Community) => Err(ActionRefused::ServerDrops(table.clone())),
        Some(Edition::Apache) => Ok(session),
    }
}

/// A run that somebody asked for.
struct ByHand {
    console: Console,
    database: String,
    url: ConnectionUrl,
    retention: ConsoleRetention,
    id: i64,
    intent: Intent,
    session: OperationSession,
    _under_way: UnderWay,
}

impl ByHand {
    async fn run(mut self) {
        let end = match self.wait_for_lock().await {
            None => {
                run_alive(
                    &self.console,
                    &self.url,
                    &self.retention,
                    self.id,
                    &mut self.session,
                )
                .await
            }
            Some(end) => end,
        };
        if let Err(error) = conclude(&self.console, self.id, &self.intent, &end, None).await {
            tracing::error!(%error, run = self.id, "the end of a retention run could not be written down");
        }
        if let Ok(watched) = self.console.watched(&self.database) {
            let watched = watched.clone();
            tokio::spawn(async move { watched.refresh().await });
        }
    }

    /// Waits until no other console runs; `None` once that is so.
    async fn wait_for_lock(&mut self) -> Option<RunEnd> {
        let stopped = once(self.console.operations.stopping());
        tokio::pin!(stopped);
        let until = tokio::time::Instant::now() + WAIT_FOR_RUNNER;
        loop {
            match lock_runner(&mut self.session).await {
                Ok(true) => return None,
                Ok(false) => {}
                Err(error) => {
                    let refused = ActionRefused::of(&error).to_string();
                    return Some(RunEnd::of(RetentionOutcome::Failed, refused));
                }
            }
            tokio::select! {
                () = &mut stopped => {
                    return Some(RunEnd::of(RetentionOutcome::Interrupted, "The console was stopped before it began."));
                }
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
            let now = self.console.clock.now();
            match self.console.state.note_run_alive(self.id, now).await {
                Ok(Pulse::IsToEnd | Pulse::HasEnded) => {
                    return Some(RunEnd::of(
                        RetentionOutcome::Cancelled,
                        "It was ended before it began.",
                    ));
                }
                Ok(Pulse::GoesOn) => {}
                Err(error) => return Some(RunEnd::of(RetentionOutcome::Failed, error.to_string())),
            }
            if tokio::time::Instant::now() >= until {
                return Some(RunEnd::of(
                    RetentionOutcome::Failed,
                    "Another run was under way for too long. Try again once it has ended.",
                ));
            }
        }
    }
}
