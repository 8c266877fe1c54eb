//! The configuration, parsed: whatever got here is valid.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use backend::state::StateUrl;
use backend::timescale::ConnectionUrl;
use domain::account::UserName;
use domain::database::DatabaseName;
use domain::interval::Interval;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use url::Url;

use super::declared::DeclaredPolicies;

/// A valid configuration.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Where the console listens.
    pub listen: SocketAddr,
    /// The address people reach it at, without a path; decides Origin check, HSTS and links.
    pub public_url: Option<Url>,
    /// Proxies whose forwarded addresses are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Shown on every page; selects `[environments.NAME]`.
    pub environment: Option<String>,
    /// Where the console keeps its own state.
    pub state_url: StateUrl,
    /// Directory of the built front end.
    pub site_root: PathBuf,
    /// The collector's beat.
    pub collect_every: Duration,
    /// How long lines of the audit trail are kept, in days.
    pub audit_keep_days: i64,
    /// What is logged, in the notation of `RUST_LOG`.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// An administrator to create where there is no user yet.
    pub admin: Option<Admin>,
    /// The watched databases, by name.
    pub databases: Vec<Database>,
}

/// A watched database.
#[derive(Debug, Clone)]
pub struct Database {
    /// The console's name for it.
    pub name: DatabaseName,
    /// How the collector connects; this role only needs to read.
    pub url: ConnectionUrl,
    /// How changes connect; `None`: with `url`.
    pub change_url: Option<ConnectionUrl>,
    /// What is declared for its tables.
    pub policies: DeclaredPolicies,
}

/// The first administrator.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Name.
    pub user: UserName,
    /// Password.
    pub password: SecretString,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// An interval longer than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositiveInterval(Interval);

impl From<PositiveInterval> for Interval {
    fn from(interval: PositiveInterval) -> Self {
        interval.0
    }
}

impl<'de> Deserialize<'de> for PositiveInterval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let interval: Interval = text.parse().map_err(serde::de::Error::custom)?;
        if interval.is_positive() {
            Ok(Self(interval))
        } else {
            Err(serde::de::Error::custom(format!(
                "{text:?} is not longer than nothing; write for example \"7 days\""
            )))
        }
    }
}

impl Configuration {
    /// The address people reach the console at, without a trailing slash: the public one, else where it listens.
    pub fn public_address(&self, listening: SocketAddr) -> String {
        self.public_url.as_ref().map_or_else(
            || format!("http://{listening}"),
            |url| url.as_str().trim_end_matches('/').to_owned(),
        )
    }
}

impl Database {
    /// How changes connect.
    pub fn changes(&self) -> &ConnectionUrl {
        self.change_url.as_ref().unwrap_or(&self.url)
    }
}
