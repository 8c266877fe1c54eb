//! The console as a whole: what pages, server functions and the REST API are given to work with.

use std::sync::Arc;

use domain::database::DatabaseName;
use domain::history::{Measure, Range, Series, Subject};
use domain::observation::{Health, Observation};
use domain::overview::{DatabaseStatus, Overview, OverviewDetails, ProblemReport};
use domain::reading::{Reading, Seen};
use domain::role::Permission;
use domain::search::{Hit, search};
use domain::snapshot::Snapshot;
use domain::standing::{Condition, conditions};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::actions::Operations;
use crate::audit::{ReadLog, RefusalLimit};
use crate::auth::{Granted, PasswordHasher, SignedInAs, WrongGrant};
use crate::clock::SharedClock;
use crate::collector::Watched;
use crate::declared::Declarations;
pub use crate::made::MadeOf;
use crate::made::Published;
use crate::policies::PolicyDesk;
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
    /// What is declared for the databases.
    pub declarations: Declarations,
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
    pub(crate) policies: Arc<PolicyDesk>,
    pub(crate) audit_keep_days: i64,
    public_address: Arc<str>,
    environment: Option<Arc<str>>,
    pub(crate) declarations: Declarations,
    /// Whether feeds are to end.
    pub(crate) feeds_stop: Arc<watch::Sender<bool>>,
    /// What is under way in the databases.
    pub(crate) operations: Operations,
}

/// The last reading of a database, with what was made of it so far. The next one changes nothing of it.
#[derive(Debug, Clone)]
pub struct LastReading {
    published: Published,
    /// What was granted to whoever holds it.
    permission: Permission,
    now: Timestamp,
}

impl LastReading {
    /// What is made of this reading, once for everybody who asks for the same of it and was granted the same. The name
    /// says everything else it depends on. `bytes` is about how much memory it takes.
    pub async fn keep<T: Send + Sync + 'static, E>(
        &self,
        of: MadeOf,
        name: String,
        bytes: impl FnOnce(&T) -> usize,
        make: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let name = format!("{} {name}", self.permission);
        self.published.keep(of, name, bytes, make).await
    }

    /// What `make` takes out of it, as [`Console::read`] gives it.
    pub fn read<T>(&self, make: impl FnOnce(Seen<'_>) -> T) -> Result<Reading<T>, NotShown> {
        self.require_details()?;
        Ok(Reading::of(&self.published.observation, self.now, make))
    }

    /// The snapshot itself; `None` before the first.
    pub fn snapshot(&self) -> Result<Option<Arc<Snapshot>>, NotShown> {
        self.require_details()?;
        Ok(self.published.observation.snapshot.clone())
    }

    fn require_details(&self) -> Result<(), WrongGrant> {
        if self.permission == Permission::ViewDetails {
            Ok(())
        } else {
            Err(WrongGrant(Permission::ViewDetails))
        }
    }
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

/// Why history is not shown.
#[derive(Debug, thiserror::Error)]
pub enum HistoryNotShown {
    /// There is no such database, or the grant is for something else.
    #[error(transparent)]
    NotShown(#[from] NotShown),
    /// This is not measured of such a subject.
    #[error("{0} is not measured of {1:?}")]
    NotMeasured(Measure, Subject),
    /// The state store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

impl From<WrongGrant> for HistoryNotShown {
    fn from(wrong: WrongGrant) -> Self {
        Self::NotShown(wrong.into())
    }
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
            policies: Arc::default(),
            audit_keep_days: parts.audit_keep_days,
            public_address: parts.public_address.into(),
            environment: parts.environment.map(Into::into),
            declarations: parts.declarations,
            feeds_stop: Arc::new(watch::Sender::new(false)),
            operations: Operations::default(),
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

    /// Removes sessions, known browsers and sign-in budgets that are out of date, and what was done to databases longer ago
    /// than the audit trail tells of.
    pub async fn remove_expired(&self) -> Result<(), StateError> {
        let now = self.clock.now();
        self.state.remove_expired(now).await?;
        let kept = SignedDuration::from_hours(self.audit_keep_days.saturating_mul(24));
        match now.checked_sub(kept) {
            Ok(before) => self.state.remove_operations_before(before).await,
            // Kept for longer than there has been time.
            Err(_) => Ok(()),
        }
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

    /// Every watched database.
    pub(crate) fn all_watched(&self) -> &[Watched] {
        &self.databases
    }

    pub(crate) fn watched(&self, database: &str) -> Result<&Watched, NotShown> {
        self.databases
            .iter()
            .find(|watched| watched.name().as_str() == database)
            .ok_or_else(|| NotShown::UnknownDatabase(database.to_owned()))
    }

    /// Every database, for what the console does by itself.
    pub(crate) fn every_watched(&self) -> &[Watched] {
        &self.databases
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

    /// What is to be known of a database, in words that name nothing.
    pub fn conditions(&self, granted: &Granted, database: &str) -> Result<Vec<Condition>, NotShown> {
        granted.require(Permission::ViewStatus)?;
        Ok(conditions(
            &self.watched(database)?.observation(),
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

    /// What a page shows of the last reading of a database, taken out of it by `make`.
    pub fn read<T>(
        &self,
        granted: &Granted,
        database: &str,
        make: impl FnOnce(Seen<'_>) -> T,
    ) -> Result<Reading<T>, NotShown> {
        granted.require(Permission::ViewDetails)?;
        let observation = self.watched(database)?.observation();
        Ok(Reading::of(&observation, self.clock.now(), make))
    }

    /// The last reading of a database, to be held while something is made of it.
    pub fn last_reading(&self, granted: &Granted, database: &str) -> Result<LastReading, NotShown> {
        Ok(LastReading {
            published: self.watched(database)?.published(),
            permission: granted.permission(),
            now: self.clock.now(),
        })
    }

    /// What a search finds: in a database, and among the pages that whoever asks may see.
    pub fn search(&self, granted: &Granted, database: &str, query: &str) -> Result<Vec<Hit>, NotShown> {
        granted.require(Permission::ViewDetails)?;
        let watched = self.watched(database)?;
        Ok(search(
            watched.observation().snapshot.as_deref(),
            watched.name().as_str(),
            query,
            granted.caller().principal().permissions(),
        ))
    }

    /// What was recorded of one measure over a range up to now. Works while the database is down.
    pub async fn history(
        &self,
        granted: &Granted,
        database: &str,
        subject: &Subject,
        measure: Measure,
        range: Range,
    ) -> Result<Series, HistoryNotShown> {
        granted.require(Permission::ViewDetails)?;
        let watched = self.watched(database)?;
        if !measure.fits(subject) {
            return Err(HistoryNotShown::NotMeasured(measure, subject.clone()));
        }
        let now = self.clock.now();
        Ok(self
            .state
            .read_series(watched.name().as_str(), measure, subject, range, now)
            .await?)
    }

    /// Reads the database now, instead of at the next beat.
    pub async fn refresh(&self, granted: &Granted, database: &str) -> Result<(), NotShown> {
        granted.require(Permission::Refresh)?;
        self.watched(database)?.refresh().await;
        Ok(())
    }
}
