//! A console that operates on a database of its own, with a clock that stands still.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use backend::audit::ReadLog;
use backend::auth::{Granted, PasswordHasher};
use backend::clock::SharedClock;
use backend::collector::watch_database;
use backend::console::{Console, ConsoleParts};
use backend::declared::Declarations;
use backend::state::StateStore;
use domain::audit::{Action, AuditEvent, AuditQuery};
use domain::policy::AgePolicy;
use domain::role::Permission;
use domain::table_name::TableName;
use jiff::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use tokio::task::JoinHandle;
use url::Url;

use crate::support::{FixedClock, Server, TestDatabase, server_url};

/// The console's name for the database.
pub const FACTORY: &str = "factory";

/// A console on a state store, and the database it operates on.
pub struct Operated {
    pub console: Console,
    pub clock: Arc<FixedClock>,
    pub state_url: String,
    pub database_url: String,
    collecting: JoinHandle<()>,
}

impl Drop for Operated {
    fn drop(&mut self) {
        self.collecting.abort();
    }
}

/// A file for a state store, and its URL.
pub fn state_file() -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let url = format!("sqlite://{}", directory.path().join("state.db").display());
    (directory, url)
}

/// A database with these tables on this machine's server, if that is of the Apache edition.
pub async fn apache_database(test: &str, tables: &str) -> Option<TestDatabase> {
    let database = TestDatabase::timescale(&server_url(Server::Any, test)?).await;
    let is_apache = database
        .number("select (current_setting('timescaledb.license') = 'apache')::int::int8")
        .await;
    if is_apache == 0 {
        skip(
            test,
            "TimescaleDB Apache edition",
            "the server of TIDEMARK_TEST_DATABASE_URL is of the Community edition",
        );
        return None;
    }
    database.execute(tables).await;
    database.execute("vacuum analyze").await;
    Some(database)
}

/// Writes down that a test was skipped, where the summary counts it.
fn skip(test: &str, group: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    if let Ok(file) = std::env::var("TIDEMARK_TEST_SKIPS") {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .expect("the list of skips");
        writeln!(file, "{group}\t{reason}\t{test}").expect("written");
    }
}

/// A database with these tables on the Community server, if there is one.
pub async fn community_database(test: &str, tables: &str) -> Option<TestDatabase> {
    let database = TestDatabase::timescale(&server_url(Server::Community, test)?).await;
    database.execute(tables).await;
    Some(database)
}

/// A console that has read the database once.
pub async fn operate(state_url: &str, database_url: &str) -> Operated {
    let operated = operate_unread(state_url, database_url, FixedClock::from_now()).await;
    operated.refresh().await;
    operated
}

/// A console that may not have read the database.
pub async fn operate_unread(state_url: &str, database_url: &str, clock: Arc<FixedClock>) -> Operated {
    let state = StateStore::open(&state_url.parse().expect("a state URL"))
        .await
        .expect("the store opens");
    let (watched, collecting) = watch_database(
        FACTORY.parse().expect("a name"),
        database_url.parse().expect("a connection URL"),
        Duration::from_hours(1),
        Arc::clone(&clock) as SharedClock,
    );
    let (reads, _queue) = ReadLog::new();
    Operated {
        console: Console::new(ConsoleParts {
            state,
            hasher: PasswordHasher::new(1).expect("a hasher"),
            clock: Arc::clone(&clock) as SharedClock,
            databases: vec![watched],
            reads,
            declarations: Declarations::default(),
            audit_keep_days: 365,
            public_address: "http://127.0.0.1:3000".to_owned(),
            environment: None,
        }),
        clock,
        state_url: state_url.to_owned(),
        database_url: database_url.to_owned(),
        collecting: tokio::spawn(collecting),
    }
}

pub fn admin() -> Granted {
    Granted::of_command_line(Permission::ChangePolicies)
}

pub fn operator() -> Granted {
    Granted::of_command_line(Permission::OperateJobs)
}

impl Operated {
    pub async fn refresh(&self) {
        self.console
            .refresh(&Granted::of_command_line(Permission::Refresh), FACTORY)
            .await
            .expect("refreshed");
    }

    /// A statement in the state store that goes past the console.
    pub async fn execute(&self, sql: &str) {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&self.state_url).await.expect("the store");
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
            .expect(sql);
        connection.close().await.expect("closed");
    }

    pub async fn number(&self, sql: &str) -> i64 {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&self.state_url).await.expect("the store");
        let number = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_one(&mut connection)
            .await
            .expect(sql);
        connection.close().await.expect("closed");
        number
    }

    /// The console is to drop chunks of a table.
    pub async fn keep(&self, table: &TableName, policy: &AgePolicy, next_start: Timestamp) {
        let quoted = |text: &str| text.replace('\'', "''");
        let policy = serde_json::to_string(policy).expect("a policy");
        self.execute(&format!(
            "insert into console_retention (database_name, schema_name, table_name, policy, next_start_ms)
             values ('{FACTORY}', '{}', '{}', '{}', {})",
            quoted(&table.schema),
            quoted(&table.name),
            quoted(&policy),
            next_start.as_millisecond()
        ))
        .await;
    }

    pub async fn next_start(&self, table: &TableName) -> Timestamp {
        let ms = self
            .number(&format!(
                "select next_start_ms from console_retention where schema_name = '{}' and table_name = '{}'",
                table.schema,
                table.name.replace('\'', "''")
            ))
            .await;
        Timestamp::from_millisecond(ms).expect("a moment")
    }

    /// The audit trail of one action, the newest first.
    pub async fn audit(&self, action: Action) -> Vec<AuditEvent> {
        let query = AuditQuery {
            action: Some(action),
            ..AuditQuery::default()
        };
        self.console
            .audit_page(&Granted::of_command_line(Permission::ViewAudit), &query)
            .await
            .expect("the audit trail")
            .events
    }

    /// What another session of the console's does just now.
    pub fn url(&self) -> Url {
        self.database_url.parse().expect("a URL")
    }
}

/// Asks until it is so.
pub async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never came true: {what}");
}
