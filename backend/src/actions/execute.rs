//! Carrying an action out: each target by itself, its outcome written down before the next begins.

use std::time::Duration;

use domain::action::{Action, ActionOutcome, ActionTarget, Skip, TargetRun, TargetState, is_routine};
use domain::audit::Outcome;
use domain::job::JobKind;
use domain::quantity::bytes;
use domain::role::Permission;
use domain::table_name::TableName;
use sqlx::{AssertSqlSafe, Executor};
use tokio::sync::watch;
use tokio::time::Instant;

use super::plan::{Known, PlannedTarget};
use super::plan_chunks::skip;
use super::refused::ActionRefused;
use super::settle::shows;
use super::under_way::{Ending, UnderWay, keep_alive, to_end};
use crate::audit::Intent;
use crate::collector::Watched;
use crate::console::Console;
use crate::state::StateError;
use crate::state::actions::end_action;
use crate::timescale::lock_holders::{lock_holders, named};
use crate::timescale::operated::{chunk_now, measure_chunk};
use crate::timescale::operation::{OperationSession, cancellable, connect_for_operation};
use crate::timescale::{Around, ConnectionUrl, ServerRefusal};

/// A target is tried so often before it is given up. A job is not: it may have done a part.
const ATTEMPTS: u32 = 3;
/// After a lost session it is tried so often to look what became of a target.
const LOOKS: u32 = 5;
/// Tells the locks of actions from those of others: "TIDA" in ASCII.
pub(super) const ACTION_LOCK: i32 = 0x5449_4441;
/// Without a server, one action tries so often in all to connect again: some 30 seconds.
const RECONNECTS: u32 = 16;
/// Between two attempts, times their number.
const PAUSE: Duration = Duration::from_millis(500);
/// Chunks that one session handles: it keeps some memory for each that it opened.
const TARGETS_A_SESSION: usize = 500;

/// An action that was begun.
pub(super) struct Execution {
    pub(super) console: Console,
    pub(super) watched: Watched,
    pub(super) url: ConnectionUrl,
    pub(super) id: i64,
    pub(super) intent: Intent,
    pub(super) action: Action,
    pub(super) permission: Permission,
    pub(super) targets: Vec<PlannedTarget>,
    pub(super) runs: Vec<TargetRun>,
    pub(super) _under_way: UnderWay,
}

/// How a target ended.
struct Ended {
    state: TargetState,
    bytes_after: Option<u64>,
    detail: String,
}

impl Ended {
    fn new(state: TargetState, detail: impl Into<String>) -> Self {
        Self {
            state,
            bytes_after: None,
            detail: detail.into(),
        }
    }
}

/// A session, opened when it is needed, and replaced when it is used up or lost.
struct Sessions<'a> {
    url: &'a ConnectionUrl,
    id: i64,
    action: &'a Action,
    session: Option<OperationSession>,
    used: usize,
}

impl Sessions<'_> {
    async fn get(&mut self) -> Result<&mut OperationSession, sqlx::Error> {
        let session = match self.session.take() {
            Some(session) if self.used < TARGETS_A_SESSION => session,
            _ => {
                self.used = 0;
                let mut session = connect_for_operation(self.url).await?;
                // As long as it is held, nobody takes the action for left behind.
                sqlx::query("select pg_advisory_lock_shared($1, $2)")
                    .bind(ACTION_LOCK)
                    .bind(lock_number(self.id))
                    .execute(&mut session.connection)
                    .await?;
                session.connection.execute(limits(self.action)).await?;
                if *self.action == Action::RunJob {
                    // A procedure of somebody's finds what it finds when its job is started by the server.
                    session.connection.execute("reset search_path").await?;
                }
                session
            }
        };
        self.used += 1;
        Ok(self.session.insert(session))
    }
}

impl Sessions<'_> {
    /// The same, with some patience: whoever restarts a server does not mean to fail what is left.
    async fn get_surely(
        &mut self,
        attempts: &mut u32,
        ending: &watch::Sender<Option<Ending>>,
    ) -> Result<&mut OperationSession, sqlx::Error> {
        loop {
            match self.get().await {
                Ok(_) => break,
                Err(error) if *attempts >= RECONNECTS || ending.borrow().is_some() => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, "a session for an action could not be opened yet");
                    *attempts += 1;
                    tokio::time::sleep(PAUSE * (*attempts).min(4)).await;
                }
            }
        }
        self.session.as_mut().ok_or(sqlx::Error::PoolClosed)
    }
}

/// The number of an action's lock. Other state stores have actions of the same number: theirs is shared with it.
pub(super) fn lock_number(id: i64) -> i32 {
    i32::try_from(id & 0x7fff_ffff).unwrap_or_default()
}

/// Whoever wants the chunk next waits behind whoever waits for its lock. A job and a refresh take many locks, one after the
/// other. Whatever takes longer than these is ended by the server; before that anybody may end it.
fn limits(action: &Action) -> &'static str {
    match action {
        Action::RunJob | Action::Refresh { .. } => "set lock_timeout = '30s'; set statement_timeout = '24h'",
        Action::Compress | Action::Decompress | Action::Recompress => {
            "set lock_timeout = '3s'; set statement_timeout = '6h'"
        }
        _ => "set lock_timeout = '3s'; set statement_timeout = '10min'",
    }
}

impl Execution {
    /// Does it, and writes down how it ended.
    pub(super) async fn run(mut self) {
        let ending = watch::Sender::new(None);
        let console = self.console.clone();
        let id = self.id;
        let note = || console.state.note_action_alive(id, console.clock.now());
        let done = tokio::select! {
            done = self.handle_all(&ending) => done,
            () = keep_alive(&console, &ending, note) => Ok(()),
        };
        let why = *ending.borrow();
        let concluded = match done {
            Ok(()) => self.conclude(why).await,
            Err(error) => Err(error),
        };
        if let Err(error) = concluded {
            // It stays open, falls silent, and is settled with what the database shows.
            tracing::error!(%error, action = self.id, "what became of an action could not be written down");
        }
        let watched = self.watched.clone();
        tokio::spawn(async move { watched.refresh().await });
    }

    async fn handle_all(&mut self, ending: &watch::Sender<Option<Ending>>) -> Result<(), StateError> {
        let (url, action) = (self.url.clone(), self.action.clone());
        let mut sessions = Sessions {
            url: &url,
            id: self.id,
            action: &action,
            session: None,
            used: 0,
        };
        // In all: a server that is away for good does not keep every target waiting.
        let mut reconnects = 0;
        for index in 0..self.runs.len() {
            if self.runs[index].state != TargetState::Waiting {
                continue;
            }
            let why = *ending.borrow();
            let ended = if let Some(why) = why {
                Ended::new(TargetState::Cancelled, not_begun(why))
            } else {
                // Nothing is done that nobody wrote down.
                self.runs[index].state = TargetState::Running;
                if !self.note(index).await? {
                    tracing::warn!(
                        action = self.id,
                        "another console took this action for left behind: it ends here"
                    );
                    return Ok(());
                }
                let started = Instant::now();
                let ended = match sessions.get_surely(&mut reconnects, ending).await {
                    Ok(session) => self.handle(session, index, ending).await,
                    Err(error) => Ended::new(TargetState::Failed, ActionRefused::of(&error).to_string()),
                };
                self.runs[index].duration_ms = u64::try_from(started.elapsed().as_millis()).ok();
                ended
            };
            // A session that was lost, or is in the middle of something, is not used again.
            if matches!(
                ended.state,
                TargetState::Failed | TargetState::Cancelled | TargetState::Unknown
            ) {
                sessions.session = None;
            }
            let run = &mut self.runs[index];
            run.state = ended.state;
            run.bytes_after = ended.bytes_after;
            run.detail = ended.detail;
            self.note_surely(index).await?;
        }
        Ok(())
    }

    /// `false` where the action has ended elsewhere.
    async fn note(&self, index: usize) -> Result<bool, StateError> {
        self.console
            .state
            .note_target(self.id, index, &self.runs[index])
            .await
    }

    /// An outcome is worth a second try.
    async fn note_surely(&self, index: usize) -> Result<(), StateError> {
        let mut noted = self.note(index).await;
        for pause in 1..=3 {
            if noted.is_ok() {
                break;
            }
            tokio::time::sleep(PAUSE * pause).await;
            noted = self.note(index).await;
        }
        if !noted? {
            let run = &self.runs[index];
            tracing::error!(
                action = self.id,
                target = run.title,
                state = run.state.as_str(),
                detail = run.detail,
                "what became of a target could not be written down: another console took its action for left behind"
            );
        }
        Ok(())
    }

    async fn handle(
        &mut self,
        session: &mut OperationSession,
        index: usize,
        ending: &watch::Sender<Option<Ending>>,
    ) -> Ended {
        let target = self.targets[index].clone();
        match self.look_again(session, &target).await {
            Ok(None) => {}
            Ok(Some(ended)) => return ended,
            Err(error) => return Ended::new(TargetState::Failed, self.explained(&error, &target, None)),
        }
        if let Known::Chunk { chunk, .. } = &target.known {
            match measure_chunk(&mut session.connection, chunk).await {
                Ok(measured) => self.runs[index].bytes_before = measured.map(|measured| measured.bytes),
                Err(error) => tracing::debug!(%error, "a chunk could not be measured"),
            }
        }
        let mut attempt = 1;
        loop {
            let pid = session.server.pid;
            let statement = AssertSqlSafe(target.preview.statement.clone());
            let work = sqlx::raw_sql(statement).fetch_all(&mut session.connection);
            let error = match cancellable(&self.url, pid, work, to_end(ending.subscribe())).await {
                Ok(rows) if rows.is_empty() && self.action.is_on_jobs() && self.action != Action::RunJob => {
                    return Ended::new(TargetState::Skipped, Skip::Gone.sentence());
                }
                Ok(_) => break,
                Err(error) => error,
            };
            let refusal = ServerRefusal::of(&error, &Around::default());
            if refusal.is_lost() {
                return self.uncertain(&error, index, &target).await;
            }
            let why = *ending.borrow();
            if let Some(why) = why {
                return Ended::new(TargetState::Cancelled, ended_in_the_middle(why));
            }
            if !refusal.is_contention() || attempt == ATTEMPTS || self.action == Action::RunJob {
                let holders = if refusal.is_contention() {
                    self.holders(session, &target).await
                } else {
                    None
                };
                let explained = self.explained(&error, &target, holders);
                let tried = if attempt > 1 {
                    format!(" Tried {attempt} times.")
                } else {
                    String::new()
                };
                return Ended::new(TargetState::Failed, format!("{explained}{tried}"));
            }
            tokio::time::sleep(PAUSE * attempt).await;
            attempt += 1;
        }
        let mut ended = Ended::new(TargetState::Done, "");
        if let Known::Chunk { chunk, .. } = &target.known {
            ended.bytes_after = if self.action.drops_data() {
                Some(0)
            } else {
                let measured = measure_chunk(&mut session.connection, chunk).await;
                measured.ok().flatten().map(|measured| measured.bytes)
            };
        }
        ended
    }

    /// The session was lost: what the server made of the statement shows in what is there.
    async fn uncertain(&self, error: &sqlx::Error, index: usize, target: &PlannedTarget) -> Ended {
        let explained = self.explained(error, target, None);
        for pause in 1..=LOOKS {
            let look = async {
                let mut session = connect_for_operation(&self.url).await?;
                shows(&mut session, &self.runs[index]).await
            };
            match look.await {
                Ok(shows) => return Ended::new(TargetState::Unknown, format!("{explained} {shows}")),
                Err(error) => tracing::debug!(%error, "what became of a target could not be looked up yet"),
            }
            tokio::time::sleep(PAUSE * pause).await;
        }
        Ended::new(TargetState::Unknown, explained)
    }

    /// Whether it still fits, as it is now.
    async fn look_again(
        &self,
        session: &mut OperationSession,
        target: &PlannedTarget,
    ) -> Result<Option<Ended>, sqlx::Error> {
        let skipped = |skip: Skip| Ended::new(TargetState::Skipped, skip.sentence());
        match &target.known {
            Known::Chunk { table, chunk } => Ok(match chunk_now(&mut session.connection, chunk).await? {
                None => Some(skipped(Skip::Gone)),
                Some(now) => skip(&self.action, table, &now).map(skipped),
            }),
            Known::Job(_) => {
                let ActionTarget::Job(id) = target.preview.target else {
                    return Ok(None);
                };
                let row: Option<(String, String)> = sqlx::query_as(
                    "select proc_schema::text, proc_name::text from timescaledb_information.jobs where job_id = $1",
                )
                .bind(id)
                .fetch_optional(&mut session.connection)
                .await?;
                Ok(match row {
                    None => Some(skipped(Skip::Gone)),
                    Some((schema, procedure))
                        if self.permission == Permission::OperateJobs
                            && !is_routine(JobKind::of(&schema, &procedure)) =>
                    {
                        Some(Ended::new(
                            TargetState::Failed,
                            "It is another kind of job now, which operators may not run or pause.",
                        ))
                    }
                    Some(_) => None,
                })
            }
            Known::Aggregate | Known::Nothing => Ok(None),
        }
    }

    async fn holders(&self, session: &mut OperationSession, target: &PlannedTarget) -> Option<String> {
        let relations: Vec<TableName> = match &target.known {
            Known::Chunk { chunk, .. } => vec![chunk.name()],
            Known::Job(job) => job.table.iter().cloned().collect(),
            Known::Aggregate | Known::Nothing => Vec::new(),
        };
        match lock_holders(&mut session.connection, &relations).await {
            Ok(holders) => named(&holders),
            Err(error) => {
                tracing::debug!(%error, "who holds a lock could not be asked");
                None
            }
        }
    }

    fn explained(&self, error: &sqlx::Error, target: &PlannedTarget, holders: Option<String>) -> String {
        tracing::warn!(%error, action = self.id, target = target.preview.title, "a target of an action failed");
        let table = match (&target.known, &target.preview.target) {
            (Known::Chunk { chunk, .. }, _) => Some(chunk.name()),
            (_, ActionTarget::Aggregate(view)) => Some(view.clone()),
            (Known::Job(job), _) => job.continuous_aggregate.clone().or_else(|| job.table.clone()),
            _ => None,
        };
        let around = Around {
            table,
            holders,
            ..Around::default()
        };
        ServerRefusal::of(error, &around).to_string()
    }

    async fn conclude(&self, why: Option<Ending>) -> Result<(), StateError> {
        let console = &self.console;
        let has_failed = self
            .runs
            .iter()
            .any(|run| matches!(run.state, TargetState::Failed | TargetState::Unknown));
        let is_cut = self.runs.iter().any(|run| run.state == TargetState::Cancelled);
        let outcome = match why {
            Some(Ending::Cancelled) if is_cut => ActionOutcome::Cancelled,
            Some(Ending::Stopped) if is_cut => ActionOutcome::Interrupted,
            _ if has_failed => ActionOutcome::Failed,
            _ => ActionOutcome::Succeeded,
        };
        let detail = told(&self.runs);
        let audited = match outcome {
            ActionOutcome::Succeeded => Outcome::Succeeded,
            _ => Outcome::Failed,
        };
        let now = console.clock.now();
        let mut transaction = console.state.begin().await?;
        if !end_action(&mut transaction, self.id, outcome, now).await? {
            return Ok(());
        }
        self.intent.end(&mut transaction, now, audited, &detail).await?;
        transaction.commit().await?;
        self.intent.announce_end(audited, &detail);
        Ok(())
    }
}

/// `22 done, 1 failed; 1.2 GB before, 120 MB after`.
pub(super) fn told(runs: &[TargetRun]) -> String {
    let mut counts = domain::action::TargetCounts::default();
    let (mut before, mut after) = (0, 0);
    for run in runs {
        counts.add(run.state, 1);
        if run.state == TargetState::Done {
            before += run.bytes_before.unwrap_or_default();
            after += run.bytes_after.unwrap_or_default();
        }
    }
    let sizes = if before > 0 {
        format!("; {} before, {} after", bytes(before), bytes(after))
    } else {
        String::new()
    };
    let why = runs
        .iter()
        .find(|run| matches!(run.state, TargetState::Failed | TargetState::Unknown))
        .map(|run| format!("; {}", run.detail))
        .unwrap_or_default();
    format!("{counts}{sizes}{why}")
}

fn not_begun(why: Ending) -> &'static str {
    match why {
        Ending::Cancelled => "Not begun: the action was ended by hand.",
        Ending::Stopped => "Not begun: the console was stopped.",
        Ending::Elsewhere => "Not begun: another console took this for left behind.",
    }
}

fn ended_in_the_middle(why: Ending) -> &'static str {
    match why {
        Ending::Cancelled => "Ended by hand; the server took back what was not committed.",
        Ending::Elsewhere => {
            "Ended because another console took this for left behind; the server took back what was not committed."
        }
        Ending::Stopped => {
            "Ended because the console was stopped; the server took back what was not committed."
        }
    }
}
