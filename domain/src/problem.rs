//! Why a database could not be read, in words an operator can act on.

use serde::{Deserialize, Serialize};

/// The kinds of failure that are told apart, because each wants something else done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ProblemKind {
    /// Nothing answers at the address, or it stopped answering.
    Unreachable,
    /// The server answers, but is starting, stopping or out of connections.
    NotReady,
    /// The server refused the role or its password.
    LoginRefused,
    /// The database named in the configuration does not exist.
    DatabaseMissing,
    /// The database has no TimescaleDB.
    ExtensionMissing,
    /// TimescaleDB is older than the console reads.
    ExtensionTooOld {
        /// The version found.
        version: String,
    },
    /// The role may not read what the console needs.
    RightsMissing,
    /// A statement took longer than allowed, or waited for a lock.
    TimedOut,
    /// Anything else the database said.
    Refused,
}

/// A failed reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of failure.
    #[serde(flatten)]
    pub kind: ProblemKind,
    /// The database's or the system's own words. Never shown to a viewer.
    pub detail: String,
    /// SQLSTATE, where the database gave one.
    pub sqlstate: Option<String>,
}

/// The oldest TimescaleDB whose catalog the console reads.
pub const OLDEST_TIMESCALEDB: (u32, u32) = (2, 19);

impl Problem {
    /// What happened, in one sentence.
    pub fn title(&self) -> String {
        match &self.kind {
            ProblemKind::Unreachable => "The database cannot be reached".to_owned(),
            ProblemKind::NotReady => "The database is not ready".to_owned(),
            ProblemKind::LoginRefused => "The database refuses the console's login".to_owned(),
            ProblemKind::DatabaseMissing => "The database does not exist".to_owned(),
            ProblemKind::ExtensionMissing => "TimescaleDB is not installed in this database".to_owned(),
            ProblemKind::ExtensionTooOld { version } => format!(
                "TimescaleDB {version} is older than {}.{}",
                OLDEST_TIMESCALEDB.0, OLDEST_TIMESCALEDB.1
            ),
            ProblemKind::RightsMissing => "The console's role may not read what it needs".to_owned(),
            ProblemKind::TimedOut => "The database took too long to answer".to_owned(),
            ProblemKind::Refused => "The database refused a reading".to_owned(),
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self.kind {
            ProblemKind::Unreachable => {
                "Start the server, or correct the host and port of the database's url. The console keeps trying."
            }
            ProblemKind::NotReady => {
                "The server is starting, stopping or out of connections. The console keeps trying."
            }
            ProblemKind::LoginRefused => {
                "Correct the role or the password in the database's url, or allow the role in pg_hba.conf."
            }
            ProblemKind::DatabaseMissing => "Create the database, or correct its name in the url.",
            ProblemKind::ExtensionMissing => {
                "As a superuser or the database's owner, run in this database: CREATE EXTENSION timescaledb."
            }
            ProblemKind::ExtensionTooOld { .. } => {
                "Install a newer TimescaleDB, then run in a new session: ALTER EXTENSION timescaledb UPDATE."
            }
            ProblemKind::RightsMissing => {
                "Grant the console's role pg_monitor and USAGE on the schema that is named here."
            }
            ProblemKind::TimedOut => {
                "The database is busy, or something holds a lock the reading waits for. The console keeps trying."
            }
            ProblemKind::Refused => "The database's own words say why. The console keeps trying.",
        }
    }

    /// The database's own words with the SQLSTATE behind them.
    pub fn evidence(&self) -> String {
        match &self.sqlstate {
            Some(code) => format!("{} ({code})", self.detail),
            None => self.detail.clone(),
        }
    }
}
