//! What the console itself remembers: users, sessions, links, tokens, sign-in budgets, the audit trail,
//! history.
//!
//! SQLite by default, PostgreSQL for several replicas. Every statement is written once, in SQL that both understand,
//! and every test runs against both.

pub(crate) mod actions;
pub(crate) mod audit;
pub(crate) mod console_retention;
pub(crate) mod history;
pub(crate) mod known_browsers;
pub(crate) mod links;
mod login_budgets;
pub(crate) mod policy_changes;
pub(crate) mod retention_runs;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod tokens;
pub(crate) mod users;

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::any::{AnyPoolOptions, AnyRow};
use sqlx::migrate::Migrator;
use sqlx::{AnyPool, Executor, Row};
use url::Url;

pub use history::Thinned;
pub use links::{LinkPurpose, PasswordLink};
pub(crate) use login_budgets::Budget;
pub use sessions::StateSessionStore;
pub use users::{NewUser, StoredUser};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// Which kind of state store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateBackend {
    /// A file, one console.
    Sqlite,
    /// A server, several replicas.
    Postgres,
}

/// Where the state is kept. Prints without its password.
#[derive(Clone)]
pub struct StateUrl {
    backend: StateBackend,
    connect: String,
    redacted: String,
}

/// Why a text is no [`StateUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; write sqlite://FILE or postgres://ROLE:PASSWORD@HOST:PORT/DATABASE")]
pub struct InvalidStateUrl(String);

impl StateUrl {
    /// Which kind.
    pub fn backend(&self) -> StateBackend {
        self.backend
    }
}

impl FromStr for StateUrl {
    type Err = InvalidStateUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Some(file) = text.strip_prefix("sqlite:") {
            let file = file.trim_start_matches("//");
            if file.is_empty() || file.contains('?') {
                return Err(InvalidStateUrl("the URL names no file".to_owned()));
            }
            return Ok(Self {
                backend: StateBackend::Sqlite,
                connect: format!("sqlite://{file}?mode=rwc"),
                redacted: format!("sqlite://{file}"),
            });
        }
        let invalid = |what: String| InvalidStateUrl(what);
        let mut url = Url::parse(text).map_err(|error| invalid(format!("not a URL ({error})")))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(invalid("neither a sqlite:// nor a postgres:// URL".to_owned()));
        }
        if url.path().trim_matches('/').is_empty() {
            return Err(invalid("the URL names no database".to_owned()));
        }
        let connect = url.to_string();
        if url.password().is_some() {
            let _ = url.set_password(Some("***"));
        }
        url.set_query(None);
        Ok(Self {
            backend: StateBackend::Postgres,
            connect,
            redacted: url.to_string(),
        })
    }
}

impl fmt::Display for StateUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted)
    }
}

impl fmt::Debug for StateUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateUrl({})", self.redacted)
    }
}

/// The state store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It could not be opened.
    #[error("the state store {url} cannot be opened: {reason}")]
    Open {
        /// The URL, without its password.
        url: String,
        /// The system's own words.
        reason: String,
    },
    /// Its tables could not be brought up to date.
    #[error("the tables of the state store could not be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A statement failed.
    #[error("the state store failed: {0}")]
    Database(#[from] sqlx::Error),
    /// It holds something this version cannot read.
    #[error("the state store holds {0}, which this version of the console cannot read")]
    Unreadable(String),
}

/// The console's own state.
#[derive(Debug, Clone)]
pub struct StateStore {
    pool: AnyPool,
    backend: StateBackend,
}

impl StateStore {
    /// Opens the store, creating the SQLite file if there is none, and brings its tables up to date.
    pub async fn open(url: &StateUrl) -> Result<Self, StateError> {
        sqlx::any::install_default_drivers();
        let opening = |error: sqlx::Error| StateError::Open {
            url: url.to_string(),
            reason: match error {
                sqlx::Error::Database(error) => error.message().to_owned(),
                other => other.to_string(),
            },
        };
        if url.backend == StateBackend::Sqlite {
            let file = url.redacted.trim_start_matches("sqlite://");
            create_private_file(Path::new(file)).map_err(|error| opening(sqlx::Error::Io(error)))?;
        }
        let backend = url.backend;
        let pool = AnyPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(10))
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if backend == StateBackend::Sqlite {
                        // WAL lets pages read while something is written; FULL keeps what was committed through a
                        // power cut, which an audit trail must survive.
                        connection
                            .execute(
                                "pragma journal_mode = wal; pragma synchronous = full; \
                                 pragma foreign_keys = on; pragma busy_timeout = 5000;",
                            )
                            .await?;
                    }
                    Ok(())
                })
            })
            .connect(&url.connect)
            .await
            .map_err(opening)?;
        match backend {
            StateBackend::Sqlite => SQLITE_MIGRATIONS.run(&pool).await?,
            StateBackend::Postgres => POSTGRES_MIGRATIONS.run(&pool).await?,
        }
        Ok(Self { pool, backend })
    }

    /// Which kind of store this is.
    pub fn backend(&self) -> StateBackend {
        self.backend
    }

    /// A transaction that may write. SQLite takes its write lock at once: a later upgrade could fail half-way.
    pub(crate) async fn begin(&self) -> Result<sqlx::Transaction<'_, sqlx::Any>, sqlx::Error> {
        match self.backend {
            StateBackend::Sqlite => self.pool.begin_with("begin immediate").await,
            StateBackend::Postgres => self.pool.begin().await,
        }
    }

    /// A connection for single statements.
    pub(crate) async fn connection(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Any>, sqlx::Error> {
        self.pool.acquire().await
    }

    /// Removes sessions, known browsers and sign-in budgets that are out of date.
    pub async fn remove_expired(&self, now: Timestamp) -> Result<(), StateError> {
        self.remove_expired_sessions(now).await?;
        self.remove_expired_browsers(now).await?;
        self.remove_whole_budgets(now).await
    }

    /// Closes every connection; what was committed is on disk.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// The file holds password hashes: only its owner may read it.
fn create_private_file(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(file).map(drop)
}

/// Milliseconds since 1970, as every time is stored.
fn stored(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A stored time.
fn loaded(ms: i64) -> Result<Timestamp, StateError> {
    Timestamp::from_millisecond(ms).map_err(|_| StateError::Unreadable(format!("the time {ms}")))
}

/// A stored time that may be missing.
fn time(row: &AnyRow, column: &str) -> Result<Option<Timestamp>, StateError> {
    row.try_get::<Option<i64>, _>(column)?.map(loaded).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_url_is_a_file_or_a_server_and_hides_its_password() {
        let file: StateUrl = "sqlite://tidemark.db".parse().expect("valid");
        assert_eq!(
            (file.backend(), file.to_string().as_str()),
            (StateBackend::Sqlite, "sqlite://tidemark.db")
        );
        let server: StateUrl = "postgres://t:hunter2@localhost/tidemark".parse().expect("valid");
        assert_eq!(server.backend(), StateBackend::Postgres);
        assert!(!format!("{server} {server:?}").contains("hunter2"));
    }

    #[test]
    fn a_bad_state_url_says_what_would_be_right() {
        for text in ["", "tidemark.db", "sqlite://", "mysql://a/b", "postgres://h"] {
            let message = text.parse::<StateUrl>().expect_err(text).to_string();
            assert!(
                message.ends_with("write sqlite://FILE or postgres://ROLE:PASSWORD@HOST:PORT/DATABASE"),
                "{message}"
            );
        }
    }
}
