//! Retention by the console itself, where the server's edition has no policies: what is due is dropped on schedule or by
//! hand, oldest first, in short transactions, by one console at a time.

mod api;
mod due;
mod next;
mod run;

use std::collections::HashMap;
use std::time::Duration;

use domain::audit::ActorKind;
use domain::retention_run::RetentionOutcome;
use domain::snapshot::Edition;
use jiff::Timestamp;
use sqlx::Connection;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use self::api::{actor_of, who};
use self::next::{MISSED_AFTER_S, after_a_rest, after_failure, by_schedule, made_up_at};
use self::run::{NextStart, Run, begin, conclude, settle_dead};
use crate::actions::{ActionRefused, keep_alive, once};
use crate::collector::Watched;
use crate::console::Console;
use crate::state::StateError;
use crate::state::console_retention::{ConsoleRetention, console_retentions};
use crate::state::retention_runs::{Actor, RunEnd, move_next_start};
use crate::timescale::ConnectionUrl;
use crate::timescale::operation::{OperationSession, connect_for_operation};

/// So often is looked for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The lock that one runner holds in the monitored database: "tide", "rete".
const RUNNER_LOCK: (i32, i32) = (0x7469_6465, 0x7265_7465);
/// A server that has policies of its own is asked again after this whether it still has.
const ASK_EDITION_AGAIN: i64 = 60;

/// Runs retention of every database until it is to stop; a run that is under way then ends first.
pub async fn run_retention(console: Console, stop: watch::Receiver<bool>) {
    run_retention_every(console, stop, LOOK_EVERY).await;
}

/// The same, looking more or less often.
pub async fn run_retention_every(console: Console, stop: watch::Receiver<bool>, every: Duration) {
    let mut runners = JoinSet::new();
    for watched in console.all_watched() {
        let runner = Runner {
            console: console.clone(),
            watched: watched.clone(),
            is_failing: false,
            other_edition_until: HashMap::new(),
        };
        runners.spawn(runner.look(stop.clone(), every));
    }
    while runners.join_next().await.is_some() {}
}

/// The runner of one database.
struct Runner {
    console: Console,
    watched: Watched,
    /// Whether looking fails, so that it is logged once.
    is_failing: bool,
    /// Databases whose server has policies of its own, until they are asked again.
    other_edition_until: HashMap<String, Timestamp>,
}

impl Runner {
    async fn look(mut self, stop: watch::Receiver<bool>, every: Duration) {
        let stopped = once(stop);
        tokio::pin!(stopped);
        let mut has_postponed = false;
        loop {
            let looked = async {
                if !has_postponed {
                    self.postpone_missed().await?;
                    has_postponed = true;
                }
                Box::pin(self.run_due()).await
            };
            match looked.await {
                Ok(()) => self.is_failing = false,
                Err(error) if !self.is_failing => {
                    tracing::warn!(%error, database = %self.watched.name(), "retention could not be looked after");
                    self.is_failing = true;
                }
                Err(_) => {}
            }
            tokio::select! {
                () = &mut stopped => return,
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    fn name(&self) -> &str {
        self.watched.name().as_str()
    }

    async fn retentions(&self) -> Result<Vec<ConsoleRetention>, StateError> {
        let mut connection = self.console.state.connection().await?;
        console_retentions(&mut connection, self.name()).await
    }

    /// Runs that were missed while no console was there are made up for once, each at a time of its own.
    async fn postpone_missed(&self) -> Result<(), StateError> {
        let now = self.console.clock.now();
        for retention in self.retentions().await? {
            let late_s = now.as_second() - retention.next_start.as_second();
            if late_s < MISSED_AFTER_S {
                continue;
            }
            let every = retention.policy.schedule.interval;
            let at = made_up_at(self.name(), &retention.table, every, now);
            let mut connection = self.console.state.connection().await?;
            move_next_start(
                &mut connection,
                self.name(),
                &retention.table,
                retention.next_start,
                at,
            )
            .await?;
            tracing::info!(database = self.name(), table = %retention.table, %at, "a retention run was missed and is made up for");
        }
        Ok(())
    }

    /// Runs what is due, and ends what dead consoles left behind.
    async fn run_due(&mut self) -> Result<(), ActionRefused> {
        let now = self.console.clock.now();
        let is_due = |of: &ConsoleRetention| !of.policy.schedule.paused && of.next_start <= now;
        let mut due: Vec<ConsoleRetention> = self.retentions().await?.into_iter().filter(is_due).collect();
        if self.server_drops(now) {
            due.clear();
        }
        let open = self.console.state.open_runs(self.name(), now).await?;
        let has_dead = open.iter().any(|open| open.run.is_silent);
        if due.is_empty() && !has_dead {
            return Ok(());
        }
        let Some(url) = self.watched.change_url().cloned() else {
            return Err(ActionRefused::NoAddress);
        };
        let mut session = match connect_for_operation(&url).await {
            Ok(session) => session,
            Err(error) => {
                let refused = ActionRefused::of(&error);
                for retention in due {
                    self.fail(&retention, &refused).await?;
                }
                return Err(refused);
            }
        };
        if !lock_runner(&mut session)
            .await
            .map_err(|e| ActionRefused::of(&e))?
        {
            // Another console is at work.
            return Ok(());
        }
        let again_at = now
            .checked_add(jiff::SignedDuration::from_secs(ASK_EDITION_AGAIN))
            .unwrap_or(now);
        for open in self.console.state.open_runs(self.name(), now).await? {
            if open.run.is_silent {
                settle_dead(&self.console, &mut session, self.watched.name().as_str(), &open).await?;
            }
        }
        if session.server.edition() == Some(Edition::Community) {
            self.other_edition_until.insert(self.name().to_owned(), again_at);
            return Ok(());
        }
        for seen in due {
            // Under the lock: another console may have run it just now.
            let still = self.retentions().await?.into_iter().find(|of| *of == seen);
            let is_stopping = *self.console.operations.stopping().borrow();
            if let Some(retention) = still
                && !is_stopping
            {
                let process = session.server.pid;
                self.run(&url, &mut session, &retention).await?;
                if session.server.pid != process || session.connection.ping().await.is_err() {
                    // The lock went with the session: another console may be at it. What is left is due at the next look.
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Whether the server's own policies do it: by the last reading, or by what the server said when it was asked.
    fn server_drops(&self, now: Timestamp) -> bool {
        let observation = self.watched.observation();
        let seen = observation.snapshot.map(|snapshot| snapshot.server.edition);
        seen == Some(Edition::Community)
            || self
                .other_edition_until
                .get(self.name())
                .is_some_and(|until| *until > now)
    }

    async fn run(
        &self,
        url: &ConnectionUrl,
        session: &mut OperationSession,
        retention: &ConsoleRetention,
    ) -> Result<(), ActionRefused> {
        let console = &self.console;
        let Some(_under_way) = console.operations.begin() else {
            return Ok(());
        };
        let (id, intent) = begin(
            console,
            self.name(),
            &retention.table,
            &retention.policy,
            &console_itself(),
        )
        .await?;
        let end = run_alive(console, url, retention, id, session).await;
        let at = self.next_start(retention, &end, Some(session)).await?;
        let next = NextStart {
            database: self.name(),
            table: &retention.table,
            seen: retention.next_start,
            at,
        };
        conclude(console, id, &intent, &end, Some(next)).await?;
        self.refresh_soon();
        Ok(())
    }

    /// A run that could not even connect.
    async fn fail(&self, retention: &ConsoleRetention, refused: &ActionRefused) -> Result<(), ActionRefused> {
        let console = &self.console;
        let end = RunEnd::of(RetentionOutcome::Failed, refused.to_string());
        let at = self.next_start(retention, &end, None).await?;
        // One console alone writes it down: the one that moves the next start.
        let mut connection = console.state.connection().await.map_err(StateError::from)?;
        let is_first = move_next_start(
            &mut connection,
            self.name(),
            &retention.table,
            retention.next_start,
            at,
        )
        .await?;
        drop(connection);
        if is_first {
            let (id, intent) = begin(
                console,
                self.name(),
                &retention.table,
                &retention.policy,
                &console_itself(),
            )
            .await?;
            conclude(console, id, &intent, &end, None).await?;
        }
        Ok(())
    }

    async fn next_start(
        &self,
        retention: &ConsoleRetention,
        end: &RunEnd,
        session: Option<&mut OperationSession>,
    ) -> Result<Timestamp, StateError> {
        let ended = self.console.clock.now();
        let policy = &retention.policy;
        let connection = session.map(|session| &mut session.connection);
        let regular = by_schedule(connection, &policy.schedule, retention.next_start, ended).await;
        Ok(match end.outcome {
            RetentionOutcome::Succeeded | RetentionOutcome::Cancelled => regular,
            RetentionOutcome::Partial => after_a_rest(policy, ended, regular),
            RetentionOutcome::Failed => {
                let before = self
                    .console
                    .state
                    .failures_in_a_row(self.name(), &retention.table)
                    .await?;
                after_failure(&policy.schedule, before.saturating_add(1), ended, regular)
            }
            // It is still due.
            RetentionOutcome::Interrupted => retention.next_start,
        })
    }

    /// What was dropped shows on the pages soon.
    fn refresh_soon(&self) {
        let watched = self.watched.clone();
        tokio::spawn(async move { watched.refresh().await });
    }
}

fn console_itself() -> Actor {
    Actor {
        kind: ActorKind::Console,
        name: String::new(),
        address: String::new(),
    }
}

/// Takes the runner's lock for as long as the session lasts; `false` where another console holds it.
async fn lock_runner(session: &mut OperationSession) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_try_advisory_lock($1, $2)")
        .bind(RUNNER_LOCK.0)
        .bind(RUNNER_LOCK.1)
        .fetch_one(&mut session.connection)
        .await
}

/// Runs while it is written down every second that it lives.
async fn run_alive(
    console: &Console,
    url: &ConnectionUrl,
    retention: &ConsoleRetention,
    id: i64,
    session: &mut OperationSession,
) -> RunEnd {
    let ending = watch::Sender::new(None);
    let run = Run {
        console,
        url,
        table: &retention.table,
        policy: &retention.policy,
        id,
        ending: ending.subscribe(),
    };
    tokio::select! {
        end = run.run(session) => end,
        () = keep_alive(console, &ending, || console.state.note_run_alive(id, console.clock.now())) => RunEnd::of(RetentionOutcome::Failed, ""),
    }
}
