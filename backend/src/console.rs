//! The console as a whole: what pages, server functions and the REST API are given to work with.

use std::sync::Arc;

use domain::database::DatabaseName;
use domain::hypertable_list::{HypertableList, HypertableQuery};
use domain::observation::{Health, Observation};
use domain::overview::{DatabaseStatus, Freshness, Overview, OverviewDetails, ProblemReport};
use domain::role::Permission;
use jiff::Timestamp;

use crate::audit::{ReadLog, RefusalLimit};
use crate::auth::{Granted, PasswordHasher, SignedInAs, WrongGrant};
use crate::clock::SharedClock;
use crate::collector::Watched;
use crate::state::{StateError, StateSessionStore, StateStore};

/// What a console is made of.
#[derive(Debug)]
pub struct ConsoleParts {
    /// The console's own state.
    pub state: StateStore,
    /// Password hashing.
    pub hasher: PasswordHasher,
    /// The time.
    pub clock: SharedClock,
    /// The watched databases, in the order of the configuration.
    pub databases: Vec<Watched>,
    /// Where reads are handed in for the audit trail.
    pub reads: ReadLog,
    /// How long lines of the audit trail are kept, in days.
    pub audit_keep_days: i64,
    /// The address people reach the console at, without a trailing slash; one-time links begin with it.
    pub public_address: String,
    /// Name of the environment, shown on every page; `None` where nobody named it.
    pub environment: Option<String>,
}

/// Everything the web side works with. What is behind the guard is reached through functions that take a [`Granted`].
#[derive(Debug, Clone)]
pub struct Console {
    pub(crate) state: StateStore,
    pub(crate) hasher: PasswordHasher,
    pub(crate) clock: SharedClock,
    databases: Arc<[Watched]>,
    pub(crate) reads: ReadLog,
    pub(crate) refusals: RefusalLimit,
    pub(crate) audit_keep_days: i64,
    public_address: Arc<str>,
    environment: Option<Arc<str>>,
}

/// Why something is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotShown {
    /// There is no such database.
    #[error("no database {0:?} is configured")]
    UnknownDatabase(String),
    /// The grant is for something else.
    #[error(transparent)]
    WrongGrant(#[from] WrongGrant),
}

impl Console {
    /// A console of these parts.
    pub fn new(parts: ConsoleParts) -> Self {
        Self {
            state: parts.state,
            hasher: parts.hasher,
            clock: parts.clock,
            databases: parts.databases.into(),
            reads: parts.reads,
            refusals: RefusalLimit::default(),
            audit_keep_days: parts.audit_keep_days,
            public_address: parts.public_address.into(),
            environment: parts.environment.map(Into::into),
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The address people reach the console at, without a trailing slash.
    pub fn public_address(&self) -> &str {
        &self.public_address
    }

    /// Name of the environment; `None` where nobody named it.
    pub fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// Where the sessions of browsers are kept.
    pub fn session_store(&self) -> StateSessionStore {
        StateSessionStore::new(self.state.clone(), Arc::clone(&self.clock))
    }

    /// Whether there is a user yet. Fails where the state store does not answer.
    pub async fn has_user(&self) -> Result<bool, StateError> {
        Ok(self.state.count_users().await? > 0)
    }

    /// Closes the state store; what was committed is on disk.
    pub async fn close(&self) {
        self.state.close().await;
    }

    /// Removes sessions, known browsers and sign-in budgets that are out of date.
    pub async fn remove_expired(&self) -> Result<(), StateError> {
        self.state.remove_expired(self.clock.now()).await
    }

    /// How many databases stand how; names none of them.
    pub fn healths(&self) -> Vec<(Health, usize)> {
        let mut counts: Vec<(Health, usize)> = Vec::new();
        for watched in self.databases.iter() {
            let health = watched.observation().health();
            match counts.iter_mut().find(|(counted, _)| *counted == health) {
                Some((_, count)) => *count += 1,
                None => counts.push((health, 1)),
            }
        }
        counts
    }

    fn watched(&self, database: &str) -> Result<&Watched, NotShown> {
        self.databases
            .iter()
            .find(|watched| watched.name().as_str() == database)
            .ok_or_else(|| NotShown::UnknownDatabase(database.to_owned()))
    }

    /// The names of the databases, in the order of the configuration. Whatever is granted is granted on one of them.
    pub fn database_names(&self, _granted: &Granted) -> Vec<DatabaseName> {
        self.databases
            .iter()
            .map(|watched| watched.name().clone())
            .collect()
    }

    /// The database that somebody who has just signed in comes to.
    pub fn first_database(&self, _signed_in: &SignedInAs) -> Option<&DatabaseName> {
        self.databases.first().map(Watched::name)
    }

    /// All that is known of a database.
    pub fn observation(&self, granted: &Granted, database: &str) -> Result<Observation, NotShown> {
        granted.require(Permission::ViewDetails)?;
        Ok(self.watched(database)?.observation())
    }

    /// Why readings of a database fail; `None` while they succeed, and for those who may not see details.
    pub fn problem(&self, granted: &Granted, database: &str) -> Result<Option<ProblemReport>, NotShown> {
        granted.require(Permission::ViewStatus)?;
        let observation = self.watched(database)?.observation();
        Ok(
            ProblemReport::of(&observation, self.clock.now())
                .filter(|_| granted.may(Permission::ViewDetails)),
        )
    }

    /// What the frame of every page shows of a database.
    pub fn status(&self, granted: &Granted, database: &str) -> Result<DatabaseStatus, NotShown> {
        granted.require(Permission::ViewStatus)?;
        let watched = self.watched(database)?;
        Ok(DatabaseStatus::of(
            watched.name(),
            &watched.observation(),
            self.clock.now(),
        ))
    }

    /// The Overview: its details only for those who may see them.
    pub fn overview(&self, grant: &Granted, database: &str) -> Result<Overview, NotShown> {
        grant.require(Permission::ViewStatus)?;
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
        granted.require(Permission::ViewDetails)?;
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
        granted.require(Permission::Refresh)?;
        self.watched(database)?.refresh().await;
        Ok(())
    }
}
