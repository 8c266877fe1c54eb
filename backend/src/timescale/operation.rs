//! A session in which the console does something that may take long, and how it is ended before its time.

use std::time::Duration;

use domain::snapshot::Edition;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor, FromRow};

use super::connection::{ConnectionUrl, connect_for_change};

/// While what is to end does not, the server is asked again after this.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Asking takes at most this long.
const ASK_WITHIN: Duration = Duration::from_secs(5);

/// A session, and what the server is.
#[derive(Debug)]
pub(crate) struct OperationSession {
    pub(crate) connection: PgConnection,
    pub(crate) server: OperatedServer,
}

/// What the server is, and what it lets the session's role do.
#[derive(Debug, Clone, FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "the columns of operation.sql")]
pub(crate) struct OperatedServer {
    /// The session's own process.
    pub(crate) pid: i32,
    pub(crate) role: String,
    pub(crate) is_superuser: bool,
    license: Option<String>,
    /// The schema of TimescaleDB's functions, quoted.
    pub(crate) extension_schema: String,
    pub(crate) has_chunk_relid: bool,
    pub(crate) has_catalog_jobs: bool,
    pub(crate) has_columnstore: bool,
    pub(crate) has_freezing: bool,
    /// Locks there is room for, in all sessions together.
    lock_slots: i64,
}

impl OperatedServer {
    /// What it offers; `None` where the database has no `TimescaleDB`.
    pub(crate) fn edition(&self) -> Option<Edition> {
        match self.license.as_deref()? {
            "apache" => Some(Edition::Apache),
            _ => Some(Edition::Community),
        }
    }

    pub(crate) fn lock_slots(&self) -> u64 {
        u64::try_from(self.lock_slots).unwrap_or(0)
    }
}

/// Connects. Should the console be killed, the server notices within seconds, and ends what it does for the session.
pub(crate) async fn connect_for_operation(url: &ConnectionUrl) -> Result<OperationSession, sqlx::Error> {
    let mut connection = connect_for_change(url).await?;
    // Some systems cannot tell the server; there it notices when it has something to say.
    if let Err(error) = connection
        .execute("set client_connection_check_interval = '2s'")
        .await
    {
        tracing::debug!(%error, "the server does not watch over its clients");
    }
    // What statements name without a schema is looked for in TimescaleDB's and nowhere else; what is said to be done is on
    // disk.
    sqlx::query(
        "select set_config('search_path', coalesce((
           select 'pg_catalog, ' || quote_ident(n.nspname)
           from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'timescaledb'
         ), 'pg_catalog'), false),
         set_config('synchronous_commit', case current_setting('synchronous_commit') when 'off' then 'on'
           else current_setting('synchronous_commit') end, false)",
    )
    .execute(&mut connection)
    .await?;
    // Whoever does something that takes longer says how long.
    connection.execute("set statement_timeout = '60s'").await?;
    let server = sqlx::query_as(include_str!("sql/operation.sql"))
        .fetch_one(&mut connection)
        .await?;
    Ok(OperationSession { connection, server })
}

/// Waits for what a session does. Once `cancelled` resolves, the server is asked to end it, again and again until it has:
/// the statement may just be between two others.
pub(crate) async fn cancellable<T>(
    url: &ConnectionUrl,
    pid: i32,
    work: impl Future<Output = T>,
    cancelled: impl Future<Output = ()>,
) -> T {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = cancelled => {}
    }
    loop {
        let ask = async {
            match tokio::time::timeout(ASK_WITHIN, cancel_backend(url, pid)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, pid, "the server could not be asked to end a statement");
                }
                Err(_) => tracing::warn!(pid, "the server does not answer when asked to end a statement"),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        };
        tokio::select! {
            done = &mut work => return done,
            () = ask => {}
        }
    }
}

async fn cancel_backend(url: &ConnectionUrl, pid: i32) -> Result<(), sqlx::Error> {
    let mut connection = connect_for_change(url).await?;
    sqlx::query("select pg_cancel_backend($1)")
        .bind(pid)
        .execute(&mut connection)
        .await?;
    connection.close().await
}
