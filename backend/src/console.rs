//! The console as a whole: what pages, server functions and the REST API are given to work with.

use std::sync::Arc;

use domain::account::{Account, UnfitPassword, UserName, check_password};
use domain::database::DatabaseName;
use domain::listing::{HypertableList, HypertableQuery};
use domain::overview::{DatabaseStatus, Freshness, Overview, OverviewDetails, ProblemReport};
use domain::role::{Permission, Role};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use tower_sessions_core::Session;

use crate::auth::{self, Granted, HashFailed, PasswordHasher, Principal, SessionFailed, SignInRefused};
use crate::clock::SharedClock;
use crate::collector::Watched;
use crate::random::{NoRandomness, SecretToken, digest};
use crate::state::{NewUser, SetupRefused, StateError, StateStore};

/// How long a setup link can be used.
const SETUP_LINK_HOURS: i64 = 24;

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
    /// Name of the environment, shown on every page; `None` where nobody named it.
    pub environment: Option<Arc<str>>,
}

/// There is no such database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no database {0:?} is configured")]
pub struct UnknownDatabase(pub String);

/// Why the first administrator could not be created.
#[derive(Debug, thiserror::Error)]
pub enum SetupFailed {
    /// The link.
    #[error("this setup link is not valid any more")]
    LinkInvalid,
    /// The name.
    #[error(transparent)]
    Name(#[from] domain::account::InvalidUserName),
    /// The password.
    #[error(transparent)]
    Password(#[from] UnfitPassword),
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] SessionFailed),
}

/// A setup link could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupLinkFailed {
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The state store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Console {
    fn watched(&self, database: &str) -> Result<&Watched, UnknownDatabase> {
        self.databases
            .iter()
            .find(|watched| watched.name().as_str() == database)
            .ok_or_else(|| UnknownDatabase(database.to_owned()))
    }

    /// The names of the databases, in the order of the configuration.
    pub fn database_names(&self) -> Vec<DatabaseName> {
        self.databases
            .iter()
            .map(|watched| watched.name().clone())
            .collect()
    }

    /// What the frame of every page shows of a database.
    pub fn status(&self, _grant: &Granted, database: &str) -> Result<DatabaseStatus, UnknownDatabase> {
        let watched = self.watched(database)?;
        Ok(DatabaseStatus::of(
            watched.name(),
            &watched.observation(),
            self.clock.now(),
        ))
    }

    /// The Overview: its details only for those who may see them.
    pub fn overview(&self, grant: &Granted, database: &str) -> Result<Overview, UnknownDatabase> {
        let watched = self.watched(database)?;
        let observation = watched.observation();
        let now = self.clock.now();
        Ok(Overview {
            status: DatabaseStatus::of(watched.name(), &observation, now),
            details: grant
                .account()
                .may(Permission::ViewDetails)
                .then(|| OverviewDetails::of(&observation, now)),
        })
    }

    /// One page of the list of hypertables.
    pub fn hypertables(
        &self,
        _grant: &Granted,
        database: &str,
        query: &HypertableQuery,
    ) -> Result<HypertableList, UnknownDatabase> {
        let watched = self.watched(database)?;
        let observation = watched.observation();
        let now = self.clock.now();
        let snapshot = observation.snapshot.as_deref();
        Ok(HypertableList {
            page: snapshot.map(|snapshot| query.apply(&snapshot.hypertables)),
            freshness: snapshot.map(|snapshot| Freshness::of(snapshot, now)),
            problem: ProblemReport::of(&observation, now),
            edition: snapshot.map(|snapshot| snapshot.server.edition),
        })
    }

    /// Reads the database now, instead of at the next beat.
    pub async fn refresh(&self, _grant: &Granted, database: &str) -> Result<(), UnknownDatabase> {
        self.watched(database)?.refresh().await;
        Ok(())
    }

    /// Who a session belongs to.
    pub async fn principal(&self, session: &Session) -> Result<Principal, SessionFailed> {
        auth::signed_in_account(&self.state, &self.clock, session).await
    }

    /// Signs in.
    pub async fn sign_in(
        &self,
        session: &Session,
        name: &str,
        password: &SecretString,
    ) -> Result<Account, SignInRefused> {
        auth::sign_in(&self.state, &self.hasher, &self.clock, session, name, password).await
    }

    /// Signs out.
    pub async fn sign_out(&self, session: &Session) -> Result<(), SessionFailed> {
        auth::sign_out(session).await
    }

    /// A new setup link's token; `None` when there is a user already.
    pub async fn new_setup_token(&self) -> Result<Option<SecretToken>, SetupLinkFailed> {
        let token = SecretToken::generate()?;
        let expires_at = self
            .clock
            .now()
            .saturating_add(SignedDuration::from_hours(SETUP_LINK_HOURS))
            .unwrap_or(Timestamp::MAX);
        Ok(self
            .state
            .put_setup_link(&token.digest(), expires_at)
            .await?
            .then_some(token))
    }

    /// Whether a setup link's token is valid now.
    pub async fn is_setup_token(&self, token: &str) -> Result<bool, StateError> {
        self.state.has_setup_link(&digest(token), self.clock.now()).await
    }

    /// Creates the first administrator with a setup link and signs the session in.
    pub async fn set_up(
        &self,
        session: &Session,
        token: &str,
        name: &str,
        password: &SecretString,
    ) -> Result<Account, SetupFailed> {
        // Before anything costly: without the link nobody makes the console hash.
        if !self.is_setup_token(token).await.map_err(SessionFailed::from)? {
            return Err(SetupFailed::LinkInvalid);
        }
        let user = self.new_user(name.parse()?, Role::Admin, password).await?;
        let now = self.clock.now();
        let id = match self.state.use_setup_link(&digest(token), &user, now).await {
            Ok(id) => id,
            Err(SetupRefused::LinkInvalid) => return Err(SetupFailed::LinkInvalid),
            Err(SetupRefused::State(error)) => return Err(SetupFailed::Failed(error.into())),
        };
        auth::begin(session, id, now).await?;
        Ok(Account {
            name: user.name,
            role: user.role,
        })
    }

    async fn new_user(
        &self,
        name: UserName,
        role: Role,
        password: &SecretString,
    ) -> Result<NewUser, SetupFailed> {
        check_password(&name, password.expose_secret())?;
        let password_hash = self
            .hasher
            .hash(password)
            .await
            .map_err(|error: HashFailed| SessionFailed::from(error))?;
        Ok(NewUser {
            name,
            role,
            password_hash,
        })
    }
}
