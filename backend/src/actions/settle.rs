//! What consoles that are gone left behind.

use std::time::Duration;

use domain::action::{ActionOutcome, ActionTarget, TargetRun, TargetState};
use domain::audit::Outcome;
use tokio::sync::watch;

use super::execute::{ACTION_LOCK, lock_number, told};
use super::refused::ActionRefused;
use super::under_way::once;
use crate::audit::{Entry, Intent};
use crate::collector::Watched;
use crate::console::Console;
use crate::state::StateError;
use crate::state::actions::{StoredAction, end_action, note_target};
use crate::timescale::operated::{read_operated_chunks, read_operated_table};
use crate::timescale::operation::{OperationSession, connect_for_operation};

/// So often is looked for actions whose console is gone.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// What is under way when the console stops has this long to end.
const LAST_ACTIONS: Duration = Duration::from_secs(10);

/// Settles what consoles that are gone left behind, until it is to stop; then ends what is under way and waits for that.
pub async fn keep_actions(console: Console, stop: watch::Receiver<bool>) {
    let stopped = once(stop);
    tokio::pin!(stopped);
    loop {
        for watched in console.all_watched() {
            if let Err(error) = settle_all(&console, watched).await {
                tracing::debug!(%error, database = %watched.name(), "actions could not be settled yet");
            }
        }
        tokio::select! {
            () = &mut stopped => break,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    console.operations.stop(LAST_ACTIONS).await;
}

async fn settle_all(console: &Console, watched: &Watched) -> Result<(), ActionRefused> {
    let database = watched.name().as_str();
    let silent = console
        .state
        .silent_actions(database, console.clock.now())
        .await?;
    if silent.is_empty() {
        return Ok(());
    }
    let url = watched.change_url().ok_or(ActionRefused::NoAddress)?;
    let mut session = connect_for_operation(url)
        .await
        .map_err(|error| ActionRefused::of(&error))?;
    for id in silent {
        let is_left: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, $2)")
            .bind(ACTION_LOCK)
            .bind(lock_number(id))
            .fetch_one(&mut session.connection)
            .await
            .map_err(|error| ActionRefused::of(&error))?;
        if !is_left {
            // Its console is at it, and only cannot say so.
            continue;
        }
        let now = console.clock.now();
        if let Some(action) = console.state.action(database, id, now).await? {
            settle(console, database, &mut session, action).await?;
        }
    }
    watched.refresh().await;
    Ok(())
}

async fn settle(
    console: &Console,
    database: &str,
    session: &mut OperationSession,
    stored: StoredAction,
) -> Result<(), ActionRefused> {
    let mut targets = stored.run.targets;
    let mut changed = Vec::new();
    for (index, target) in targets.iter_mut().enumerate() {
        match target.state {
            TargetState::Running => {
                let shows = shows(session, target)
                    .await
                    .map_err(|error| ActionRefused::of(&error))?;
                target.state = TargetState::Unknown;
                target.detail = format!("The console ended while this was under way. {shows}");
            }
            TargetState::Waiting => {
                target.state = TargetState::Cancelled;
                "Not begun: the console ended before.".clone_into(&mut target.detail);
            }
            _ => continue,
        }
        changed.push(index);
    }
    let mut entry = Entry::of_console(stored.run.action.audited())
        .in_database(database)
        .on(stored.run.title.clone());
    entry.actor_kind = stored.actor.kind;
    entry.actor = stored.actor.name;
    entry.address = stored.actor.address;
    let intent = Intent::again(stored.intent_id, entry);
    let detail = format!("the console ended in the middle; {}", told(&targets));
    let now = console.clock.now();
    let mut transaction = console.state.begin().await.map_err(StateError::from)?;
    if !end_action(&mut transaction, stored.run.id, ActionOutcome::Interrupted, now).await? {
        // Another console was faster, or it lives after all.
        return Ok(());
    }
    for index in changed {
        note_target(&mut transaction, stored.run.id, index, &targets[index]).await?;
    }
    intent
        .end(&mut transaction, now, Outcome::Failed, &detail)
        .await?;
    transaction.commit().await.map_err(StateError::from)?;
    intent.announce_end(Outcome::Failed, &detail);
    Ok(())
}

/// What the database shows now, in a sentence.
pub(super) async fn shows(session: &mut OperationSession, target: &TargetRun) -> Result<String, sqlx::Error> {
    Ok(match &target.target {
        ActionTarget::Chunk { table, chunk } => {
            let found = match read_operated_table(&mut session.connection, table).await? {
                None => None,
                Some(of) => read_operated_chunks(&mut session.connection, &session.server, &of)
                    .await?
                    .into_iter()
                    .find(|of| of.name() == *chunk),
            };
            match found {
                None => "The database shows no such chunk any more.".to_owned(),
                Some(found) => format!("The database shows it {}.", found.status().words()),
            }
        }
        ActionTarget::Job(id) => {
            let scheduled: Option<bool> =
                sqlx::query_scalar("select scheduled from timescaledb_information.jobs where job_id = $1")
                    .bind(id)
                    .fetch_optional(&mut session.connection)
                    .await?;
            match scheduled {
                None => "The database shows no such job any more.".to_owned(),
                Some(true) => "The database shows it scheduled.".to_owned(),
                Some(false) => "The database shows it paused.".to_owned(),
            }
        }
        ActionTarget::Aggregate(_) | ActionTarget::Table(_) => {
            "How far it got, the database does not tell; refreshing it again does no harm.".to_owned()
        }
    })
}
