//! The audit trail: who did what, from where, on what, and how it ended.
//!
//! A change writes its intent before it begins and its outcome in the same transaction as the change itself, so that
//! a console that is killed in between leaves an intent without an outcome, never a change without a row. What only
//! reads goes through [`reads`], which counts instead of writing a row each time. Every row is emitted as a structured
//! log line too (target `audit`).

mod export;
pub(crate) mod reads;
mod refusals;
mod retention;

use domain::audit::{Action, ActorKind, Facts, Outcome};
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::auth::{Caller, Granted};
use crate::console::Console;
use crate::state::StateError;
use crate::state::audit::{NewRow, insert};

pub use export::{AuditExport, AuditNotShown};
pub use reads::{ReadLog, write_reads};
pub(crate) use refusals::RefusalLimit;
pub use retention::remove_old_events;

/// What is written down about an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    pub(crate) actor_kind: ActorKind,
    pub(crate) actor: String,
    pub(crate) address: String,
    pub(crate) action: Action,
    pub(crate) database: String,
    pub(crate) target: String,
    pub(crate) before: Facts,
    pub(crate) after: Facts,
}

impl Entry {
    /// An event of whoever asks.
    pub(crate) fn of(caller: &Caller, action: Action) -> Self {
        Self {
            actor_kind: caller.principal.kind(),
            actor: caller.principal.name().to_owned(),
            address: caller.address.clone(),
            action,
            database: String::new(),
            target: String::new(),
            before: Facts::new(),
            after: Facts::new(),
        }
    }

    /// An event of the console's own.
    pub(crate) fn of_console(action: Action) -> Self {
        Self {
            actor_kind: ActorKind::Console,
            actor: String::new(),
            address: String::new(),
            action,
            database: String::new(),
            target: String::new(),
            before: Facts::new(),
            after: Facts::new(),
        }
    }

    /// The person of this name, who signs in just now.
    pub(crate) fn by(mut self, user: &str) -> Self {
        self.actor_kind = ActorKind::User;
        user.clone_into(&mut self.actor);
        self
    }

    /// On a table, user, token, page.
    pub(crate) fn on(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    /// In a database.
    pub(crate) fn in_database(mut self, database: &str) -> Self {
        database.clone_into(&mut self.database);
        self
    }

    /// A fact before the change.
    pub(crate) fn before(mut self, name: &str, value: impl Into<String>) -> Self {
        self.before.insert(name.to_owned(), value.into());
        self
    }

    /// A fact after the change.
    pub(crate) fn after(mut self, name: &str, value: impl Into<String>) -> Self {
        self.after.insert(name.to_owned(), value.into());
        self
    }
}

fn emit(entry: &Entry, outcome: Option<Outcome>, detail: &str, count: u64) {
    tracing::info!(
        target: "audit",
        actor_kind = entry.actor_kind.as_str(),
        actor = ?entry.actor,
        address = %entry.address,
        action = entry.action.as_str(),
        database = ?entry.database,
        on = ?entry.target,
        before = ?entry.before,
        after = ?entry.after,
        outcome = outcome.map_or("begun", Outcome::as_str),
        detail = ?detail,
        count,
        "audit"
    );
}

/// Something that is about to be done. Its outcome is written with [`Intent::succeed`] or [`Intent::fail`].
#[derive(Debug)]
#[must_use = "an intent without an outcome looks like a console that was killed"]
pub(crate) struct Intent {
    id: i64,
    entry: Entry,
}

impl Intent {
    /// Done. Written in the transaction of the change, so that there is both or neither; what is said in the log
    /// waits for [`Intent::announce`].
    pub(crate) async fn succeed(
        &self,
        connection: &mut AnyConnection,
        now: Timestamp,
    ) -> Result<(), StateError> {
        self.succeed_with(connection, now, "").await
    }

    /// Done, and what there is to say of it.
    pub(crate) async fn succeed_with(
        &self,
        connection: &mut AnyConnection,
        now: Timestamp,
        detail: &str,
    ) -> Result<(), StateError> {
        self.write(connection, now, Outcome::Succeeded, detail).await
    }

    /// The transaction is committed.
    pub(crate) fn announce(self) {
        emit(&self.entry, Some(Outcome::Succeeded), "", 1);
    }

    async fn write(
        &self,
        connection: &mut AnyConnection,
        now: Timestamp,
        outcome: Outcome,
        detail: &str,
    ) -> Result<(), StateError> {
        let row = NewRow {
            entry: &self.entry,
            at: now,
            outcome: Some(outcome),
            intent_id: Some(self.id),
            detail,
            count: 1,
            last_at: now,
        };
        insert(connection, &row).await.map(drop)
    }

    /// Not done, and why. A failure to write this down is logged; the reason itself goes on to whoever asked.
    pub(crate) async fn fail(self, console: &Console, reason: &(dyn std::error::Error + Send + Sync)) {
        let detail = reason.to_string();
        let written = async {
            let mut connection = console.state.connection().await?;
            self.write(&mut connection, console.clock.now(), Outcome::Failed, &detail)
                .await
        };
        emit(&self.entry, Some(Outcome::Failed), &detail, 1);
        if let Err(error) = written.await {
            tracing::error!(%error, "the outcome of a change could not be written into the audit trail");
        }
    }
}

impl Intent {
    /// One that another process may have written; its outcome is still to be.
    pub(crate) fn again(id: i64, entry: Entry) -> Self {
        Self { id, entry }
    }

    /// Its line in the audit trail.
    pub(crate) fn id(&self) -> i64 {
        self.id
    }

    /// How it ended, in the transaction that ends it. What is said in the log waits for [`Intent::announce_end`].
    pub(crate) async fn end(
        &self,
        connection: &mut AnyConnection,
        now: Timestamp,
        outcome: Outcome,
        detail: &str,
    ) -> Result<(), StateError> {
        self.write(connection, now, outcome, detail).await
    }

    /// The transaction that ends it is committed.
    pub(crate) fn announce_end(&self, outcome: Outcome, detail: &str) {
        emit(&self.entry, Some(outcome), detail, 1);
    }

    /// Writes an intent in a transaction that writes down more of it. What is said in the log waits for
    /// [`Intent::announce_begin`].
    pub(crate) async fn begin(
        connection: &mut AnyConnection,
        now: Timestamp,
        entry: Entry,
    ) -> Result<Self, StateError> {
        let row = NewRow {
            entry: &entry,
            at: now,
            outcome: None,
            intent_id: None,
            detail: "",
            count: 1,
            last_at: now,
        };
        let id = insert(connection, &row).await?;
        Ok(Self { id, entry })
    }

    /// The transaction is committed.
    pub(crate) fn announce_begin(&self) {
        emit(&self.entry, None, "", 1);
    }
}

impl Console {
    /// Writes down what is about to be done. Where that fails, nothing is done.
    pub(crate) async fn intend(&self, entry: Entry) -> Result<Intent, StateError> {
        let id = self.write(&entry, None, "").await?;
        Ok(Intent { id, entry })
    }

    /// Writes down an event that is over.
    pub(crate) async fn record(
        &self,
        entry: Entry,
        outcome: Outcome,
        detail: &str,
    ) -> Result<(), StateError> {
        self.write(&entry, Some(outcome), detail).await.map(drop)
    }

    async fn write(&self, entry: &Entry, outcome: Option<Outcome>, detail: &str) -> Result<i64, StateError> {
        let now = self.clock.now();
        let row = NewRow {
            entry,
            at: now,
            outcome,
            intent_id: None,
            detail,
            count: 1,
            last_at: now,
        };
        let mut connection = self.state.connection().await?;
        let id = insert(&mut connection, &row).await?;
        emit(entry, outcome, detail, 1);
        Ok(id)
    }

    /// Notes that a change came from a foreign page: counted, for anybody can send them.
    pub fn note_foreign_page(&self, address: &str) {
        let entry = Entry {
            actor_kind: ActorKind::Nobody,
            address: address.to_owned(),
            ..Entry::of_console(Action::RefuseOrigin)
        };
        self.reads.note(entry, Outcome::Refused, self.clock.now());
    }

    /// Notes that somebody read something: counted, and written within a minute.
    pub fn note_read(&self, grant: &Granted, resource: &str, database: &str) {
        let entry = Entry::of(grant.caller(), Action::Read)
            .on(resource)
            .in_database(database);
        self.reads.note(entry, Outcome::Succeeded, self.clock.now());
    }

    /// Notes that somebody took a list away as a file, and what of it: counted, and written within a minute.
    pub fn note_export(
        &self,
        grant: &Granted,
        list: &str,
        database: &str,
        parameters: &[(&'static str, String)],
    ) {
        let mut entry = Entry::of(grant.caller(), Action::Export)
            .on(list)
            .in_database(database);
        for (name, value) in parameters {
            entry = entry.after(name, value);
        }
        self.reads.note(entry, Outcome::Succeeded, self.clock.now());
    }
}
