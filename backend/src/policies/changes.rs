//! Changes there were and are: reading them, and waiting for one.

use std::time::Duration;

use domain::policy_change::{ChangeState, PolicyChange};
use domain::role::Permission;
use domain::table_name::TableName;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::PolicyRefused;
use crate::auth::Granted;
use crate::console::Console;
use crate::state::policy_changes::StoredChange;

/// No console is at one change for longer than this: what has no end then was left.
const LEFT_AFTER: SignedDuration = SignedDuration::from_secs(90);
/// How often is asked after a change that another console is at.
const ASK_EVERY: Duration = Duration::from_millis(200);

impl Console {
    /// One change.
    pub async fn policy_change(
        &self,
        granted: &Granted,
        database: &str,
        id: i64,
    ) -> Result<PolicyChange, PolicyRefused> {
        granted.require(Permission::ChangePolicies)?;
        self.watched(database)?;
        let stored = self.state.find_change(database, id).await?;
        let stored = stored.ok_or(PolicyRefused::UnknownChange(id))?;
        Ok(self.as_it_stands(stored))
    }

    /// Changes of a database, or of one table of it, newest first; `before` is the number where the last page ended.
    pub async fn policy_changes(
        &self,
        granted: &Granted,
        database: &str,
        table: Option<&TableName>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<PolicyChange>, PolicyRefused> {
        granted.require(Permission::ChangePolicies)?;
        let view = self.view_of(database, table)?;
        let table = view.as_ref().or(table);
        let stored = self.state.changes(database, table, before, limit).await?;
        Ok(stored
            .into_iter()
            .map(|stored| self.as_it_stands(stored))
            .collect())
    }

    /// How many changes there are of a database, or of one table of it.
    pub async fn count_policy_changes(
        &self,
        granted: &Granted,
        database: &str,
        table: Option<&TableName>,
    ) -> Result<u64, PolicyRefused> {
        granted.require(Permission::ChangePolicies)?;
        let view = self.view_of(database, table)?;
        let table = view.as_ref().or(table);
        Ok(self.state.count_changes(database, table).await?)
    }

    /// The continuous aggregate whose results lie in a table: changes of it are kept under its name.
    fn view_of(&self, database: &str, table: Option<&TableName>) -> Result<Option<TableName>, PolicyRefused> {
        let snapshot = self.watched(database)?.observation().snapshot;
        Ok(table.and_then(|table| {
            let aggregates = &snapshot.as_ref()?.continuous_aggregates;
            let aggregate = aggregates.iter().find(|of| of.materialization == *table)?;
            Some(aggregate.view.clone())
        }))
    }

    /// Waits until a change is over, at most for a time.
    pub async fn await_policy_change(
        &self,
        granted: &Granted,
        database: &str,
        id: i64,
        at_most: Duration,
    ) -> Result<PolicyChange, PolicyRefused> {
        let deadline = Instant::now() + at_most;
        loop {
            if let Some(mut progress) = self.policies.progress(id) {
                // Ends with the change: nobody sends any more.
                let _ =
                    tokio::time::timeout_at(deadline, async { while progress.changed().await.is_ok() {} })
                        .await;
            }
            let change = self.policy_change(granted, database, id).await?;
            let now = Instant::now();
            if (change.is_over() && self.policies.progress(id).is_none()) || now >= deadline {
                return Ok(change);
            }
            tokio::time::sleep(ASK_EVERY.min(deadline - now)).await;
        }
    }

    /// A change that can be taken back.
    pub(super) async fn undoable(&self, database: &str, id: i64) -> Result<PolicyChange, PolicyRefused> {
        let stored = self.state.find_change(database, id).await?;
        let change = stored.ok_or(PolicyRefused::UnknownChange(id))?.change;
        let why_not = match (change.undone_by, change.state.was_applied()) {
            (Some(by), _) => format!("change {by} did so already; take that one back instead"),
            (None, false) => "it changed nothing".to_owned(),
            (None, true) => return Ok(change),
        };
        Err(PolicyRefused::NotUndoable(id, why_not))
    }

    fn as_it_stands(&self, stored: StoredChange) -> PolicyChange {
        let mut change = stored.change;
        if let (false, ChangeState::Running(_)) = (change.is_over(), &change.state) {
            change.state = match self.policies.progress(change.id) {
                Some(progress) => ChangeState::Running(progress.borrow().clone()),
                None if is_left(change.at, self.clock.now()) => ChangeState::Unknown(
                    "The console was stopped while it applied this. As soon as the database can be reached, it is asked what \
                     became of it."
                        .to_owned(),
                ),
                None => change.state,
            };
        }
        change
    }
}

fn is_left(begun: Timestamp, now: Timestamp) -> bool {
    now.duration_since(begun) > LEFT_AFTER
}
