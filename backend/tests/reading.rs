//! What a reading says, against what TimescaleDB itself says.

mod support;

use std::collections::BTreeMap;

use backend::demo;
use backend::timescale::{ConnectionUrl, connect_for_reading};
use domain::hypertable::{Exactness, TimePoint, TimeSpan};
use domain::problem::ProblemKind;
use domain::snapshot::{Edition, Snapshot};
use support::{Server, TestDatabase, execute, official, reader, server_url, system_clock, table};

const DEMO_TABLES: [&str; 4] = [
    "metric_hist",
    "oee_calculations",
    "energy_consumption",
    "production_kpis",
];

async fn demo_database(server: Server, test: &str) -> Option<TestDatabase> {
    let url = server_url(server, test)?;
    let database = TestDatabase::plain(&url).await;
    let connection: ConnectionUrl = database.url().parse().expect("a connection URL");
    let report = demo::load(&connection, &system_clock())
        .await
        .expect("the demo is loaded");
    assert!(report.rows > 2_000_000, "{report:?}");
    Some(database)
}

/// Compares to the byte. Rows are compared with `approximate_row_count` in the Apache edition, and with the true
/// count in the Community edition, whose own estimate of compressed chunks is far off (2.29.2: 12% on this demo).
async fn equals_the_official_figures(database: &TestDatabase) {
    let snapshot = database.read().await;
    assert_eq!(snapshot.hypertables.len(), DEMO_TABLES.len());
    for name in DEMO_TABLES {
        let read = table(&snapshot, name);
        let official = official(database, name).await;
        let rows = match snapshot.server.edition {
            Edition::Apache => {
                assert_eq!(read.exactness, Exactness::Exact, "{name}");
                official.approximate_rows
            }
            Edition::Community => {
                u64::try_from(database.number(&format!("select count(*) from {name}")).await)
                    .expect("a count")
            }
        };
        assert_eq!(
            (
                read.size.heap_bytes,
                read.size.index_bytes,
                read.size.toast_bytes,
                read.size.total_bytes()
            ),
            (
                official.heap_bytes,
                official.index_bytes,
                official.toast_bytes,
                official.total_bytes
            ),
            "{name}"
        );
        assert_eq!(read.rows, rows, "{name}");
        chunks_equal_the_official_figures(database, &snapshot, name).await;
    }
}

/// Each chunk to the byte, a compressed one with its sibling.
async fn chunks_equal_the_official_figures(database: &TestDatabase, snapshot: &Snapshot, name: &str) {
    let mut connection = database.connect().await;
    let official: BTreeMap<String, i64> =
        sqlx::query_as("select chunk_name::text, total_bytes from chunks_detailed_size($1::text::regclass)")
            .bind(name)
            .fetch_all(&mut connection)
            .await
            .expect("the official figures")
            .into_iter()
            .collect();
    let of = snapshot
        .chunks
        .iter()
        .find(|chunks| chunks.table == name)
        .expect("its chunks");
    let read: BTreeMap<String, i64> = of
        .chunks
        .iter()
        .map(|chunk| {
            (
                chunk.name.clone(),
                i64::try_from(chunk.size.total_bytes()).expect("a size"),
            )
        })
        .collect();
    assert_eq!(read, official, "{name}");
    let rows: u64 = of.chunks.iter().map(|chunk| chunk.rows).sum();
    assert_eq!(rows, table(snapshot, name).rows, "{name}");
}

fn within_percent(read: u64, truth: u64, percent: u64) -> bool {
    read.abs_diff(truth) * 100 <= truth * percent
}

#[tokio::test]
async fn sizes_and_rows_of_the_demo_equal_the_official_functions_after_vacuum_analyze() {
    let Some(database) = demo_database(
        Server::Any,
        "sizes_and_rows_of_the_demo_equal_the_official_functions",
    )
    .await
    else {
        return;
    };
    equals_the_official_figures(&database).await;

    // The same database, written to since: within 5% and marked as approximate.
    database
        .execute("insert into metric_hist select now() - interval '1 minute', 1, random() from generate_series(1, 20000)")
        .await;
    let snapshot = database.read().await;
    let read = table(&snapshot, "metric_hist");
    let bytes = official(&database, "metric_hist").await.total_bytes;
    let rows = u64::try_from(database.number("select count(*) from metric_hist").await).expect("a count");
    assert_eq!(read.exactness, Exactness::Approximate);
    assert!(
        within_percent(read.size.total_bytes(), bytes, 5),
        "{} against {bytes}",
        read.size.total_bytes()
    );
    assert!(within_percent(read.rows, rows, 5), "{} against {rows}", read.rows);
    assert_eq!(table(&snapshot, "oee_calculations").exactness, Exactness::Exact);
}

#[tokio::test]
async fn a_table_that_was_never_vacuumed_is_within_five_percent_and_approximate() {
    let Some(url) = server_url(
        Server::Any,
        "a_table_that_was_never_vacuumed_is_within_five_percent",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    // TOAST included: values that neither fit a row nor compress away.
    database
        .execute(
            "create table m (t timestamptz not null, d int, note text);
             select create_hypertable('m', by_range('t', interval '1 day'));
             alter table m set (autovacuum_enabled = false);
             insert into m select now() - i * interval '10 minutes', i, repeat('x', 100) from generate_series(1, 20000) i;
             insert into m select now() - i * interval '1 day', i, (select string_agg(md5(random()::text || g), '') from generate_series(1, 200) g) from generate_series(1, 100) i",
        )
        .await;
    let snapshot = database.read().await;
    let read = table(&snapshot, "m");
    let official = official(&database, "m").await;
    assert_eq!(read.exactness, Exactness::Approximate);
    assert!(official.toast_bytes > 500_000, "{official:?}");
    assert!(
        within_percent(read.size.total_bytes(), official.total_bytes, 5),
        "{:?} against {official:?}",
        read.size
    );
    assert!(
        within_percent(read.size.toast_bytes, official.toast_bytes, 5),
        "{:?} against {official:?}",
        read.size
    );
    assert!(within_percent(read.rows, 20_100, 5), "{}", read.rows);

    // ANALYZE alone knows the pages, but not that nothing changes: still approximate, still close.
    database.execute("analyze m").await;
    let snapshot = database.read().await;
    let read = table(&snapshot, "m");
    assert_eq!(read.exactness, Exactness::Approximate);
    assert!(
        within_percent(read.size.total_bytes(), official.total_bytes, 5),
        "{:?} against {official:?}",
        read.size
    );
}

#[tokio::test]
async fn heaps_large_enough_for_several_map_pages_are_exact() {
    let Some(url) = server_url(Server::Any, "heaps_large_enough_for_several_map_pages_are_exact") else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    database
        .execute(
            "create table big (t timestamptz not null, pad text);
             select create_hypertable('big', by_range('t', interval '10 years'), create_default_indexes => false);
             insert into big select '2026-01-01'::timestamptz + i * interval '1 second', repeat('x', 900) from generate_series(1, 40000) i",
        )
        .await;
    database.execute("vacuum (analyze) big").await;
    let read = database.read().await;
    let official = official(&database, "big").await;
    assert!(official.heap_bytes > 4_069 * 8192, "{official:?}");
    assert_eq!(table(&read, "big").size.heap_bytes, official.heap_bytes);
}

#[tokio::test]
async fn integer_time_empty_tables_and_further_dimensions_are_read_as_they_are() {
    let Some(url) = server_url(Server::Any, "integer_time_empty_tables_and_further_dimensions") else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    database
        .execute(
            "create schema plant;
             create table plant.ticks (tick bigint not null, v int);
             select create_hypertable('plant.ticks', by_range('tick', 1000));
             insert into plant.ticks select i, 1 from generate_series(0, 2500) i;
             create table empty (t date not null);
             select create_hypertable('empty', by_range('t', interval '7 days'));
             create table spread (t timestamp not null, k int);
             select create_hypertable('spread', by_range('t', interval '1 hour'));
             select add_dimension('spread', by_hash('k', 2));
             insert into spread values ('2026-01-01 00:30', 1), ('2026-01-01 00:30', 2), ('2026-01-01 00:30', 3)",
        )
        .await;
    let snapshot = database.read().await;

    let ticks = table(&snapshot, "ticks");
    assert_eq!(ticks.display_name(), "plant.ticks");
    assert_eq!(ticks.chunk_interval, Some(TimeSpan::Number(1000)));
    let range = ticks.range.expect("chunks");
    assert_eq!(
        (range.start, range.end),
        (TimePoint::Number(0), TimePoint::Number(3000))
    );
    assert_eq!(ticks.chunks, 3);

    let empty = table(&snapshot, "empty");
    assert_eq!((empty.chunks, empty.rows, empty.range), (0, 0, None));
    assert_eq!(empty.chunk_interval.expect("an interval").to_string(), "7 days");
    assert_eq!(
        empty.size.total_bytes(),
        official(&database, "empty").await.total_bytes
    );

    let spread = table(&snapshot, "spread");
    assert_eq!((spread.dimensions.len(), spread.chunks), (2, 2));
    assert_eq!(spread.chunk_interval.expect("an interval").to_string(), "1 hour");
    let TimePoint::Moment(start) = spread.range.expect("chunks").start else {
        panic!("a moment")
    };
    assert_eq!(start.to_string(), "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn a_role_with_login_only_reads_everything_but_others_activity() {
    let Some(url) = server_url(
        Server::Any,
        "a_role_with_login_only_reads_everything_but_others_activity",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    let role = format!("plain_{}", database.name);
    database
        .execute(&format!(
            "create role {role} login password 'pw';
             create table m (t timestamptz not null); select create_hypertable('m', by_range('t'));
             insert into m values (now())"
        ))
        .await;
    let snapshot = reader(&database.url_as(&role, "pw"))
        .read()
        .await
        .expect("a reading");
    assert_eq!(snapshot.hypertables.len(), 1);
    assert_eq!(snapshot.server.role, role);
    assert_eq!(snapshot.server.connections.active, None);
    assert!(snapshot.server.connections.open >= 1);
    assert!(snapshot.server.database_size_bytes.is_some());
    database
        .execute(&format!("drop owned by {role}; drop role {role}"))
        .await;
}

#[tokio::test]
async fn each_way_a_database_cannot_be_read_is_told_apart() {
    let Some(url) = server_url(Server::Any, "each_way_a_database_cannot_be_read_is_told_apart") else {
        return;
    };
    let problem = async |url: &str| reader(url).read().await.expect_err("a problem");

    let plain = TestDatabase::plain(&url).await;
    assert_eq!(problem(&plain.url()).await.kind, ProblemKind::ExtensionMissing);

    assert_eq!(
        problem(&plain.url_as("postgres", "wrong")).await.kind,
        ProblemKind::LoginRefused
    );
    assert_eq!(
        problem(&format!("{}_gone", plain.url())).await.kind,
        ProblemKind::DatabaseMissing
    );
    // Nobody listens on port 1.
    let unreachable = problem("postgres://postgres:secret@127.0.0.1:1/x").await;
    assert_eq!(unreachable.kind, ProblemKind::Unreachable);
    assert!(!unreachable.evidence().contains("secret"));

    let database = TestDatabase::timescale(&url).await;
    let role = format!("poor_{}", database.name);
    database
        .execute(&format!(
            "create role {role} login password 'pw'; revoke usage on schema _timescaledb_catalog from public"
        ))
        .await;
    let rights = problem(&database.url_as(&role, "pw")).await;
    assert_eq!(
        (rights.kind.clone(), rights.sqlstate.as_deref()),
        (ProblemKind::RightsMissing, Some("42501"))
    );
    assert!(rights.detail.contains("_timescaledb_catalog"), "{rights:?}");
    database.execute(&format!("drop role {role}")).await;
}

#[tokio::test]
async fn a_reader_whose_session_was_ended_reads_again() {
    let Some(url) = server_url(Server::Any, "a_reader_whose_session_was_ended_reads_again") else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    let mut reader = database.reader();
    reader.read().await.expect("a reading");
    let mut admin = database.connect().await;
    execute(
        &mut admin,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tidemark collector' and datname = current_database()",
    )
    .await;
    assert_eq!(
        reader.read().await.expect_err("the session is gone").kind,
        ProblemKind::Unreachable
    );
    reader.read().await.expect("a reading over a new session");
}

#[tokio::test]
async fn a_chunk_that_is_being_dropped_does_not_hold_up_a_reading() {
    let Some(url) = server_url(
        Server::Any,
        "a_chunk_that_is_being_dropped_does_not_hold_up_a_reading",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    database
        .execute(
            "create table m (t timestamptz not null); select create_hypertable('m', by_range('t', interval '1 day'));
             alter table m set (autovacuum_enabled = false);
             insert into m select now() - i * interval '1 day' from generate_series(0, 5) i",
        )
        .await;
    let mut dropping = database.connect().await;
    execute(
        &mut dropping,
        "begin; select drop_chunks('m', older_than => interval '2 days')",
    )
    .await;
    let snapshot = tokio::time::timeout(std::time::Duration::from_secs(10), database.read())
        .await
        .expect("in time");
    assert_eq!(table(&snapshot, "m").chunks, 6);
    execute(&mut dropping, "commit").await;
    assert_eq!(table(&database.read().await, "m").chunks, 3);
}

#[tokio::test]
async fn the_collectors_session_reads_only_and_is_bounded() {
    let Some(url) = server_url(Server::Any, "the_collectors_session_reads_only_and_is_bounded") else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    let connection: ConnectionUrl = database.url().parse().expect("a connection URL");
    let mut session = connect_for_reading(&connection).await.expect("a session");
    let refused = sqlx::raw_sql("create table x ()")
        .execute(&mut session)
        .await
        .expect_err("read-only");
    let code = refused
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .map(|code| code.to_string());
    assert_eq!(code.as_deref(), Some("25006"), "read_only_sql_transaction");
    for (setting, value) in [("statement_timeout", "15s"), ("lock_timeout", "1s")] {
        let shown: String = sqlx::query_scalar("select current_setting($1)")
            .bind(setting)
            .fetch_one(&mut session)
            .await
            .expect("a setting");
        assert_eq!(shown, value, "{setting}");
    }
}

#[tokio::test]
async fn community_sizes_rows_and_compression_of_the_demo_equal_the_official_functions() {
    let Some(database) = demo_database(
        Server::Community,
        "community_sizes_rows_and_compression_equal_the_official_functions",
    )
    .await
    else {
        return;
    };
    equals_the_official_figures(&database).await;
    let snapshot = database.read().await;
    assert_eq!(snapshot.server.edition, Edition::Community);
    let metric = table(&snapshot, "metric_hist");
    assert!(metric.compressed_chunks > 700, "{}", metric.compressed_chunks);
    assert_eq!(
        metric.compress_after.map(|s| s.to_string()).as_deref(),
        Some("7 days")
    );
    assert_eq!(
        metric.drop_after.map(|s| s.to_string()).as_deref(),
        Some("90 days")
    );
    assert_eq!(
        table(&snapshot, "oee_calculations")
            .drop_after
            .map(|s| s.to_string())
            .as_deref(),
        Some("365 days")
    );
    let totals = metric.compression.expect("compression totals");
    let official = database
        .number("select (before_compression_total_bytes * 1000000 / after_compression_total_bytes)::int8 from hypertable_compression_stats('metric_hist')")
        .await;
    assert_eq!(
        totals.before_bytes * 1_000_000 / totals.after_bytes,
        u64::try_from(official).expect("a ratio")
    );

    // As of a server that was killed: what it counted is gone, the pages and what VACUUM wrote beside them are not.
    database.execute("select pg_stat_reset()").await;
    let snapshot = database.read().await;
    for name in DEMO_TABLES {
        chunks_equal_the_official_figures(&database, &snapshot, name).await;
        let read = table(&snapshot, name);
        assert_eq!(read.exactness, Exactness::Approximate, "{name}");
        let chunks = snapshot.chunks_of(&read.table_name());
        let exact: Vec<_> = chunks
            .iter()
            .filter(|chunk| chunk.exactness == Exactness::Exact)
            .map(|chunk| &chunk.name)
            .collect();
        assert!(exact.is_empty(), "{name}: {exact:?}");
    }

    // A handful of rows since is no reason to forget those that were there.
    database
        .execute(
            "insert into metric_hist select max(ts), 1, 1 from metric_hist, generate_series(1, 5);
             select pg_stat_force_next_flush()",
        )
        .await;
    let rows = u64::try_from(database.number("select count(*) from metric_hist").await).expect("a count");
    let read = table(&database.read().await, "metric_hist").rows;
    assert!(within_percent(read, rows, 1), "{read} against {rows}");
    let newest = database
        .number("select count(*) from metric_hist where ts >= (select range_start from timescaledb_information.chunks where hypertable_name = 'metric_hist' order by range_end desc limit 1)")
        .await;
    let snapshot = database.read().await;
    let chunks = snapshot.chunks_of(&table(&snapshot, "metric_hist").table_name());
    let read = chunks.last().expect("a chunk").rows;
    assert!(
        within_percent(read, u64::try_from(newest).expect("a count"), 5),
        "{read} against {newest}"
    );
}
