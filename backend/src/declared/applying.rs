//! Applying what is declared, table by table: each in a change of its own, with its preview, as if a person had done it.

use std::time::Duration;

use domain::declared::{Drift, is_held_back};
use domain::policy::Amount;
use domain::policy_change::ChangeState;
use domain::quantity::{bytes, counted};
use domain::role::Permission;
use domain::table_name::TableName;

use crate::auth::Granted;
use crate::console::Console;
use crate::policies::{ApplyPolicy, PolicyRefused, Wanted};

/// A change of one table is over by then.
const LONGEST: Duration = Duration::from_secs(70);
/// Whoever asks waits for so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A table that somebody chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenTable {
    /// The table.
    pub table: TableName,
    /// Of what the page showed of it; see [`domain::policy::Current::fingerprint`]. `None` where nobody looked before.
    pub fingerprint: Option<String>,
}

impl From<TableName> for ChosenTable {
    fn from(table: TableName) -> Self {
        Self {
            table,
            fingerprint: None,
        }
    }
}

/// What came of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableOutcome {
    /// The table.
    pub table: TableName,
    /// What came of it.
    pub outcome: DeclaredOutcome,
}

/// What came of applying what is declared to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeclaredOutcome {
    /// It is so now: the number of the change.
    Applied(i64),
    /// It was so already.
    AsDeclared,
    /// It waits for a person: its next run would drop this that is there; and so many chunks of which nobody can say.
    HeldBack(Amount, u64),
    /// It was not done, and why; with the number of the change, where one was begun.
    NotApplied(String, Option<i64>),
}

impl TableOutcome {
    /// In a sentence.
    pub fn sentence(&self) -> String {
        let table = &self.table;
        match &self.outcome {
            DeclaredOutcome::Applied(id) => format!("{table}: applied (change {id})."),
            DeclaredOutcome::AsDeclared => format!("{table}: as declared already."),
            DeclaredOutcome::HeldBack(amount, undated) if amount.chunks == 0 => format!(
                "{table}: held back, because it may drop some of {} of which nobody can say when they are due. Preview it, or \
                 say allow_drop = true for the table.",
                counted(*undated, "chunk", "chunks")
            ),
            DeclaredOutcome::HeldBack(amount, _) => format!(
                "{table}: held back, because its next run would drop {} ({}) that are there. Preview it, or say \
                 allow_drop = true for the table.",
                counted(amount.chunks, "chunk", "chunks"),
                bytes(amount.bytes)
            ),
            DeclaredOutcome::NotApplied(why, Some(id)) => {
                format!("{table}: not applied (change {id}): {why}")
            }
            DeclaredOutcome::NotApplied(why, None) => format!("{table}: not applied: {why}"),
        }
    }
}

impl DeclaredOutcome {
    /// Whether it is now as declared.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Applied(_) | Self::AsDeclared)
    }
}

impl Console {
    /// Applies what is declared to the chosen tables, or to all that differ, one after the other. One that fails, or that is
    /// not what the page showed any more, does not
    /// stop the rest; what would drop existing data is held back, unless its table allows that. It goes on whether anybody
    /// waits for it or not: `None` where it is not over after 20 seconds.
    pub async fn apply_declared(
        &self,
        granted: &Granted,
        database: &str,
        chosen: Option<Vec<ChosenTable>>,
    ) -> Result<Option<Vec<TableOutcome>>, PolicyRefused> {
        let (console, granted, database) = (self.clone(), granted.clone(), database.to_owned());
        let applying =
            Box::pin(async move { console.apply_to(&granted, &database, chosen.as_deref()).await });
        match tokio::time::timeout(PATIENCE, tokio::spawn(applying)).await {
            Ok(Ok(outcomes)) => outcomes.map(Some),
            // Not over, or a panic, which is logged with its place: what was done is among the changes.
            Err(_) | Ok(Err(_)) => Ok(None),
        }
    }

    /// Applies what is declared to the chosen tables, or to all that differ.
    pub(super) async fn apply_to(
        &self,
        granted: &Granted,
        database: &str,
        chosen: Option<&[ChosenTable]>,
    ) -> Result<Vec<TableOutcome>, PolicyRefused> {
        granted.require(Permission::ChangePolicies)?;
        // What is held back is told by the chunks of the last reading: it has to be one of this moment.
        let watched = self.watched(database)?;
        watched.refresh().await;
        if watched.observation().failing.is_some() {
            return Err(PolicyRefused::NotRead);
        }
        let mut tables = self.drift(granted, database).await?.tables;
        match chosen {
            Some(chosen) => tables.retain(|drift| chosen.iter().any(|of| of.table == drift.table)),
            None => tables.retain(|drift| drift.plan().is_some()),
        }
        let mut outcomes = Vec::with_capacity(tables.len());
        for drift in tables {
            let seen = chosen
                .into_iter()
                .flatten()
                .find(|of| of.table == drift.table)
                .and_then(|of| of.fingerprint.as_deref());
            let outcome = match Box::pin(self.apply_drift(granted, database, &drift, seen)).await {
                Ok(outcome) => outcome,
                Err(error) => DeclaredOutcome::NotApplied(format!("{error}."), None),
            };
            outcomes.push(TableOutcome {
                table: drift.table,
                outcome,
            });
        }
        Ok(outcomes)
    }

    async fn apply_drift(
        &self,
        granted: &Granted,
        database: &str,
        drift: &Drift,
        seen: Option<&str>,
    ) -> Result<DeclaredOutcome, PolicyRefused> {
        let wanted = Wanted {
            table: drift.table.clone(),
            fields: drift.fields.clone(),
        };
        // Planned anew of what the server has at this moment: the last reading may be older.
        let preview = self.preview_policy(granted, database, &wanted).await?;
        let plan = preview.planned.map_err(PolicyRefused::Fields)?.plan;
        if plan.is_empty() && plan.blockers.is_empty() {
            return Ok(DeclaredOutcome::AsDeclared);
        }
        if is_held_back(&plan, drift.allow_drop) {
            return Ok(DeclaredOutcome::HeldBack(plan.first_dropped, plan.undated));
        }
        let apply = ApplyPolicy {
            wanted,
            // Of what somebody has looked at, where somebody has; else of what was planned just now.
            fingerprint: seen.map_or_else(|| plan.fingerprint.clone(), str::to_owned),
            // Nothing that is there is dropped, or the configuration allows it by name.
            typed_name: plan.relation.to_string(),
            reason: "as declared in the configuration".to_owned(),
            undoes: None,
        };
        let id = self.apply_policy(granted, database, apply).await?;
        let change = self.await_policy_change(granted, database, id, LONGEST).await?;
        Ok(match &change.state {
            ChangeState::Applied => DeclaredOutcome::Applied(id),
            other => DeclaredOutcome::NotApplied(other.sentence(), Some(id)),
        })
    }
}
