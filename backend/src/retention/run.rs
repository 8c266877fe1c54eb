//! One run: what is due is dropped, batch by batch, and every step of it is written down before it is taken.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::audit::{Action, Outcome};
use domain::policy::AgePolicy;
use domain::retention_run::{ChunkSum, DropBatch, DryRun, RetentionOutcome};
use domain::table_name::TableName;
use sqlx::{AssertSqlSafe, Connection, Row};
use tokio::sync::watch;
use tokio::time::Instant;

use super::due::{find_due, oldest_there};
use crate::actions::{ActionRefused, Ending, to_end};
use crate::audit::{Entry, Intent};
use crate::console::Console;
use crate::state::StateError;
use crate::state::retention_runs::{Actor, BatchChunk, NewRun, OpenRun, RunEnd, end_run, insert_run};
use crate::timescale::lock_holders::{lock_holders, named};
use crate::timescale::operated::relations_there;
use crate::timescale::operation::{OperationSession, cancellable, connect_for_operation};
use crate::timescale::{Around, ConnectionUrl, ServerRefusal};

/// A transaction waits this long for its locks. Whoever wants the chunk next waits behind it, so this is short.
const LOCK_TIMEOUT: &str = "2s";
/// However many chunks, a transaction ends within this.
const BATCH_TIMEOUT: &str = "5min";
/// A batch is tried so often before the run gives up.
const ATTEMPTS: u32 = 3;
/// Between two attempts, times their number.
const PAUSE: Duration = Duration::from_millis(500);

/// A run that was begun, and everything it needs.
pub(super) struct Run<'a> {
    pub(super) console: &'a Console,
    pub(super) url: &'a ConnectionUrl,
    pub(super) table: &'a TableName,
    pub(super) policy: &'a AgePolicy,
    pub(super) id: i64,
    /// Set once it is to end.
    pub(super) ending: watch::Receiver<Option<Ending>>,
}

/// What the audit trail says a run is.
fn entry(database: &str, table: &TableName, actor: &Actor) -> Entry {
    let mut entry = Entry::of_console(Action::RunRetention)
        .in_database(database)
        .on(format!("table {table}"));
    entry.actor_kind = actor.kind;
    actor.name.clone_into(&mut entry.actor);
    actor.address.clone_into(&mut entry.address);
    entry
}

/// Begins a run: from here on it is in the state store and in the audit trail.
pub(super) async fn begin(
    console: &Console,
    database: &str,
    table: &TableName,
    policy: &AgePolicy,
    actor: &Actor,
) -> Result<(i64, Intent), StateError> {
    let now = console.clock.now();
    let entry = entry(database, table, actor).after("policy", policy.threshold.to_string());
    let mut transaction = console.state.begin().await?;
    let intent = Intent::begin(&mut transaction, now, entry).await?;
    let run = NewRun {
        database,
        table,
        policy,
        actor,
        intent_id: intent.id(),
    };
    let id = insert_run(&mut transaction, &run, now).await?;
    transaction.commit().await?;
    intent.announce_begin();
    Ok((id, intent))
}

/// Ends a run in the state store and in the audit trail, with whatever `also` writes, all of it or nothing.
pub(super) async fn conclude(
    console: &Console,
    id: i64,
    intent: &Intent,
    end: &RunEnd,
    next_start: Option<NextStart<'_>>,
) -> Result<(), StateError> {
    let now = console.clock.now();
    let dropped = console
        .state
        .retention_run(id, now)
        .await?
        .map(|open| open.run.dropped)
        .unwrap_or_default();
    let (outcome, detail) = audited(end, dropped);
    let mut transaction = console.state.begin().await?;
    if !end_run(&mut transaction, id, end, now).await? {
        // Another console took it for dead and ended it.
        return Ok(());
    }
    if let Some(next) = next_start {
        crate::state::retention_runs::move_next_start(
            &mut transaction,
            next.database,
            next.table,
            next.seen,
            next.at,
        )
        .await?;
    }
    intent.end(&mut transaction, now, outcome, &detail).await?;
    transaction.commit().await?;
    intent.announce_end(outcome, &detail);
    Ok(())
}

/// When a table is due next, unless somebody changed that meanwhile.
pub(super) struct NextStart<'a> {
    pub(super) database: &'a str,
    pub(super) table: &'a TableName,
    /// What it was when the run began.
    pub(super) seen: jiff::Timestamp,
    pub(super) at: jiff::Timestamp,
}

fn audited(end: &RunEnd, dropped: ChunkSum) -> (Outcome, String) {
    let outcome = match end.outcome {
        RetentionOutcome::Succeeded | RetentionOutcome::Partial => Outcome::Succeeded,
        RetentionOutcome::Failed | RetentionOutcome::Cancelled | RetentionOutcome::Interrupted => {
            Outcome::Failed
        }
    };
    let detail = if end.failure.is_empty() {
        format!("dropped {dropped}")
    } else {
        format!("dropped {dropped}; {}", end.failure)
    };
    (outcome, detail)
}

impl RunEnd {
    pub(super) fn of(outcome: RetentionOutcome, failure: impl Into<String>) -> Self {
        Self {
            outcome,
            oldest_kept: None,
            failure: failure.into(),
        }
    }
}

impl Run<'_> {
    /// Drops what is due.
    pub(super) async fn run(&self, session: &mut OperationSession) -> RunEnd {
        let mut end = match self.drop_due(session).await {
            Ok(end) => end,
            Err(refused) => RunEnd::of(RetentionOutcome::Failed, refused.to_string()),
        };
        match oldest_there(session, self.table).await {
            Ok(oldest) => end.oldest_kept = oldest,
            Err(error) => {
                tracing::debug!(%error, table = %self.table, "the oldest chunk could not be looked up");
            }
        }
        end
    }

    async fn drop_due(&self, session: &mut OperationSession) -> Result<RunEnd, ActionRefused> {
        let started = Instant::now();
        // What now is on integer time says somebody's function, which may take any time.
        let pid = session.server.pid;
        let finding = find_due(self.url, session, self.table, self.policy.threshold);
        let found = cancellable(self.url, pid, finding, to_end(self.ending.clone())).await;
        if let Some(ending) = *self.ending.borrow() {
            return Ok(ended(ending));
        }
        let DryRun { batches, due, .. } = found?;
        let state = &self.console.state;
        state.note_due(self.id, due, self.console.clock.now()).await?;
        let limit_us = self.policy.schedule.max_runtime.approximate_microseconds();
        let limit = Duration::from_micros(u64::try_from(limit_us).unwrap_or(0));
        let count = batches.len();
        for (number, batch) in batches.into_iter().enumerate() {
            if let Some(ending) = *self.ending.borrow() {
                return Ok(ended(ending));
            }
            if number > 0 && !limit.is_zero() && started.elapsed() >= limit {
                return Ok(RunEnd::of(
                    RetentionOutcome::Partial,
                    format!(
                        "Its time of {} was over after {number} of {count} transactions; the next run goes on.",
                        self.policy.schedule.max_runtime
                    ),
                ));
            }
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            if let Some(end) = self.drop_batch(session, number, &batch).await? {
                return Ok(end);
            }
        }
        Ok(RunEnd::of(RetentionOutcome::Succeeded, ""))
    }

    /// Drops a batch; `None` where it is dropped and the run goes on.
    async fn drop_batch(
        &self,
        session: &mut OperationSession,
        number: i64,
        batch: &DropBatch,
    ) -> Result<Option<RunEnd>, ActionRefused> {
        let chunks: Vec<BatchChunk> = batch
            .chunks
            .iter()
            .map(|chunk| BatchChunk {
                name: chunk.name.clone(),
                bytes: chunk.bytes,
                rows: chunk.rows,
            })
            .collect();
        // Nothing is dropped that nobody wrote down.
        if !self.console.state.begin_batch(self.id, number, &chunks).await? {
            return Ok(Some(ended(Ending::Elsewhere)));
        }
        let mut attempt = 1;
        let error = loop {
            let pid = session.server.pid;
            let work = execute(session, &batch.statement);
            match cancellable(self.url, pid, work, to_end(self.ending.clone())).await {
                Ok(dropped) => {
                    self.settle(number, sum(&chunks, |chunk| dropped.contains(&chunk.name)))
                        .await?;
                    return Ok(None);
                }
                Err(error) => {
                    let refusal = ServerRefusal::of(&error, &Around::default());
                    let may_pass = refusal.is_contention() && self.ending.borrow().is_none();
                    if !may_pass || attempt == ATTEMPTS {
                        break error;
                    }
                }
            }
            tokio::time::sleep(PAUSE * attempt).await;
            attempt += 1;
        };
        if ServerRefusal::of(&error, &Around::default()).is_lost() {
            // The lock went with the session: another console may run by now. What is there tells what became of it.
            let mut again = connect_for_operation(self.url)
                .await
                .map_err(|error| ActionRefused::of(&error))?;
            let gone = gone(&mut again, &chunks)
                .await
                .map_err(|error| ActionRefused::of(&error))?;
            self.settle(number, gone).await?;
            *session = again;
        } else {
            self.settle(number, ChunkSum::default()).await?;
        }
        if let Some(ending) = *self.ending.borrow() {
            return Ok(Some(ended(ending)));
        }
        let refusal = self.explained(session, &error, &chunks).await;
        let of_attempts = if attempt > 1 {
            format!(" Tried {attempt} times.")
        } else {
            String::new()
        };
        Ok(Some(RunEnd::of(
            RetentionOutcome::Failed,
            format!("{refusal}{of_attempts}"),
        )))
    }

    async fn settle(&self, number: i64, dropped: ChunkSum) -> Result<(), StateError> {
        let now = self.console.clock.now();
        self.console
            .state
            .settle_batch(self.id, number, dropped, now)
            .await
    }

    /// A refusal with who asked, what for, and who is in the way.
    async fn explained(
        &self,
        session: &mut OperationSession,
        error: &sqlx::Error,
        chunks: &[BatchChunk],
    ) -> ServerRefusal {
        let mut around = Around {
            role: Some(session.server.role.clone()),
            table: Some(self.table.clone()),
            ..Around::default()
        };
        if ServerRefusal::of(error, &around).is_contention() {
            let names: Vec<TableName> = chunks.iter().map(|chunk| chunk.name.clone()).collect();
            match lock_holders(&mut session.connection, &names).await {
                Ok(holders) => around.holders = named(&holders),
                Err(error) => tracing::debug!(%error, "who holds a lock could not be asked"),
            }
        }
        ServerRefusal::of(error, &around)
    }
}

fn ended(ending: Ending) -> RunEnd {
    match ending {
        Ending::Cancelled => RunEnd::of(RetentionOutcome::Cancelled, "It was ended by hand."),
        Ending::Elsewhere => RunEnd::of(
            RetentionOutcome::Interrupted,
            "Another console took this run for left behind.",
        ),
        Ending::Stopped => RunEnd::of(
            RetentionOutcome::Interrupted,
            "The console was stopped. What is left is dropped once it is back.",
        ),
    }
}

/// One transaction; the names of the chunks that are gone.
async fn execute(session: &mut OperationSession, statement: &str) -> Result<HashSet<TableName>, sqlx::Error> {
    let mut transaction = session.connection.begin().await?;
    sqlx::query("select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)")
        .bind(LOCK_TIMEOUT)
        .bind(BATCH_TIMEOUT)
        .execute(&mut *transaction)
        .await?;
    let rows = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .fetch_all(&mut *transaction)
        .await?;
    let mut dropped = HashSet::with_capacity(rows.len());
    for row in rows {
        let name: String = row.try_get(0)?;
        dropped.extend(TableName::from_qualified(&name));
    }
    transaction.commit().await?;
    Ok(dropped)
}

fn sum(chunks: &[BatchChunk], is_dropped: impl Fn(&BatchChunk) -> bool) -> ChunkSum {
    chunks
        .iter()
        .filter(|chunk| is_dropped(chunk))
        .fold(ChunkSum::default(), |sum, chunk| {
            sum.plus(ChunkSum {
                chunks: 1,
                bytes: chunk.bytes,
                rows: chunk.rows,
            })
        })
}

/// Of these chunks, those that are not there any more.
async fn gone(session: &mut OperationSession, chunks: &[BatchChunk]) -> Result<ChunkSum, sqlx::Error> {
    let names: Vec<TableName> = chunks.iter().map(|chunk| chunk.name.clone()).collect();
    let there = relations_there(&mut session.connection, &names).await?;
    let there: HashMap<&TableName, bool> = names.iter().zip(there).collect();
    Ok(sum(chunks, |chunk| {
        !there.get(&chunk.name).copied().unwrap_or(true)
    }))
}

/// Ends a run whose console is gone. The lock of the runner is held, so no session of that console is left; what its last
/// transaction did shows in what is there.
pub(super) async fn settle_dead(
    console: &Console,
    session: &mut OperationSession,
    database: &str,
    open: &OpenRun,
) -> Result<(), ActionRefused> {
    let id = open.run.id;
    for batch in console.state.open_batches(id).await? {
        let dropped = gone(session, &batch.chunks)
            .await
            .map_err(|error| ActionRefused::of(&error))?;
        let now = console.clock.now();
        console.state.settle_batch(id, batch.number, dropped, now).await?;
    }
    let mut end = RunEnd::of(
        RetentionOutcome::Interrupted,
        "The console that ran it ended in the middle. Whole transactions were dropped, none in part.",
    );
    end.oldest_kept = oldest_there(session, &open.run.table)
        .await
        .map_err(|error| ActionRefused::of(&error))?;
    let intent = Intent::again(open.intent_id, entry(database, &open.run.table, &open.actor));
    conclude(console, id, &intent, &end, None).await?;
    tracing::warn!(database, table = %open.run.table, run = id, "a retention run of a console that is gone was ended");
    Ok(())
}
