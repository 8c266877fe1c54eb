//! What reading a whole database takes, beside TimescaleDB's own functions giving the same facts, over 1,000, 20,000
//! and 100,000 chunks; and the memory that either takes in the server. Prints; never fails on a time.
//!
//! The official side is warm and gives less: its rows are those of tables, the collector's those of chunks too.

#[path = "support/catalog.rs"]
mod catalog;
#[path = "support/process.rs"]
mod process;
#[path = "support/report.rs"]
mod report;

use std::sync::Arc;
use std::time::{Duration, Instant};

use backend::clock::SystemClock;
use backend::timescale::{ConnectionUrl, Reader, connect_for_reading};
use catalog::{Catalog, ROLE};
use domain::snapshot::Snapshot;
use process::{MemoryWatch, backends, own_memory_bytes};
use report::{Report, count, median, time};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection, Row};

const RUNS: usize = 5;
const MB: u64 = 1024 * 1024;
const MEMORY_TARGET_BYTES: u64 = 32 * MB;
/// Chunks from which on one run of the official functions takes a minute: one is enough.
const MANY: u32 = 50_000;

/// What a reading says, each by the official function or view that defines it.
const OFFICIAL: [(&str, &str); 11] = [
    (
        "hypertable_detailed_size",
        "select h.hypertable_name, f.total_bytes from timescaledb_information.hypertables h
         cross join lateral hypertable_detailed_size(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) f",
    ),
    (
        "chunks_detailed_size",
        "select h.hypertable_name, f.* from timescaledb_information.hypertables h
         cross join lateral chunks_detailed_size(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) f",
    ),
    (
        "approximate_row_count",
        "select hypertable_name, approximate_row_count(format('%I.%I', hypertable_schema, hypertable_name)::regclass)
         from timescaledb_information.hypertables",
    ),
    (
        "chunk_compression_stats",
        "select h.hypertable_name, f.* from timescaledb_information.hypertables h
         cross join lateral chunk_compression_stats(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) f",
    ),
    ("chunks", "select * from timescaledb_information.chunks"),
    ("hypertables", "select * from timescaledb_information.hypertables"),
    ("dimensions", "select * from timescaledb_information.dimensions"),
    (
        "compression settings",
        "select * from timescaledb_information.chunk_compression_settings",
    ),
    (
        "jobs",
        "select * from timescaledb_information.jobs j left join timescaledb_information.job_stats s using (job_id)",
    ),
    ("job_errors", "select * from timescaledb_information.job_errors"),
    (
        "continuous_aggregates",
        "select * from timescaledb_information.continuous_aggregates",
    ),
];

/// The official figures that the reading is checked against, and what each took.
struct Official {
    bytes: u64,
    chunks: usize,
    times: Vec<(&'static str, Duration)>,
}

impl Official {
    fn total(&self) -> Duration {
        self.times.iter().map(|(_, time)| *time).sum()
    }
}

async fn read_officially(connection: &mut PgConnection) -> Official {
    let mut official = Official {
        bytes: 0,
        chunks: 0,
        times: Vec::new(),
    };
    for (name, sql) in OFFICIAL {
        let started = Instant::now();
        let rows: Vec<PgRow> = sqlx::raw_sql(sql).fetch_all(&mut *connection).await.expect(sql);
        official.times.push((name, started.elapsed()));
        match name {
            "hypertable_detailed_size" => {
                let bytes: i64 = rows.iter().map(|row| row.get::<i64, _>("total_bytes")).sum();
                official.bytes = u64::try_from(bytes).expect("not negative");
            }
            "chunks" => official.chunks = rows.len(),
            _ => {}
        }
    }
    official
}

fn new_reader(url: &ConnectionUrl) -> Reader {
    Reader::new(url.clone(), Arc::new(SystemClock))
}

/// The server ends a process a moment after its session: the next measurement must not take it for its own.
async fn no_session_is_left(catalog: &Catalog) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !backends(ROLE, &catalog.name()).is_empty() {
        assert!(Instant::now() < deadline, "a session of {ROLE} does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What a session holds that has done nothing yet; `None` where the server's processes are not on this machine.
async fn fresh_session_bytes(catalog: &Catalog, mut connection: PgConnection) -> Option<u64> {
    connection.ping().await.expect("the server answers");
    let bytes = own_memory_bytes(ROLE, &catalog.name());
    connection.close().await.expect("closed");
    no_session_is_left(catalog).await;
    bytes
}

async fn connect_plainly(catalog: &Catalog) -> PgConnection {
    PgConnection::connect(&catalog.url())
        .await
        .expect("the database answers")
}

/// As the collector connects, without the bound that ends slow statements.
async fn connect_as_collector(url: &ConnectionUrl) -> PgConnection {
    let mut connection = connect_for_reading(url).await.expect("the database answers");
    sqlx::query("set statement_timeout = 0")
        .execute(&mut connection)
        .await
        .expect("set");
    connection
}

/// Three readings of a new reader: the first, and two over sessions that others have used.
async fn collector_memory(catalog: &Catalog, url: &ConnectionUrl) -> Option<u64> {
    let fresh = fresh_session_bytes(
        catalog,
        connect_for_reading(url).await.expect("the database answers"),
    )
    .await?;
    let watch = MemoryWatch::start(ROLE, &catalog.name());
    let mut reader = new_reader(url);
    for _ in 0..3 {
        reader.read().await.expect("a reading");
    }
    drop(reader);
    let peak = watch.end()?;
    no_session_is_left(catalog).await;
    Some(peak.saturating_sub(fresh))
}

async fn official_memory(catalog: &Catalog, connection: PgConnection) -> Option<u64> {
    let mut connection = connection;
    connection.ping().await.expect("the server answers");
    let fresh = own_memory_bytes(ROLE, &catalog.name())?;
    let watch = MemoryWatch::start(ROLE, &catalog.name());
    read_officially(&mut connection).await;
    let peak = watch.end()?;
    connection.close().await.expect("closed");
    no_session_is_left(catalog).await;
    Some(peak.saturating_sub(fresh))
}

async fn collector_times(url: &ConnectionUrl) -> (Duration, Vec<Duration>, Snapshot) {
    let mut reader = new_reader(url);
    let started = Instant::now();
    let mut snapshot = reader.read().await.expect("a reading");
    let first = started.elapsed();
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        snapshot = reader.read().await.expect("a reading");
        times.push(started.elapsed());
    }
    (first, times, snapshot)
}

/// Runs over one session that has run them before, and the first of that session.
async fn official_times(catalog: &Catalog) -> (Duration, Vec<Official>) {
    let mut connection = connect_plainly(catalog).await;
    let first = read_officially(&mut connection).await.total();
    let runs = if catalog.chunks >= MANY { 1 } else { RUNS };
    let mut times = Vec::new();
    for _ in 0..runs {
        times.push(read_officially(&mut connection).await);
    }
    connection.close().await.expect("closed");
    (first, times)
}

fn report_equality(report: &mut Report, size: &str, snapshot: &Snapshot, official: &Official) {
    let totals = snapshot.totals();
    let what = format!("{size}: read and official bytes");
    let figure = format!("{} and {}", totals.bytes, official.bytes);
    let chunks = usize::try_from(totals.chunks).expect("fits");
    // Figures that are known to be exact are checked by the tests; here the two sides must be about the same things.
    if chunks != official.chunks || totals.bytes.abs_diff(official.bytes) > official.bytes / 20 {
        report.fail(what, format!("{figure}; {chunks} and {} chunks", official.chunks));
    } else {
        report.note(what, figure);
    }
}

fn report_memory(report: &mut Report, what: String, bytes: Option<u64>, has_target: bool) {
    let Some(bytes) = bytes else {
        report.skip(what, "the server's processes are not on this machine");
        return;
    };
    let figure = format!("{:.1} MB", mb(bytes));
    if has_target {
        report.judge(what, figure, "under 32 MB", bytes < MEMORY_TARGET_BYTES);
    } else {
        report.note(what, figure);
    }
}

fn mb(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) / 1024.0
}

async fn measure(report: &mut Report, chunks: u32) {
    let catalog = Catalog::of(chunks).await;
    let url: ConnectionUrl = catalog.url().parse().expect("a connection URL");
    let size = format!("{} chunks", count(chunks));
    report.note(
        format!("{size}: catalog"),
        format!(
            "{} hypertables{}",
            catalog.tables(),
            if catalog.has_compression {
                ", a tenth compressed"
            } else {
                ", Apache edition"
            }
        ),
    );

    // Memory first: sessions of the official functions keep hundreds of megabytes until they end.
    let memory = collector_memory(&catalog, &url).await;
    report_memory(
        report,
        format!("{size}: server memory, full collect"),
        memory,
        true,
    );

    let (first, times, snapshot) = collector_times(&url).await;
    let collect = median(&times);
    let figure = format!("{} (the first {})", time(collect), time(first));
    let what = format!("{size}: full collect, median of {RUNS}");
    match chunks {
        20_000 => report.judge(what, figure, "under 1 s", collect < Duration::from_secs(1)),
        100_000 => report.judge(what, figure, "under 5 s", collect < Duration::from_secs(5)),
        _ => report.note(what, figure),
    }

    let (first, runs) = official_times(&catalog).await;
    no_session_is_left(&catalog).await;
    let totals: Vec<Duration> = runs.iter().map(Official::total).collect();
    let official = median(&totals);
    report.note(
        format!("{size}: official functions, median of {}", runs.len()),
        format!("{} (the first {})", time(official), time(first)),
    );
    for (index, (name, _)) in OFFICIAL.iter().enumerate().take(5) {
        let of_this: Vec<Duration> = runs.iter().map(|run| run.times[index].1).collect();
        report.note(format!("{size}:   {name}"), time(median(&of_this)));
    }
    let ratio = official.as_secs_f64() / collect.as_secs_f64();
    let (what, figure) = (
        format!("{size}: official functions / full collect"),
        format!("{ratio:.1} times"),
    );
    if chunks == 20_000 {
        report.judge(what, figure, "at least 10", ratio >= 10.0);
    } else {
        report.note(what, figure);
    }
    report_equality(report, &size, &snapshot, &runs[0]);

    let memory = official_memory(&catalog, connect_plainly(&catalog).await).await;
    report_memory(
        report,
        format!("{size}: server memory, official functions"),
        memory,
        false,
    );
    let memory = official_memory(&catalog, connect_as_collector(&url).await).await;
    report_memory(
        report,
        format!("{size}: server memory, official functions with the collector's settings"),
        memory,
        false,
    );
}

fn main() {
    let mut report = Report::default();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(async {
            for chunks in catalog::sizes() {
                measure(&mut report, chunks).await;
            }
        });
    report.finish("Reading a database, beside TimescaleDB's own functions");
}
