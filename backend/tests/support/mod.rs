//! What the tests stand on: real servers, a database of its own for each test.
//!
//! `scripts/test.sh` names the servers: `TIDEMARK_TEST_DATABASE_URL` (superuser, required) and
//! `TIDEMARK_TEST_COMMUNITY_URL` (superuser of a TimescaleDB Community server, optional). What a server does not
//! offer is skipped, and the skip is written down where the summary counts it.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

pub mod state;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use backend::clock::{Clock, SharedClock};
use backend::timescale::{ConnectionUrl, Reader};
use domain::hypertable::Hypertable;
use domain::snapshot::Snapshot;
use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Row};
use url::Url;

/// Which server a test wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Whatever edition this machine has.
    Any,
    /// The Community edition.
    Community,
}

/// The server's URL, or `None` after writing down that the test was skipped.
pub fn server_url(server: Server, test: &str) -> Option<Url> {
    let (variable, group, reason) = match server {
        Server::Any => (
            "TIDEMARK_TEST_DATABASE_URL",
            "TimescaleDB",
            "TIDEMARK_TEST_DATABASE_URL names no server; make test starts one",
        ),
        Server::Community => (
            "TIDEMARK_TEST_COMMUNITY_URL",
            "TimescaleDB Community edition",
            "TIDEMARK_TEST_COMMUNITY_URL names no Community server",
        ),
    };
    match std::env::var(variable) {
        Ok(url) if !url.is_empty() => Some(url.parse().expect("a URL")),
        _ => {
            eprintln!("SKIPPED {test}: {reason}");
            if let Ok(file) = std::env::var("TIDEMARK_TEST_SKIPS") {
                let mut file = std::fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(file)
                    .expect("the list of skips");
                writeln!(file, "{group}\t{reason}\t{test}").expect("written");
            }
            None
        }
    }
}

/// A database that goes with the value.
#[derive(Debug)]
pub struct TestDatabase {
    server: Url,
    pub name: String,
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// An empty one, without TimescaleDB.
    pub async fn plain(server: &Url) -> Self {
        let name = format!(
            "t{}_{}",
            std::process::id(),
            DATABASES.fetch_add(1, Ordering::Relaxed)
        );
        let database = Self {
            server: server.clone(),
            name,
        };
        let mut admin = PgConnection::connect(server.as_str())
            .await
            .expect("the test server answers");
        execute(&mut admin, &format!("create database {}", database.name)).await;
        database
    }

    /// One with TimescaleDB.
    pub async fn timescale(server: &Url) -> Self {
        let database = Self::plain(server).await;
        database
            .execute("set client_min_messages = warning; create extension timescaledb")
            .await;
        database
    }

    /// Its URL, as the superuser.
    pub fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url.to_string()
    }

    /// Its URL, as another role.
    pub fn url_as(&self, role: &str, password: &str) -> String {
        let mut url: Url = self.url().parse().expect("a URL");
        url.set_username(role).expect("a role");
        url.set_password(Some(password)).expect("a password");
        url.to_string()
    }

    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url())
            .await
            .expect("the test database answers")
    }

    pub async fn execute(&self, sql: &str) {
        let mut connection = self.connect().await;
        execute(&mut connection, sql).await;
    }

    pub async fn number(&self, sql: &str) -> i64 {
        let mut connection = self.connect().await;
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_one(&mut connection)
            .await
            .expect(sql)
    }

    pub fn reader(&self) -> Reader {
        reader(&self.url())
    }

    pub async fn read(&self) -> Snapshot {
        self.reader().read().await.expect("a reading")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A runtime of its own: the test's may be on its way out.
        let removed = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(async {
                    let mut admin = PgConnection::connect(server.as_str()).await?;
                    sqlx::raw_sql(AssertSqlSafe(format!(
                        "drop database if exists {name} with (force)"
                    )))
                    .execute(&mut admin)
                    .await
                })
        })
        .join();
        if !matches!(removed, Ok(Ok(_))) {
            eprintln!("the test database {} was left behind", self.name);
        }
    }
}

pub async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .expect(sql);
}

/// The machine's time; tests that turn the clock use [`FixedClock`].
#[derive(Debug)]
pub struct FixedClock(pub std::sync::Mutex<Timestamp>);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("the clock")
    }
}

impl FixedClock {
    /// Stands at the machine's time: the session library computes expiries with a clock of its own.
    pub fn from_now() -> Arc<Self> {
        Arc::new(Self(std::sync::Mutex::new(system_clock().now())))
    }

    pub fn advance(&self, seconds: i64) {
        let mut now = self.0.lock().expect("the clock");
        *now = now
            .checked_add(jiff::SignedDuration::from_secs(seconds))
            .expect("in range");
    }
}

pub fn system_clock() -> SharedClock {
    Arc::new(backend::clock::SystemClock)
}

pub fn reader(url: &str) -> Reader {
    Reader::new(
        url.parse::<ConnectionUrl>().expect("a connection URL"),
        system_clock(),
    )
}

pub fn table<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Hypertable {
    snapshot
        .hypertables
        .iter()
        .find(|table| table.name == name)
        .unwrap_or_else(|| panic!("no hypertable {name}"))
}

/// What TimescaleDB itself says of a hypertable: heap, index, TOAST, total bytes and approximate rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Official {
    pub heap_bytes: u64,
    pub index_bytes: u64,
    pub toast_bytes: u64,
    pub total_bytes: u64,
    pub approximate_rows: u64,
}

pub async fn official(database: &TestDatabase, table: &str) -> Official {
    let mut connection = database.connect().await;
    let row = sqlx::query(
        "select sum(table_bytes)::int8, sum(index_bytes)::int8, sum(toast_bytes)::int8, sum(total_bytes)::int8, \
         (select approximate_row_count($1::text::regclass)) from hypertable_detailed_size($1::text::regclass)",
    )
    .bind(table)
    .fetch_one(&mut connection)
    .await
    .expect("the official figures");
    let figure = |index: usize| u64::try_from(row.get::<i64, _>(index)).expect("not negative");
    Official {
        heap_bytes: figure(0),
        index_bytes: figure(1),
        toast_bytes: figure(2),
        total_bytes: figure(3),
        approximate_rows: figure(4),
    }
}

/// Waits until a statement that answers true or false answers true.
pub async fn until(database: &TestDatabase, condition: &str) {
    let mut connection = database.connect().await;
    for _ in 0..1200 {
        let holds: bool = sqlx::query_scalar(AssertSqlSafe(condition.to_owned()))
            .fetch_one(&mut connection)
            .await
            .expect(condition);
        if holds {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("never came true: {condition}");
}
