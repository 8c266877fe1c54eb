//! Loading the demo, and keeping it alive.

use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::PgConnection;

use super::rows::append_rows;
use super::tables::{DemoTable, TABLES};
use crate::clock::SharedClock;
use crate::timescale::{ConnectionUrl, connect_for_change, problem_of};

/// New rows are written this often.
const STREAM_BEAT: Duration = Duration::from_secs(2);
/// One COPY takes the rows of at most this stretch.
const BATCH_SECONDS: i64 = 2 * 86_400;

/// Why the demo could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// One of its tables is there already; nothing was changed.
    #[error("the table {0} is there already; the demo is loaded into a database that has none of its tables")]
    AlreadyThere(&'static str),
    /// The database said no.
    #[error("{0}")]
    Database(String),
}

impl From<sqlx::Error> for DemoError {
    fn from(error: sqlx::Error) -> Self {
        let problem = problem_of(&error);
        Self::Database(format!(
            "{}: {}. {}",
            problem.title(),
            problem.evidence(),
            problem.advice()
        ))
    }
}

/// What was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadReport {
    /// Rows in all four tables.
    pub rows: u64,
    /// Chunks that were compressed; 0 in the Apache edition, which cannot.
    pub compressed_chunks: u64,
}

async fn exists(connection: &mut PgConnection, table: &DemoTable) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select to_regclass($1) is not null")
        .bind(table.name)
        .fetch_one(connection)
        .await
}

/// Creates the four hypertables, fills them up to now and ends with VACUUM (ANALYZE). In the Community edition it
/// also compresses what is older than the policies say and adds the policies. Installs the extension if it is
/// missing. Changes nothing where one of the tables exists.
pub async fn load(url: &ConnectionUrl, clock: &SharedClock) -> Result<LoadReport, DemoError> {
    let mut connection = connect_for_change(url).await?;
    sqlx::raw_sql("set client_min_messages = warning; create extension if not exists timescaledb")
        .execute(&mut connection)
        .await?;
    for table in &TABLES {
        if exists(&mut connection, table).await? {
            return Err(DemoError::AlreadyThere(table.name));
        }
    }

    let mut report = LoadReport::default();
    let now = clock.now().as_second();
    // All or nothing: a load that is cut off leaves no half-filled table behind.
    let mut transaction = connection.begin().await?;
    for table in &TABLES {
        sqlx::raw_sql(table.create).execute(&mut *transaction).await?;
        sqlx::raw_sql(table.make_hypertable)
            .execute(&mut *transaction)
            .await?;
        report.rows += copy(&mut transaction, table, now - table.days * 86_400, now).await?;
    }
    transaction.commit().await?;

    if is_community(&mut connection).await? {
        for table in &TABLES {
            report.compressed_chunks += compress(&mut connection, table).await?;
        }
    }
    for table in &TABLES {
        sqlx::raw_sql(table.vacuum).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(report)
}

/// Appends live rows until the task is dropped, starting where the data end: what was missed while nothing was
/// running is made up for first.
pub async fn stream(url: &ConnectionUrl, clock: &SharedClock) -> Result<(), DemoError> {
    let mut connection = connect_for_change(url).await?;
    let mut ends = Vec::with_capacity(TABLES.len());
    let now = clock.now().as_second();
    for table in &TABLES {
        let newest: Option<i64> = sqlx::query_scalar(table.newest)
            .fetch_one(&mut connection)
            .await?;
        let first = now - table.days * 86_400;
        ends.push(newest.map_or(first, |ms| (ms / 1000).max(first)));
    }
    let mut beat = tokio::time::interval(STREAM_BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        beat.tick().await;
        let now = clock.now().as_second();
        for (table, end) in TABLES.iter().zip(&mut ends) {
            copy(&mut connection, table, *end, now).await?;
            *end = now;
        }
    }
}

async fn copy(
    connection: &mut PgConnection,
    table: &DemoTable,
    from: i64,
    to: i64,
) -> Result<u64, sqlx::Error> {
    let mut rows = 0;
    let mut at = from;
    let mut text = String::new();
    while at < to {
        let end = (at + BATCH_SECONDS).min(to);
        text.clear();
        let added = append_rows(table, at, end, &mut text);
        if added > 0 {
            let mut sink = connection.copy_in_raw(table.copy).await?;
            sink.send(text.as_bytes()).await?;
            rows += sink.finish().await?;
        }
        at = end;
    }
    Ok(rows)
}

async fn is_community(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select current_setting('timescaledb.license', true) = 'timescale'")
        .fetch_one(connection)
        .await
}

async fn compress(connection: &mut PgConnection, table: &DemoTable) -> Result<u64, sqlx::Error> {
    sqlx::raw_sql(table.compression).execute(&mut *connection).await?;
    let chunks: Vec<String> = sqlx::query_scalar(
        "select c::text from show_chunks($1::text::regclass, older_than => interval '7 days') c",
    )
    .bind(table.name)
    .fetch_all(&mut *connection)
    .await?;
    // One statement each: all in one transaction would need some 7,000 locks.
    for chunk in &chunks {
        sqlx::query("select compress_chunk($1::text::regclass)")
            .bind(chunk)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::raw_sql(table.add_compression_policy)
        .execute(&mut *connection)
        .await?;
    sqlx::raw_sql(table.add_retention_policy)
        .execute(&mut *connection)
        .await?;
    Ok(chunks.len() as u64)
}
