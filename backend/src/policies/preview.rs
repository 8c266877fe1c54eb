//! Looking at a policy, and at what a change of it would do.

use std::sync::Arc;

use domain::policy::{
    Current, Cutoff, Facts, Outlook, Plan, PolicyFields, PolicyKind, TablePolicy, differences, parse, plan,
};
use domain::role::Permission;
use domain::snapshot::Snapshot;
use domain::table_name::TableName;
use jiff::Timestamp;

use super::{Planned, PolicyNow, PolicyRefused, Preview, Wanted};
use crate::auth::Granted;
use crate::collector::Watched;
use crate::console::Console;
use crate::timescale::{Around, ChangeSession, Definition, ServerRefusal};

/// A table as it is at this moment, with what a plan is made with.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub(super) current: Current,
    pub(super) definition: Definition,
    /// When the console itself drops next, where it does.
    console_next_start: Option<Timestamp>,
    snapshot: Arc<Snapshot>,
    now: Timestamp,
}

impl Sight {
    fn facts(&self) -> Facts<'_> {
        let definition = &self.definition;
        Facts {
            edition: definition.edition,
            capabilities: definition.capabilities,
            applicant: Some(definition.applicant.clone()),
            owner_can_login: Some(definition.owner_can_login),
            lock_slots: Some(definition.lock_slots),
            columns: Some(definition.columns.clone()),
            indexes: Some(definition.indexes),
            console_next_start: self.console_next_start,
            ..Facts::of(&self.snapshot, &self.current, self.now)
        }
    }

    fn policy(&self) -> PolicyNow {
        let policy = self.current.policy();
        PolicyNow {
            fields: PolicyFields::of(&policy),
            edition: self.definition.edition,
            applicant: Some(self.definition.applicant.clone()),
            cutoffs: cutoffs(&policy, &self.facts()),
            columns: self.definition.columns.clone(),
            current: self.current.clone(),
        }
    }

    /// What leads to what is wanted.
    pub(super) fn plan(&self, wanted: &Wanted) -> Result<Planned, Vec<domain::policy::FieldError>> {
        let facts = self.facts();
        let desired = parse(&wanted.fields, &self.current, &facts)?;
        let plan: Plan = plan(&self.current, &desired, &facts);
        let policy = &plan.desired.policy;
        Ok(Planned {
            outlook: Outlook::of(policy, plan.first_runs, &facts),
            differences: differences(&self.current.policy(), policy),
            cutoffs: cutoffs(policy, &facts),
            snapshot: Arc::clone(&self.snapshot),
            plan,
        })
    }

    /// What is to be said around a refusal.
    pub(super) fn around(&self) -> Around {
        Around {
            role: Some(self.definition.applicant.role.clone()),
            owner: Some(self.current.owner.clone()),
            table: Some(self.current.relation().clone()),
            holders: None,
        }
    }
}

fn cutoffs(policy: &TablePolicy, facts: &Facts<'_>) -> Vec<(PolicyKind, Cutoff)> {
    let of = |kind, threshold: Option<domain::policy::Threshold>| {
        threshold
            .and_then(|threshold| Cutoff::of(threshold, facts))
            .map(|cutoff| (kind, cutoff))
    };
    [
        of(
            PolicyKind::Compression,
            policy.compression.policy().map(|policy| policy.threshold),
        ),
        of(
            PolicyKind::Retention,
            policy.retention.as_ref().map(|policy| policy.threshold),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Console {
    /// A table's policy as the server has it now.
    pub async fn policy(
        &self,
        granted: &Granted,
        database: &str,
        table: &TableName,
    ) -> Result<PolicyNow, PolicyRefused> {
        granted.require(Permission::ChangePolicies)?;
        let watched = self.watched(database)?;
        Ok(Box::pin(self.look_once(watched, table)).await?.policy())
    }

    /// What a change would do, before it does it.
    pub async fn preview_policy(
        &self,
        granted: &Granted,
        database: &str,
        wanted: &Wanted,
    ) -> Result<Preview, PolicyRefused> {
        granted.require(Permission::ChangePolicies)?;
        let watched = self.watched(database)?;
        self.preview(watched, wanted.clone()).await
    }

    /// What taking a change back would do: leading to what there was before it.
    pub async fn undo_preview(
        &self,
        granted: &Granted,
        database: &str,
        id: i64,
    ) -> Result<Preview, PolicyRefused> {
        granted.require(Permission::ChangePolicies)?;
        let watched = self.watched(database)?;
        let change = self.undoable(database, id).await?;
        let inverse = change.inverse;
        let mut fields = PolicyFields::of(&inverse.policy);
        for kind in PolicyKind::ALL {
            if let Some(at) = inverse.next_starts.of(kind) {
                fields.set(domain::policy::Field::NextStart(kind), at.to_string());
            }
        }
        let wanted = Wanted {
            table: change.relation,
            fields,
        };
        self.preview(watched, wanted).await
    }

    async fn preview(&self, watched: &Watched, wanted: Wanted) -> Result<Preview, PolicyRefused> {
        let sight = Box::pin(self.look_once(watched, &wanted.table)).await?;
        Ok(Preview {
            now: sight.policy(),
            planned: sight.plan(&wanted),
            wanted,
        })
    }

    /// Looks at a table in a session of its own.
    async fn look_once(&self, watched: &Watched, table: &TableName) -> Result<Sight, PolicyRefused> {
        let mut session = open(watched).await?;
        let sight = self.look(watched, &mut session, table).await;
        session.close().await;
        sight
    }

    /// Looks at a table, and remembers what was seen.
    pub(super) async fn look(
        &self,
        watched: &Watched,
        session: &mut ChangeSession,
        table: &TableName,
    ) -> Result<Sight, PolicyRefused> {
        let definition = session
            .read(table)
            .await
            .map_err(|error| refusal(&error))?
            .ok_or_else(|| PolicyRefused::UnknownTable(table.clone()))?;
        let retention = self
            .state
            .console_retention(watched.name().as_str(), &definition.table_name())
            .await?;
        let console_next_start = retention.as_ref().map(|retention| retention.next_start);
        let current = definition.current(retention.map(|retention| retention.policy))?;
        self.policies.remember(&current);
        let knows = |snapshot: &Arc<Snapshot>| snapshot.hypertable(&current.table).is_some();
        let mut snapshot = watched.observation().snapshot;
        if !snapshot.as_ref().is_some_and(knows) {
            // A plan that knows of no chunk would say that none is dropped.
            watched.refresh().await;
            snapshot = watched.observation().snapshot;
        }
        Ok(Sight {
            snapshot: snapshot.filter(knows).ok_or(PolicyRefused::NotRead)?,
            now: self.clock.now(),
            console_next_start,
            current,
            definition,
        })
    }
}

/// A session for changes of a database.
pub(super) async fn open(watched: &Watched) -> Result<ChangeSession, PolicyRefused> {
    let url = watched.change_url().ok_or(PolicyRefused::NoConnection)?;
    ChangeSession::open(url).await.map_err(|error| refusal(&error))
}

/// What the server refused before anything else is known.
pub(super) fn refusal(error: &sqlx::Error) -> PolicyRefused {
    ServerRefusal::of(error, &Around::default()).into()
}
