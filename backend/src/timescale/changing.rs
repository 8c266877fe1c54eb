//! The session a policy is changed in, and who keeps it waiting.

use std::time::Duration;

use domain::quantity::minute;
use domain::table_name::TableName;
use jiff::Timestamp;
use sqlx::Connection;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;
use sqlx::{Postgres, Transaction};

use super::connection::{ConnectionUrl, connect_for_policies, connect_for_reading};
use super::definition::{Definition, read_definition};

/// Tells the console's advisory locks from those of others: "TIDE" in ASCII.
const LOCK_CLASS: i32 = 0x5449_4445;
/// How often is looked who is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Nobody waits for a goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A session that changes policies. Nothing it does waits or takes for long.
#[derive(Debug)]
pub(crate) struct ChangeSession {
    connection: PgConnection,
    process: i32,
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Committed,
    Aborted,
    /// Nobody has decided yet.
    InProgress,
    /// The server does not know its number: it is too old, or of another server.
    Forgotten,
}

#[derive(FromRow)]
struct HolderRow {
    pid: i32,
    role: String,
    application_name: String,
    backend_type: String,
    state: String,
    query_start_ms: Option<i64>,
}

impl ChangeSession {
    /// Connects. What the statements name without a schema is looked for in TimescaleDB's and nowhere else.
    pub(crate) async fn open(url: &ConnectionUrl) -> Result<Self, sqlx::Error> {
        let mut connection = connect_for_policies(url).await?;
        let process = sqlx::query_scalar(
            "select pg_backend_pid() from (
               select set_config('search_path', coalesce((
                 select 'pg_catalog, ' || quote_ident(n.nspname)
                 from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'timescaledb'
               ), 'pg_catalog'), false)
             ) as settings",
        )
        .fetch_one(&mut connection)
        .await?;
        Ok(Self { connection, process })
    }

    /// The server's process for it.
    pub(crate) fn process(&self) -> i32 {
        self.process
    }

    /// One table, read at one moment; `None` where there is none of this name.
    pub(crate) async fn read(&mut self, name: &TableName) -> Result<Option<Definition>, sqlx::Error> {
        let mut transaction = self
            .connection
            .begin_with("begin transaction isolation level repeatable read read only")
            .await?;
        let definition = read_definition(&mut transaction, name).await?;
        transaction.commit().await?;
        Ok(definition)
    }

    /// Keeps every other console from changing the policies of a table until this session ends. Held over transactions: from before a change is compared until its outcome is written down, so
    /// whoever gets it knows that nobody is at work on the table.
    pub(crate) async fn lock(&mut self, relation: Oid) -> Result<(), sqlx::Error> {
        sqlx::query("select pg_advisory_lock($1, $2)")
            .bind(LOCK_CLASS)
            .bind(relation.0.cast_signed())
            .execute(&mut self.connection)
            .await
            .map(drop)
    }

    /// The same without waiting; `false` where somebody else has it.
    pub(crate) async fn try_lock(&mut self, relation: Oid) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("select pg_try_advisory_lock($1, $2)")
            .bind(LOCK_CLASS)
            .bind(relation.0.cast_signed())
            .fetch_one(&mut self.connection)
            .await
    }

    /// Begins the transaction of a change, and gives its number. The number can be relied on even if the server is
    /// killed: it is on disk before it is given, where the server has the means (from PostgreSQL 17 on); else it could be
    /// given to another transaction afterwards. The commit is on disk before it is answered, whatever the server's setting.
    pub(crate) async fn begin(&mut self) -> Result<(Transaction<'_, Postgres>, i64), sqlx::Error> {
        let mut transaction = self.connection.begin().await?;
        sqlx::query(
            "select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'",
        )
        .execute(&mut *transaction)
        .await?;
        let number: i64 = sqlx::query_scalar("select pg_current_xact_id()::text::int8")
            .fetch_one(&mut *transaction)
            .await?;
        if can_flush(&mut transaction).await? {
            sqlx::query(
                "select pg_logical_emit_message(true, 'tidemark', 'a change of a policy begins', true)",
            )
            .execute(&mut *transaction)
            .await?;
        }
        Ok((transaction, number))
    }

    /// Whether a number that [`Self::begin`] gave is that transaction's even after the server was killed.
    pub(crate) async fn numbers_are_reliable(&mut self) -> Result<bool, sqlx::Error> {
        can_flush(&mut self.connection).await
    }

    /// What became of a transaction, by the number that [`Self::begin`] gave.
    pub(crate) async fn fate(&mut self, number: i64) -> Result<Fate, sqlx::Error> {
        let status: Result<Option<String>, _> = sqlx::query_scalar("select pg_xact_status($1::text::xid8)")
            .bind(number.to_string())
            .fetch_one(&mut self.connection)
            .await;
        match status {
            Ok(status) => Ok(match status.as_deref() {
                Some("committed") => Fate::Committed,
                Some("aborted") => Fate::Aborted,
                Some(_) => Fate::InProgress,
                None => Fate::Forgotten,
            }),
            // A number that this server has not got to yet.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22023") => {
                Ok(Fate::Forgotten)
            }
            Err(error) => Err(error),
        }
    }

    /// Whoever keeps others from the table's lock for changes, where it is another session.
    pub(crate) async fn lock_holder(&mut self, relation: Oid) -> Result<Option<String>, sqlx::Error> {
        let row: Option<HolderRow> = sqlx::query_as(
            "select a.pid::int4 as pid, coalesce(a.usename, '')::text as role,
               coalesce(a.application_name, '')::text as application_name, coalesce(a.backend_type, '')::text as backend_type,
               coalesce(a.state, '')::text as state, (extract(epoch from a.query_start) * 1000)::int8 as query_start_ms
             from pg_locks l join pg_stat_activity a on a.pid = l.pid
             where l.locktype = 'advisory' and l.granted and l.classid = $1::oid and l.objid = $2 and l.objsubid = 2
               and l.database = (select oid from pg_database where datname = current_database()) and l.pid <> pg_backend_pid()
             limit 1",
        )
        .bind(Oid(LOCK_CLASS.cast_unsigned()))
        .bind(relation)
        .fetch_optional(&mut self.connection)
        .await?;
        Ok(row.map(|row| row.sentence()))
    }

    /// Ends the session, and gives back its locks.
    pub(crate) async fn close(self) {
        match tokio::time::timeout(CLOSE_TIMEOUT, self.connection.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(%error, "closing a session failed; the server ends it by itself");
            }
            Err(_) => tracing::debug!("closing a session took too long; the server ends it by itself"),
        }
    }
}

/// Whether the server can have what was logged on disk at once.
async fn can_flush(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select to_regprocedure('pg_catalog.pg_logical_emit_message(boolean, text, text, boolean)') is not null",
    )
    .fetch_one(connection)
    .await
}

impl HolderRow {
    /// `session 4711 of anna (psql), whose last statement began at 23 Nov 2026 22:10 UTC`.
    fn sentence(&self) -> String {
        let who = match self.backend_type.as_str() {
            "" | "client backend" => format!("session {}", self.pid),
            other => format!("{other} {}", self.pid),
        };
        let role = match self.role.as_str() {
            "" => String::new(),
            role => format!(" of {role}"),
        };
        let application = match self.application_name.as_str() {
            "" => String::new(),
            name => format!(" ({name})"),
        };
        let began = self
            .query_start_ms
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .map_or_else(String::new, |at| {
                format!(", whose last statement began at {} UTC", minute(at))
            });
        let idle = if self.state.starts_with("idle in transaction") {
            " and whose transaction is still open"
        } else {
            ""
        };
        format!("{who}{role}{application}{began}{idle}")
    }
}

/// Looks again and again who keeps a process waiting, and says so each time; never ends by itself. With a connection of its
/// own, that of the collector's role, which may see what others do.
pub(crate) async fn watch_holders(url: &ConnectionUrl, process: i32, say: impl Fn(Option<String>)) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Ok(mut connection) = connect_for_reading(url).await else {
            continue;
        };
        while let Ok(rows) = sqlx::query_as::<_, HolderRow>(include_str!("sql/lock_holders.sql"))
            .bind(process)
            .fetch_all(&mut connection)
            .await
        {
            let holders: Vec<String> = rows.iter().map(HolderRow::sentence).collect();
            say((!holders.is_empty()).then(|| holders.join("; ")));
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
