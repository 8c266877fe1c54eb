//! Applying a change, in a task of its own and in one transaction.

use std::time::Duration;

use domain::policy::Difference;
use domain::policy_change::{ChangeState, Progress};
use domain::table_name::TableName;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use tokio::sync::watch;
use tokio::time::Instant;

use super::ending::Done;
use super::refused::changed;
use crate::audit::Intent;
use crate::collector::Watched;
use crate::console::Console;
use crate::state::policy_changes::Content;
use crate::timescale::{Around, ChangeSession, ServerRefusal, read_definition, watch_holders};

/// A lock that somebody holds is tried for this often.
pub(super) const ATTEMPTS: u32 = 5;
/// The pause before the second attempt; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(400);
/// No attempt begins later than this.
const LAST_ATTEMPT_AFTER: Duration = Duration::from_secs(20);
/// Whatever happens, it is over by then, or left to be settled.
const LONGEST: Duration = Duration::from_mins(1);

/// A change that is being applied.
pub(super) struct Applying {
    pub(super) console: Console,
    pub(super) watched: Watched,
    pub(super) id: i64,
    pub(super) relation: TableName,
    pub(super) intent: Intent,
    pub(super) content: Content,
    pub(super) undoes: Option<i64>,
    pub(super) transaction_id: Option<i64>,
    pub(super) session: ChangeSession,
    pub(super) around: Around,
    pub(super) progress: watch::Sender<Progress>,
}

/// Why an attempt did nothing.
enum Stopped {
    /// Somebody else changed the policy.
    Changed(Vec<Difference>),
    /// The server refused.
    Server(ServerRefusal),
    /// It cannot go on, for a reason of the console's own.
    Otherwise(String),
    /// Somebody ended the change meanwhile.
    Ended,
    /// The connection was lost while the transaction committed: only the database knows.
    Lost(String),
}

impl Applying {
    pub(super) async fn run(mut self) {
        let deadline = Instant::now() + LONGEST;
        let ended = tokio::time::timeout_at(deadline, self.apply()).await;
        let database = self.watched.name().clone();
        let (watched, id) = (self.watched.clone(), self.id);
        match ended {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => {
                tracing::info!(%database, change = id, "somebody else ended this change of a policy");
            }
            Ok(Err(why)) => self.leave(&why).await,
            Err(_) => {
                self.leave(&format!("it took longer than {} s", LONGEST.as_secs()))
                    .await;
            }
        }
        let Self { session, .. } = self;
        session.close().await;
        // Whoever waits for the change sees it in the pages, too.
        watched.refresh().await;
    }

    /// The end is not known: whoever settles changes asks the database for it.
    async fn leave(&self, why: &str) {
        let database = self.watched.name();
        tracing::warn!(%database, change = self.id, why, "a change of a policy has no end yet");
        let state = ChangeState::Unknown(format!(
            "Whether this was done is not known yet: {why}. As soon as the database can be reached, it is asked."
        ));
        if let Err(error) = self.console.state.note_change(self.id, &state).await {
            tracing::error!(%error, "how a change of a policy stands could not be written down");
        }
        self.console.policies.unsettled.notify_one();
    }

    /// `false` where somebody else ended it; an error where its end is not known.
    async fn apply(&mut self) -> Result<bool, String> {
        let done = match self.attempts().await {
            Ok(()) => match self.verify().await {
                Ok(done) => done,
                Err(why) => return Err(why),
            },
            Err(Stopped::Changed(differences)) => {
                let why = capitalised(&changed(&differences));
                Done::of(ChangeState::Refused(format!("{why}."), differences))
            }
            Err(Stopped::Server(refused)) => {
                Done::of(ChangeState::Failed(format!("Nothing was changed. {refused}")))
            }
            Err(Stopped::Otherwise(why)) => {
                Done::of(ChangeState::Failed(format!("Nothing was changed: {why}.")))
            }
            Err(Stopped::Ended) => return Ok(false),
            Err(Stopped::Lost(why)) => return Err(why),
        };
        self.end(&done)
            .await
            .map_err(|error| format!("its outcome could not be written down ({error})"))
    }

    /// Tries until it is done, or there is no use.
    async fn attempts(&mut self) -> Result<(), Stopped> {
        if !self
            .content
            .steps
            .iter()
            .any(|step| step.step.is_in_transaction())
        {
            // The database has no part in it; the comparison is that of the state.
            return Ok(());
        }
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let stopped = match self.watched_attempt(attempt).await {
                Ok(()) => return Ok(()),
                Err(stopped) => stopped,
            };
            let again = matches!(&stopped, Stopped::Server(refused) if refused.is_contention())
                && attempt < ATTEMPTS
                && began.elapsed() + pause < LAST_ATTEMPT_AFTER;
            if !again {
                return Err(stopped);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            attempt += 1;
        }
    }

    /// One attempt, while somebody looks who keeps it waiting.
    async fn watched_attempt(&mut self, attempt: u32) -> Result<(), Stopped> {
        let progress = self.progress.clone();
        progress.send_modify(|progress| {
            progress.attempt = attempt;
            progress.step = 0;
        });
        let url = self.watched.reading_url().cloned();
        let process = self.session.process();
        let say = |holders: Option<String>| {
            if holders.is_some() {
                progress.send_modify(|progress| progress.waits_for = holders);
            }
        };
        let looking = async {
            match &url {
                Some(url) => watch_holders(url, process, say).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            done = self.attempt() => done,
            () = looking => Ok(()),
        }
    }

    async fn attempt(&mut self) -> Result<(), Stopped> {
        let (console, database) = (self.console.clone(), self.watched.name().clone());
        let around = self.around.clone();
        let holders = || self.progress.borrow().waits_for.clone();
        let refused = |error: sqlx::Error| {
            let around = Around {
                holders: holders(),
                ..around.clone()
            };
            Stopped::Server(ServerRefusal::of(&error, &around))
        };
        let (mut transaction, number) = self.session.begin().await.map_err(refused)?;
        let done = async {
            let state = ChangeState::Running(self.progress.borrow().clone());
            let begun = console
                .state
                .begin_attempt(self.id, self.transaction_id, number, &state)
                .await
                .map_err(|error| Stopped::Otherwise(error.to_string()))?;
            if !begun {
                return Err(Stopped::Ended);
            }
            self.transaction_id = Some(number);

            let table = &self.content.before.table;
            let definition = read_definition(&mut transaction, table).await.map_err(refused)?;
            let Some(definition) = definition else {
                return Err(Stopped::Otherwise(format!(
                    "there is no {} any more",
                    self.relation
                )));
            };
            let retention = console
                .state
                .console_retention(database.as_str(), table)
                .await
                .map_err(|error| Stopped::Otherwise(error.to_string()))?;
            let found = definition
                .current(retention.map(|retention| retention.policy))
                .map_err(|error| Stopped::Otherwise(error.to_string()))?;
            if found.fingerprint() != self.content.before.fingerprint() {
                return Err(Stopped::Changed(self.content.before.changes_to(&found)));
            }
            let mut is_locked = false;
            for (index, step) in self.content.steps.iter().enumerate() {
                self.progress.send_modify(|progress| {
                    progress.step = index + 1;
                    progress.waits_for = None;
                });
                let Some(sql) = &step.sql else { continue };
                if step.step.alters_table() && !std::mem::replace(&mut is_locked, true) {
                    // Whoever had the table when it was compared may have changed its settings before giving it up.
                    lock_table(&mut transaction, table).await.map_err(refused)?;
                    let found = read_definition(&mut transaction, table)
                        .await
                        .map_err(refused)?
                        .and_then(|definition| definition.current(None).ok());
                    let before = &self.content.before;
                    if found.as_ref().map(|found| &found.compression) != Some(&before.compression) {
                        let rows = found.map_or_else(Vec::new, |found| {
                            let mut now = before.clone();
                            now.compression = found.compression;
                            before.changes_to(&now)
                        });
                        return Err(Stopped::Changed(rows));
                    }
                }
                let result = sqlx::raw_sql(AssertSqlSafe(sql.as_str()))
                    .execute(&mut *transaction)
                    .await
                    .map_err(refused)?;
                if sql.starts_with("SELECT") && result.rows_affected() != 1 {
                    return Err(Stopped::Otherwise(format!(
                        "what step {} was planned for is gone; preview again",
                        index + 1
                    )));
                }
            }
            Ok(())
        }
        .await;
        if let Err(stopped) = done {
            // Dropped alone, it would keep its locks until the session is used again.
            if let Err(error) = transaction.rollback().await {
                tracing::debug!(%error, "a transaction could not be rolled back; its session ends");
            }
            return Err(stopped);
        }
        // Whatever is answered, or not, once this is asked: only the database knows.
        transaction.commit().await.map_err(|error| {
            Stopped::Lost(format!(
                "the connection was lost, or broken, while it was committed ({error})"
            ))
        })
    }

    /// What there is now, against what was planned.
    async fn verify(&mut self) -> Result<Done, String> {
        let not_read = |error: sqlx::Error| format!("it was done, but could not be read again ({error})");
        let definition = self
            .session
            .read(&self.content.before.table)
            .await
            .map_err(not_read)?;
        Ok(Done::found(&self.content, definition.as_ref()))
    }
}

/// Takes the lock that ALTER TABLE is about to take.
async fn lock_table(connection: &mut PgConnection, table: &TableName) -> Result<(), sqlx::Error> {
    // The name is quoted by `TableName`.
    let statement = format!(
        "LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE",
        table.as_identifier()
    );
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .map(drop)
}

pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}
