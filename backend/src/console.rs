//! The console as a whole: what pages, server functions and the REST API are given to work with.

use std::sync::Arc;

use domain::audit::{AUDIT_PAGE_SIZE, Action, AuditEvent, AuditPage, AuditQuery, Outcome};
use domain::database::DatabaseName;
use domain::hypertable_list::{HypertableList, HypertableQuery};
use domain::overview::{DatabaseStatus, Freshness, Overview, OverviewDetails, ProblemReport};
use domain::role::Permission;

use crate::audit::{Entry, ReadLog};
use crate::auth::{Granted, PasswordHasher};
use crate::clock::SharedClock;
use crate::collector::Watched;
use crate::state::{StateError, StateStore};

/// Everything the web side works with.
#[derive(Debug, Clone)]
pub struct Console {
    /// The console's own state.
    pub state: StateStore,
    /// Password hashing.
    pub hasher: PasswordHasher,
    /// The time.
    pub clock: SharedClock,
    /// The watched databases, in the order of the configuration.
    pub databases: Arc<[Watched]>,
    /// Where reads are handed in for the audit trail.
    pub reads: ReadLog,
    /// How long lines of the audit trail are kept, in days.
    pub audit_keep_days: i64,
    /// The address people reach the console at, without a trailing slash; one-time links begin with it.
    pub public_address: Arc<str>,
    /// Name of the environment, shown on every page; `None` where nobody named it.
    pub environment: Option<Arc<str>>,
}

/// Why something is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotShown {
    /// There is no such database.
    #[error("no database {0:?} is configured")]
    UnknownDatabase(String),
    /// The grant is for something else.
    #[error("this needs the permission {0}")]
    WrongGrant(Permission),
}

/// A grant proves one permission; this checks that it is the right one.
fn require(granted: &Granted, permission: Permission) -> Result<(), NotShown> {
    if granted.permission() == permission {
        Ok(())
    } else {
        Err(NotShown::WrongGrant(permission))
    }
}

/// Why the audit trail is not shown, or an export ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum AuditNotShown {
    /// The session ended, the token was revoked, or the role is another now.
    #[error("the permission to export was taken back meanwhile")]
    Revoked,
    /// The grant is for something else.
    #[error(transparent)]
    NotShown(#[from] NotShown),
    /// The state store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Console {
    fn watched(&self, database: &str) -> Result<&Watched, NotShown> {
        self.databases
            .iter()
            .find(|watched| watched.name().as_str() == database)
            .ok_or_else(|| NotShown::UnknownDatabase(database.to_owned()))
    }

    /// The names of the databases, in the order of the configuration.
    pub fn database_names(&self) -> Vec<DatabaseName> {
        self.databases
            .iter()
            .map(|watched| watched.name().clone())
            .collect()
    }

    /// What the frame of every page shows of a database.
    pub fn status(&self, granted: &Granted, database: &str) -> Result<DatabaseStatus, NotShown> {
        require(granted, Permission::ViewStatus)?;
        let watched = self.watched(database)?;
        Ok(DatabaseStatus::of(
            watched.name(),
            &watched.observation(),
            self.clock.now(),
        ))
    }

    /// The Overview: its details only for those who may see them.
    pub fn overview(&self, grant: &Granted, database: &str) -> Result<Overview, NotShown> {
        require(grant, Permission::ViewStatus)?;
        let watched = self.watched(database)?;
        let observation = watched.observation();
        let now = self.clock.now();
        Ok(Overview {
            status: DatabaseStatus::of(watched.name(), &observation, now),
            details: grant
                .may(Permission::ViewDetails)
                .then(|| OverviewDetails::of(&observation, now)),
        })
    }

    /// One page of the list of hypertables.
    pub fn hypertables(
        &self,
        granted: &Granted,
        database: &str,
        query: &HypertableQuery,
    ) -> Result<HypertableList, NotShown> {
        require(granted, Permission::ViewDetails)?;
        let watched = self.watched(database)?;
        let observation = watched.observation();
        let now = self.clock.now();
        let snapshot = observation.snapshot.as_deref();
        Ok(HypertableList {
            page: snapshot.map(|snapshot| query.apply(&snapshot.hypertables)),
            largest_bytes: snapshot
                .and_then(|snapshot| {
                    snapshot
                        .hypertables
                        .iter()
                        .map(|table| table.size.total_bytes())
                        .max()
                })
                .unwrap_or(0),
            freshness: snapshot.map(|snapshot| Freshness::of(snapshot, now)),
            problem: ProblemReport::of(&observation, now),
            edition: snapshot.map(|snapshot| snapshot.server.edition),
        })
    }

    /// Reads the database now, instead of at the next beat.
    pub async fn refresh(&self, granted: &Granted, database: &str) -> Result<(), NotShown> {
        require(granted, Permission::Refresh)?;
        self.watched(database)?.refresh().await;
        Ok(())
    }

    /// Lines of the audit trail, newest first.
    pub async fn audit_page(
        &self,
        granted: &Granted,
        query: &AuditQuery,
    ) -> Result<AuditPage, AuditNotShown> {
        require(granted, Permission::ViewAudit)?;
        self.note_read(granted, "audit", "");
        let mut events = self.state.audit_events(query, AUDIT_PAGE_SIZE + 1).await?;
        let has_more = events.len() > AUDIT_PAGE_SIZE;
        events.truncate(AUDIT_PAGE_SIZE);
        Ok(AuditPage {
            next_before_id: has_more.then(|| events.last().map(|event| event.id)).flatten(),
            events,
            kept_days: self.audit_keep_days,
            reads_lost: self.reads.lost(),
        })
    }

    /// Begins an export of the audit trail, which is written down.
    pub async fn begin_audit_export(
        &self,
        granted: &Granted,
        query: &AuditQuery,
    ) -> Result<(), AuditNotShown> {
        require(granted, Permission::ViewAudit)?;
        let mut entry = Entry::of(granted.caller(), Action::Export).on("audit");
        for (name, value) in query.parameters() {
            entry = entry.after(name, value);
        }
        Ok(self.record(entry, Outcome::Succeeded, "").await?)
    }

    /// One batch of an export; empty at its end. Fails where what was granted is not granted any more.
    pub async fn audit_batch(
        &self,
        granted: &Granted,
        query: &AuditQuery,
        limit: usize,
    ) -> Result<Vec<AuditEvent>, AuditNotShown> {
        require(granted, Permission::ViewAudit)?;
        if !self.still_grants(granted).await? {
            return Err(AuditNotShown::Revoked);
        }
        Ok(self.state.audit_events(query, limit).await?)
    }
}
