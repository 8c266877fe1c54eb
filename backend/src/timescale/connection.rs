//! How the console connects to a monitored database.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use url::Url;

/// How long a connection may take to be established.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a database is and how to log in. Prints without its password.
#[derive(Clone)]
pub struct ConnectionUrl {
    options: PgConnectOptions,
    redacted: String,
    database: String,
}

/// Why a text is no [`ConnectionUrl`]. Never repeats the text: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; write postgres://ROLE:PASSWORD@HOST:PORT/DATABASE")]
pub struct InvalidConnectionUrl(String);

impl ConnectionUrl {
    /// The database's own name.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Connection options with the console's name and the statement's bounds.
    fn options(&self, purpose: &str, settings: &[(&str, &str)]) -> PgConnectOptions {
        self.options
            .clone()
            .application_name(purpose)
            .options(settings.iter().copied())
            // Of a console whose machine vanished the server hears nothing: it asks, and gives back the session's locks
            // after a minute instead of two hours.
            .options([
                ("tcp_keepalives_idle", "30"),
                ("tcp_keepalives_interval", "10"),
                ("tcp_keepalives_count", "3"),
            ])
            .disable_statement_logging()
    }
}

impl FromStr for ConnectionUrl {
    type Err = InvalidConnectionUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |what: &str| InvalidConnectionUrl(what.to_owned());
        let mut url = Url::parse(text.trim()).map_err(|error| invalid(&format!("not a URL ({error})")))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(invalid("not a postgres:// URL"));
        }
        let options: PgConnectOptions = text
            .trim()
            .parse()
            .map_err(|_| invalid("a parameter of the URL is not one PostgreSQL connections have"))?;
        let database = options
            .get_database()
            .filter(|name| !name.is_empty())
            .ok_or_else(|| invalid("the URL names no database"))?
            .to_owned();
        if url.password().is_some() {
            // Fails only for URLs that cannot have a password, and this one has.
            let _ = url.set_password(Some("***"));
        }
        // A parameter may carry the password as well.
        url.set_query(None);
        Ok(Self {
            options,
            redacted: url.to_string(),
            database,
        })
    }
}

impl fmt::Display for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted)
    }
}

impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionUrl({})", self.redacted)
    }
}

/// The collector's connection: reads only, and no statement of it can hang or hold on to anything.
pub async fn connect_for_reading(url: &ConnectionUrl) -> Result<PgConnection, sqlx::Error> {
    let mut connection = connect(url.options(
        "tidemark collector",
        &[
            ("default_transaction_read_only", "on"),
            ("statement_timeout", "15s"),
            ("lock_timeout", "1s"),
            ("idle_in_transaction_session_timeout", "30s"),
            // The statements join many catalogs once each: planning beats compiling.
            ("jit", "off"),
            // Whatever the role's own settings, intervals come in the notation `Interval` parses.
            ("IntervalStyle", "postgres"),
            // Reading 100,000 chunks takes some 22 MB with this, 36 MB with 1 MB, and no longer.
            ("work_mem", "256kB"),
        ],
    ))
    .await?;
    sqlx::query(include_str!("sql/session.sql"))
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// A connection that may change things; the caller sets the bounds that fit what it does.
pub async fn connect_for_change(url: &ConnectionUrl) -> Result<PgConnection, sqlx::Error> {
    connect(url.options(
        "tidemark",
        &[
            ("lock_timeout", "5s"),
            // Quotes in statements are doubled and nothing else.
            ("standard_conforming_strings", "on"),
        ],
    ))
    .await
}

/// A connection that changes policies: nothing it does may hold others up for long, and nobody waits for it if the console
/// is gone.
pub(crate) async fn connect_for_policies(url: &ConnectionUrl) -> Result<PgConnection, sqlx::Error> {
    connect(url.options(
        "tidemark change",
        &[
            ("lock_timeout", "2s"),
            ("statement_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "15s"),
            ("jit", "off"),
            // Whatever the role's own settings: intervals come in the notation `Interval` parses, and quotes in statements
            // are doubled and nothing else.
            ("IntervalStyle", "postgres"),
            ("standard_conforming_strings", "on"),
        ],
    ))
    .await
}

async fn connect(options: PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    match tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(std::io::Error::new(
            std::io::ErrorKind::TimedOut,
            format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_printed_without_its_password() {
        let url: ConnectionUrl = "postgres://anna:s3cret@db.example:5433/factory?password=s3cret"
            .parse()
            .expect("valid");
        assert_eq!(url.to_string(), "postgres://anna:***@db.example:5433/factory");
        assert!(!format!("{url:?}").contains("s3cret"));
        assert_eq!(url.database(), "factory");
    }

    #[test]
    fn a_bad_url_says_what_is_wrong_without_repeating_it() {
        for (text, words) in [
            ("factory:hunter2hunter2", "not a postgres:// URL"),
            ("mysql://u:hunter2@h/d", "not a postgres:// URL"),
            ("postgres://u:hunter2@h", "names no database"),
            ("postgres://u:hunter2@h:99999/d", "not a URL"),
            ("", "not a URL"),
        ] {
            let message = text.parse::<ConnectionUrl>().expect_err(text).to_string();
            assert!(message.contains(words), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
