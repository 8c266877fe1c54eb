//! Changes that were left without an end, because the console was killed or the connection was lost: the database knows what
//! became of them.

use std::time::Duration;

use domain::audit::Action;
use domain::policy::differences;
use domain::policy_change::{ChangeState, in_words};
use tokio::sync::watch;

use super::PolicyRefused;
use super::ending::{Done, Ending, apply_facts};
use super::preview::{open, refusal};
use crate::audit::{Entry, Intent};
use crate::collector::Watched;
use crate::console::Console;
use crate::state::StateError;
use crate::state::policy_changes::{Content, StoredChange};
use crate::timescale::{ChangeSession, Definition, Fate};

/// How often is looked for changes without an end.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often, while there is one.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// Changes that are under way when the console is stopped have this long to end.
const LAST_CHANGES: Duration = Duration::from_secs(20);

/// Settles what was left without an end, at once and whenever its database can be reached again, until the console stops;
/// then waits for the changes that are under way.
pub async fn settle_policy_changes(console: Console, mut stop: watch::Receiver<bool>) {
    loop {
        let pause = match Box::pin(console.settle_left_changes()).await {
            Ok(0) => LOOK_EVERY,
            Ok(_) => TRY_EVERY,
            Err(error) => {
                tracing::warn!(%error, "looking for changes of policies without an end failed");
                LOOK_EVERY
            }
        };
        tokio::select! {
            // An error means that nobody can stop it any more.
            _ = stop.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(pause) => {}
            () = console.policies.unsettled.notified() => {}
        }
    }
    let ended = async {
        while !console.policies.is_idle() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(LAST_CHANGES, ended).await;
}

impl Console {
    /// Settles what can be settled now; gives how many changes are still without an end.
    pub async fn settle_left_changes(&self) -> Result<usize, StateError> {
        let mut left = 0;
        for watched in self.every_watched() {
            let changes = self.state.changes_without_end(watched.name().as_str()).await?;
            for change in changes {
                // This console is at it.
                if self.policies.progress(change.change.id).is_some() {
                    left += 1;
                    continue;
                }
                let id = change.change.id;
                match Box::pin(self.settle(watched, change)).await {
                    Ok(true) => {
                        tracing::info!(database = %watched.name(), change = id, "settled a change of a policy");
                        watched.refresh().await;
                    }
                    Ok(false) => left += 1,
                    Err(PolicyRefused::State(error)) => return Err(error),
                    Err(error) => {
                        left += 1;
                        tracing::debug!(database = %watched.name(), change = id, %error, "a change cannot be settled yet");
                    }
                }
            }
        }
        Ok(left)
    }

    /// `false` where somebody is at it, or its transaction has not ended.
    async fn settle(&self, watched: &Watched, left: StoredChange) -> Result<bool, PolicyRefused> {
        let mut session = open(watched).await?;
        let settled = async {
            let definition = session
                .read(&left.before.table)
                .await
                .map_err(|error| refusal(&error))?;
            if let Some(definition) = definition
                && !session
                    .try_lock(definition.relation)
                    .await
                    .map_err(|error| refusal(&error))?
            {
                return Ok(false);
            }
            // It may have ended while nobody had the lock.
            let again = self
                .state
                .find_change(&left.change.database, left.change.id)
                .await?;
            match again {
                Some(left) if !left.change.is_over() => self.settle_locked(&mut session, left).await,
                _ => Ok(true),
            }
        }
        .await;
        session.close().await;
        settled
    }

    /// Settles a change of a table whose lock the session has, so that nobody is at it.
    pub(super) async fn settle_locked(
        &self,
        session: &mut ChangeSession,
        left: StoredChange,
    ) -> Result<bool, PolicyRefused> {
        let what = match left.change.state {
            ChangeState::Unknown(_) => "The connection was lost while this was applied",
            _ => "The console was stopped while it applied this",
        };
        let fate = match left.transaction_id {
            None => None,
            Some(number) => Some(session.fate(number).await.map_err(|error| refusal(&error))?),
        };
        if fate == Some(Fate::InProgress) {
            return Ok(false);
        }
        let definition = session
            .read(&left.before.table)
            .await
            .map_err(|error| refusal(&error))?;
        let (id, undoes, transaction_id) = (left.change.id, left.change.undoes, left.transaction_id);
        let (database, intent_id) = (left.change.database.clone(), left.intent_id);
        let (entry, content) = parts(left);
        let is_reliable = session
            .numbers_are_reliable()
            .await
            .map_err(|error| refusal(&error))?;
        let done = judged(
            what,
            fate.map(|fate| (fate, is_reliable)),
            &content,
            definition.as_ref(),
        );
        let intent = Intent::again(intent_id, entry);
        let ending = Ending {
            id,
            database: &database,
            intent: &intent,
            content: &content,
            undoes,
            transaction_id,
        };
        Ok(self.end_policy_change(&ending, &done).await?)
    }
}

/// What the database's word comes to.
fn judged(
    what: &str,
    fate: Option<(Fate, bool)>,
    content: &Content,
    definition: Option<&Definition>,
) -> Done {
    let settled = |state, says: &str| Done {
        state,
        settled: Some(format!("{what}; {says}.")),
    };
    let nothing = || ChangeState::Failed("Nothing was changed. Preview and apply it again.".to_owned());
    // What the console keeps itself is not written down before the end: it is as it was.
    let before = content.before.console_retention.clone();
    let found = definition.and_then(|definition| definition.current(before).ok());
    let is_as_before = found
        .as_ref()
        .is_some_and(|found| found.fingerprint() == content.before.fingerprint());
    let done = Done::found(content, definition);
    // A next start is no part of what is compared.
    let changes_something = !content.differences.is_empty();
    match fate {
        None => settled(nothing(), "it had not begun to change anything"),
        Some((Fate::Aborted | Fate::InProgress, _)) => {
            settled(nothing(), "the database says that nothing of it was done")
        }
        // Without the means to keep it, the number may be that of another transaction.
        Some((Fate::Committed, false)) if is_as_before && changes_something => settled(
            nothing(),
            "the database knows a transaction of this number, but the policy is what it was before",
        ),
        Some((Fate::Committed, _)) => Done {
            settled: Some(format!("{what}; the database says that it was committed.")),
            ..done
        },
        Some((Fate::Forgotten, _)) if is_as_before => settled(
            nothing(),
            "the database does not know the transaction any more, and the policy is what it was before",
        ),
        Some((Fate::Forgotten, _)) if done.state == ChangeState::Applied => settled(
            ChangeState::Applied,
            "the database does not know the transaction any more, but the policy is what was planned",
        ),
        Some((Fate::Forgotten, _)) => {
            let rows = found.map_or_else(Vec::new, |found| {
                differences(&content.before.policy(), &found.policy())
            });
            Done::of(ChangeState::Unknown(format!(
                "{what}, and the database does not know the transaction any more. The policy is neither what it was before nor \
                 what was planned ({}): look at it, and preview what is to be.",
                in_words(&rows)
            )))
        }
    }
}

/// What an end is written with, of what was stored.
fn parts(left: StoredChange) -> (Entry, Content) {
    let change = left.change;
    let content = Content {
        before: left.before,
        steps: change.statements,
        effects: change.effects,
        warnings: change.warnings,
        differences: change.differences,
        desired: left.desired,
        inverse: change.inverse,
        drops_data: change.drops_data,
    };
    let action = match change.undoes {
        None => Action::ApplyPolicy,
        Some(_) => Action::UndoPolicy,
    };
    let entry = Entry {
        actor_kind: change.actor_kind,
        actor: change.actor,
        address: left.address,
        ..Entry::of_console(action)
    }
    .in_database(&change.database)
    .on(change.relation.to_string());
    let entry = apply_facts(entry, &content, &change.reason, change.undoes);
    (entry, content)
}
