//! Beginning a change: whatever can be refused before anything is done is refused here.

use domain::audit::Action;
use domain::policy::{Current, differences};
use domain::policy_change::{ChangeState, Progress};
use domain::role::Permission;
use domain::table_name::TableName;
use tokio::sync::watch;

use super::applying::{ATTEMPTS, Applying};
use super::ending::apply_facts;
use super::preview::{Sight, open, refusal};
use super::{ApplyPolicy, PolicyRefused};
use crate::audit::{Entry, Intent};
use crate::auth::{Granted, WrongGrant, still_grants};
use crate::collector::Watched;
use crate::console::Console;
use crate::state::StateError;
use crate::state::policy_changes::{Content, NewChange, StoredChange, insert_change};
use crate::timescale::{Around, ChangeSession, Definition, ServerRefusal};

/// Longest reason, in characters.
const REASON: usize = 1_000;

impl Console {
    /// Applies a change that was previewed, and gives its number. Whatever can be refused before anything is done is
    /// refused here; then the change goes on in a task of its own, whether anybody waits for it or not.
    pub async fn apply_policy(
        &self,
        granted: &Granted,
        database: &str,
        apply: ApplyPolicy,
    ) -> Result<i64, PolicyRefused> {
        granted.require(Permission::ChangePolicies)?;
        let watched = self.watched(database)?.clone();
        if apply.reason.chars().count() > REASON {
            return Err(PolicyRefused::ReasonTooLong(REASON));
        }
        let mut session = Box::pin(open(&watched)).await?;
        let begun = Box::pin(self.begin(granted, &watched, &mut session, apply)).await;
        match begun {
            Ok((id, intent, content, sight, undoes)) => {
                let steps = content.steps.len();
                let (progress, _) = watch::channel(Progress {
                    attempts: ATTEMPTS,
                    steps,
                    ..Progress::default()
                });
                let applying = Applying {
                    console: self.clone(),
                    watched,
                    id,
                    relation: sight.current.relation().clone(),
                    intent,
                    content,
                    undoes,
                    transaction_id: None,
                    session,
                    around: sight.around(),
                    progress,
                };
                let progress = applying.progress.clone();
                let console = self.clone();
                // Under way before anybody can ask for it.
                let (ready, is_ready) = tokio::sync::oneshot::channel();
                tokio::spawn(async move {
                    let under_way = console.policies.begin(id, progress.subscribe());
                    let _ = ready.send(());
                    Box::pin(applying.run()).await;
                    drop(under_way);
                    // Whoever waits for its end finds that it is not under way any more.
                    drop(progress);
                });
                let _ = is_ready.await;
                Ok(id)
            }
            Err(refused) => {
                session.close().await;
                Err(refused)
            }
        }
    }

    /// Everything up to the change's line in the state.
    async fn begin(
        &self,
        granted: &Granted,
        watched: &Watched,
        session: &mut ChangeSession,
        mut apply: ApplyPolicy,
    ) -> Result<(i64, Intent, Content, Sight, Option<i64>), PolicyRefused> {
        let database = watched.name().as_str();
        let table = &apply.wanted.table;
        self.lock_table(session, database, table).await?;
        let sight = self.look(watched, session, table).await?;
        let mut undone = None;
        if let Some(undoes) = apply.undoes {
            let change = self.undoable(database, undoes).await?;
            if change.relation != *sight.current.relation() {
                return Err(PolicyRefused::NotUndoable(
                    undoes,
                    format!("it was a change of {}", change.relation),
                ));
            }
            undone = Some(change);
        }
        if sight.current.fingerprint() != apply.fingerprint {
            let seen = self.seen(watched, table, &apply.fingerprint).await?;
            let differences = seen.map(|seen| seen.changes_to(&sight.current));
            return Err(PolicyRefused::Changed(differences.unwrap_or_default()));
        }
        let planned = sight.plan(&apply.wanted).map_err(PolicyRefused::Fields)?;
        let plan = planned.plan;
        // What leads elsewhere than to what there was before is a change like any other.
        if undone.is_some_and(|undone| !differences(&undone.inverse.policy, &plan.desired.policy).is_empty())
        {
            apply.undoes = None;
        }
        if !plan.blockers.is_empty() {
            let sentences = plan.blockers.iter().map(domain::policy::Blocker::sentence);
            return Err(PolicyRefused::Blocked(sentences.collect()));
        }
        if plan.is_empty() {
            return Err(PolicyRefused::NothingToDo);
        }
        if !plan.is_allowed_by(&apply.typed_name) {
            return Err(PolicyRefused::TypedName(plan.relation));
        }

        let content = Content {
            before: sight.current.clone(),
            effects: plan
                .effects
                .iter()
                .map(domain::policy::Effect::sentence)
                .collect(),
            warnings: plan
                .warnings
                .iter()
                .map(domain::policy::Warning::sentence)
                .collect(),
            differences: planned.differences,
            desired: plan.desired,
            inverse: plan.inverse,
            drops_data: plan.needs_typed_name,
            steps: plan.steps,
        };
        let caller = granted.caller();
        let action = match apply.undoes {
            None => Action::ApplyPolicy,
            Some(_) => Action::UndoPolicy,
        };
        let entry = apply_facts(
            Entry::of(caller, action)
                .in_database(database)
                .on(plan.relation.to_string()),
            &content,
            apply.reason.trim(),
            apply.undoes,
        );
        let now = self.clock.now();
        let mut transaction = self.state.begin().await?;
        if !still_grants(&mut transaction, granted, now).await? {
            return Err(WrongGrant(granted.permission()).into());
        }
        let intent = Intent::begin(&mut transaction, now, entry).await?;
        let change = NewChange {
            database,
            relation: &plan.relation,
            at: now,
            actor_kind: caller.principal.kind(),
            actor: caller.principal.name(),
            address: &caller.address,
            reason: apply.reason.trim(),
            undoes: apply.undoes,
            intent_id: intent.id(),
            content: &content,
            state: &ChangeState::Running(Progress {
                attempts: ATTEMPTS,
                steps: content.steps.len(),
                ..Progress::default()
            }),
        };
        let id = insert_change(&mut transaction, &change).await?;
        transaction.commit().await?;
        intent.announce_begin();
        Ok((id, intent, content, sight, apply.undoes))
    }

    /// Waits until no other change of the table is under way. What one before left without an end is settled first.
    async fn lock_table(
        &self,
        session: &mut ChangeSession,
        database: &str,
        table: &TableName,
    ) -> Result<(), PolicyRefused> {
        let definition = session.read(table).await.map_err(|error| refusal(&error))?;
        let Some(definition) = definition else {
            return Err(PolicyRefused::UnknownTable(table.clone()));
        };
        let relation = definition.relation;
        if let Err(error) = session.lock(relation).await {
            let refused = ServerRefusal::of(&error, &Around::default());
            if !refused.is_contention() {
                return Err(refused.into());
            }
            let mut of_table = self.changes_under_way(database, &definition).await?;
            let who = match of_table.pop() {
                Some(other) => Some(format!(
                    "number {}, by {}",
                    other.change.id,
                    other.change.made_by()
                )),
                None => session
                    .lock_holder(relation)
                    .await
                    .map_err(|error| refusal(&error))?,
            };
            return Err(PolicyRefused::Busy(
                who.unwrap_or_else(|| "it has just ended".to_owned()),
            ));
        }
        for left in self.changes_under_way(database, &definition).await? {
            self.settle_locked(session, left).await?;
        }
        Ok(())
    }

    async fn changes_under_way(
        &self,
        database: &str,
        definition: &Definition,
    ) -> Result<Vec<StoredChange>, PolicyRefused> {
        let table = definition.table_name();
        let mut changes = self.state.changes_without_end(database).await?;
        changes.retain(|stored| stored.before.table == table);
        Ok(changes)
    }

    /// What a preview saw, if anybody still knows: this console, whoever planned a change for it, or the last reading.
    async fn seen(
        &self,
        watched: &Watched,
        table: &TableName,
        fingerprint: &str,
    ) -> Result<Option<Current>, StateError> {
        if let Some(seen) = self.policies.recall(fingerprint) {
            return Ok(Some(seen));
        }
        let database = watched.name().as_str();
        if let Some(planned) = self.state.policy_of_fingerprint(database, fingerprint).await? {
            return Ok(Some(planned));
        }
        let snapshot = watched.observation().snapshot;
        let read = snapshot.and_then(|snapshot| Current::of(&snapshot, table, None).ok());
        Ok(read.filter(|read| read.fingerprint() == fingerprint))
    }
}
