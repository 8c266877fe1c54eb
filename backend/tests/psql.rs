//! The statements that pages offer for psql give what the pages show.

mod support;

use domain::compression_settings::{CompressionSettings, SegmentBy};
use domain::hypertable::{CompressionTotals, Hypertable, TimePoint, TimeSpan};
use domain::interval::Interval;
use domain::job::Job;
use domain::psql::Statement;
use domain::quantity::saved_percent;
use domain::snapshot::Snapshot;
use domain::table_name::TableName;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use support::{Server, TestDatabase, execute, server_url, until};

/// Names, column types and dimensions that a statement can stumble over; the last table is empty.
const TABLES: &str = r#"
    create schema "Fabrik 1";
    create table "Fabrik 1"."Größe 'x' \ ""y""" ("Zeit" timestamptz not null, "Maß" text, v float);
    select create_hypertable('"Fabrik 1"."Größe ''x'' \ ""y"""', by_range('Zeit', interval '1 day'));
    insert into "Fabrik 1"."Größe 'x' \ ""y"""
      select '2026-01-01'::timestamptz + i * interval '1 hour', 'm' || i % 7, i from generate_series(0, 99) i;
    create table ticks (tick int not null, v int);
    select create_hypertable('ticks', by_range('tick', 1000));
    insert into ticks select i, 1 from generate_series(0, 2500) i;
    create table fat (d date not null, k int, note text);
    select create_hypertable('fat', by_range('d', interval '1 month'));
    select add_dimension('fat', by_hash('k', 2));
    insert into fat select '2026-01-01'::date + i, i,
      (select string_agg(md5(random()::text || g), '') from generate_series(1, 300) g) from generate_series(0, 40) i;
    create table nothing_yet (t timestamptz not null);
    select create_hypertable('nothing_yet', by_range('t', interval '1 day'));
"#;

/// What a statement gives, a JSON object a row.
async fn rows(database: &TestDatabase, sql: &str) -> Vec<Value> {
    let statement = sql.trim_end().trim_end_matches(';');
    let mut connection = database.connect().await;
    sqlx::query_scalar::<_, String>(AssertSqlSafe(format!(
        "select to_jsonb(given)::text from ({statement}\n) given"
    )))
    .fetch_all(&mut connection)
    .await
    .unwrap_or_else(|error| panic!("{error}: {sql}"))
    .iter()
    .map(|row| serde_json::from_str(row).expect("JSON"))
    .collect()
}

/// The row of a table among those that name it by schema and name.
fn row_of<'a>(rows: &'a [Value], table: &TableName) -> &'a Value {
    rows.iter()
        .find(|row| row["hypertable_schema"] == table.schema && row["hypertable_name"] == table.name)
        .unwrap_or_else(|| panic!("{table} is missing: {rows:?}"))
}

/// A place on a time axis as `to_jsonb` writes it, to be compared as a moment or a number.
fn is_at(moment: &Value, number: &Value, point: Option<TimePoint>) -> bool {
    match point {
        Some(TimePoint::Moment(at)) => {
            moment
                .as_str()
                .and_then(|text| text.parse::<jiff::Timestamp>().ok())
                == Some(at)
        }
        Some(TimePoint::Number(value)) => number.as_i64() == Some(value),
        None => moment.is_null() && number.is_null(),
    }
}

/// A span as a policy's configuration writes it.
fn is_span(text: &Value, span: Option<TimeSpan>) -> bool {
    match (text.as_str(), span) {
        (None, None) => true,
        (Some(text), Some(TimeSpan::Interval(interval))) => text.parse::<Interval>().ok() == Some(interval),
        (Some(text), Some(TimeSpan::Number(number))) => text.parse().ok() == Some(number),
        _ => false,
    }
}

/// A share with one place after the point.
fn is_saved(share: &Value, totals: Option<CompressionTotals>) -> bool {
    let saved = totals.and_then(|totals| saved_percent(totals.before_bytes, totals.after_bytes));
    match (share.as_f64(), saved) {
        (Some(given), Some(saved)) => (given - saved).abs() < 0.051,
        (given, saved) => given.is_none() && saved.is_none(),
    }
}

/// The columns, whether the server quotes them or not.
fn are_settings(row: &Value, settings: Option<&CompressionSettings>) -> bool {
    let given = |field: &str| row[field].as_str().unwrap_or_default().replace('"', "");
    let columns = match settings.map(|settings| &settings.segment_by) {
        Some(SegmentBy::Columns(columns)) => columns.join(","),
        _ => String::new(),
    };
    let order = settings
        .map(|settings| &settings.order_by[..])
        .unwrap_or_default();
    let orderby = given("orderby");
    let given_order: Vec<&str> = orderby.split(',').filter(|part| !part.is_empty()).collect();
    given("segmentby").replace(", ", ",") == columns
        && given_order.len() == order.len()
        && given_order.iter().zip(order).all(|(given, by)| {
            given.trim().starts_with(&by.column)
                && given.to_ascii_uppercase().contains(" DESC") == by.descending
        })
}

async fn hypertables_agree(database: &TestDatabase, snapshot: &Snapshot) {
    let given = rows(database, &Statement::Hypertables.sql(None)).await;
    assert_eq!(given.len(), snapshot.hypertables.len());
    for table in snapshot.hypertables.iter() {
        let row = row_of(&given, &table.table_name());
        for (field, value) in [
            ("total_bytes", table.size.total_bytes()),
            ("heap_bytes", table.size.heap_bytes),
            ("index_bytes", table.size.index_bytes),
            ("toast_bytes", table.size.toast_bytes),
            ("chunks", table.chunks),
            ("compressed_chunks", table.compressed_chunks),
        ] {
            assert_eq!(row[field].as_u64(), Some(value), "{field} of {}", table.name);
        }
        // Of compressed chunks that function guesses what the console reads.
        if table.compressed_chunks == 0 {
            assert_eq!(
                row["approximate_rows"].as_u64(),
                Some(table.rows),
                "{}",
                table.name
            );
        }
        assert!(is_span(&row["compress_after"], table.compress_after), "{row}");
        assert!(is_span(&row["drop_after"], table.drop_after), "{row}");
        assert_eq!(row["owner"], table.owner, "{}", table.name);
        assert_eq!(row["time_column"], table.time_column, "{}", table.name);
        assert_eq!(
            row["continuous_aggregate"].is_string(),
            table.materializes.is_some()
        );
        let range = table.range;
        assert!(
            is_at(
                &row["chunks_from"],
                &row["chunks_from_integer"],
                range.map(|r| r.start)
            ) && is_at(
                &row["chunks_until"],
                &row["chunks_until_integer"],
                range.map(|r| r.end)
            ),
            "{row} {range:?}"
        );
    }
}

async fn chunks_agree(database: &TestDatabase, snapshot: &Snapshot, table: &Hypertable) {
    let name = table.table_name();
    let given = rows(database, &Statement::Chunks.sql(Some(&name))).await;
    let chunks = snapshot.chunks_of(&name);
    assert_eq!(given.len(), chunks.len(), "{name}");
    for chunk in chunks {
        let row = given
            .iter()
            .find(|row| row["chunk_schema"] == chunk.schema && row["chunk_name"] == chunk.name)
            .unwrap_or_else(|| panic!("{} is missing", chunk.name));
        for (field, value) in [
            ("total_bytes", Some(chunk.size.total_bytes())),
            ("heap_bytes", Some(chunk.size.heap_bytes)),
            ("index_bytes", Some(chunk.size.index_bytes)),
            ("toast_bytes", Some(chunk.size.toast_bytes)),
            (
                "before_compression_total_bytes",
                chunk.compression.map(|c| c.before_bytes),
            ),
            (
                "after_compression_total_bytes",
                chunk.compression.map(|c| c.after_bytes),
            ),
        ] {
            assert_eq!(row[field].as_u64(), value, "{field} of {}", chunk.name);
        }
        assert_eq!(row["is_compressed"], chunk.is_compressed, "{}", chunk.name);
        assert!(is_saved(&row["saved_percent"], chunk.compression), "{row}");
        // Where the table would compress it alike, it has the table's settings, but for what that leaves to the server.
        let of_table = table.compression_settings.as_ref().filter(|settings| {
            chunk.is_compressed
                && settings.segment_by != SegmentBy::ServerChooses
                && !settings.order_by.is_empty()
        });
        if let Some(settings) = chunk.compressed_with.as_deref().or(of_table) {
            assert!(are_settings(row, Some(settings)), "{row} {settings:?}");
        } else if !chunk.is_compressed {
            assert!(are_settings(row, None), "{row}");
        }
        let range = chunk.range;
        assert!(
            is_at(
                &row["range_start"],
                &row["range_start_integer"],
                range.map(|r| r.start)
            ) && is_at(&row["range_end"], &row["range_end_integer"], range.map(|r| r.end)),
            "{row} {range:?}"
        );
    }
}

async fn compression_agrees(database: &TestDatabase, snapshot: &Snapshot) {
    let given = rows(database, &Statement::Compression.sql(None)).await;
    assert_eq!(given.len(), snapshot.hypertables.len());
    for table in snapshot.hypertables.iter() {
        let row = row_of(&given, &table.table_name());
        for (field, value) in [
            ("chunks", Some(table.chunks)),
            ("compressed_chunks", Some(table.compressed_chunks)),
            ("compressed_now_bytes", Some(table.compressed_bytes)),
            (
                "chunks_with_other_settings",
                Some(table.chunks_with_other_settings),
            ),
            (
                "before_compression_total_bytes",
                table.compression.map(|c| c.before_bytes),
            ),
            (
                "after_compression_total_bytes",
                table.compression.map(|c| c.after_bytes),
            ),
        ] {
            assert_eq!(row[field].as_u64(), value, "{field} of {}", table.name);
        }
        assert!(is_span(&row["compress_after"], table.compress_after), "{row}");
        assert!(is_saved(&row["saved_percent"], table.compression), "{row}");
        assert!(are_settings(row, table.compression_settings.as_ref()), "{row}");
        assert_eq!(
            row["compression_enabled"], table.compression_enabled,
            "{}",
            table.name
        );
    }
}

async fn jobs_agree(database: &TestDatabase, snapshot: &Snapshot) {
    let given = rows(database, &Statement::Jobs.sql(None)).await;
    assert_eq!(given.len(), snapshot.jobs.len());
    for (row, job) in given.iter().zip(&snapshot.jobs) {
        assert_eq!(row["job_id"].as_i64(), Some(job.id.into()));
        assert_eq!(row["proc_name"], job.procedure);
        assert_eq!(row["owner_can_login"], job.owner_can_login);
        assert_eq!(row["scheduled"], job.scheduled);
        if job.id < 1000 {
            // The extension's own run whenever they like.
            continue;
        }
        let statistics = job.statistics.unwrap_or_default();
        for (field, value) in [
            ("total_runs", statistics.total_runs),
            ("total_successes", statistics.total_successes),
            ("total_failures", statistics.total_failures),
        ] {
            assert_eq!(row[field].as_u64(), Some(value), "{field} of {}", job.id);
        }
        let error = job.last_error();
        assert_eq!(
            row["sqlerrcode"].as_str(),
            error.and_then(|e| e.sqlstate.as_deref())
        );
        assert_eq!(row["err_message"].as_str(), error.map(|e| e.message.as_str()));
    }
}

/// What is asked of one table is what is said of it among all.
async fn each_table_agrees_with_all(database: &TestDatabase, snapshot: &Snapshot) {
    let ids = |rows: &[Value]| -> Vec<i64> { rows.iter().filter_map(|row| row["job_id"].as_i64()).collect() };
    for table in snapshot.hypertables.iter() {
        let name = table.table_name();
        let names = [Some(&name), table.materializes.as_ref()];
        for asked in names.into_iter().flatten() {
            for statement in [Statement::Hypertables, Statement::Compression] {
                let all = rows(database, &statement.sql(None)).await;
                let one = rows(database, &statement.sql(Some(asked))).await;
                assert_eq!(one, [row_of(&all, &name).clone()], "{statement:?} of {asked}");
            }
            let chunks = rows(database, &Statement::Chunks.sql(Some(asked))).await;
            assert_eq!(chunks.len() as u64, table.chunks, "{asked}");
            let jobs: Vec<&Job> = snapshot
                .jobs
                .iter()
                .filter(|job| job.table.as_ref() == Some(&name))
                .collect();
            let all: Vec<i64> = jobs.iter().map(|job| job.id.into()).collect();
            let policies: Vec<i64> = jobs
                .iter()
                .filter(|job| job.procedure.starts_with("policy_"))
                .map(|job| job.id.into())
                .collect();
            let given = rows(database, &Statement::Jobs.sql(Some(asked))).await;
            assert_eq!(ids(&given), all, "{asked}");
            let given = rows(database, &Statement::Policies.sql(Some(asked))).await;
            assert_eq!(ids(&given), policies, "{asked}");
        }
    }
    let chunks = rows(database, &Statement::Chunks.sql(None)).await;
    let all: u64 = snapshot.hypertables.iter().map(|table| table.chunks).sum();
    assert_eq!(chunks.len() as u64, all);
}

async fn overview_agrees(database: &TestDatabase, snapshot: &Snapshot) {
    let given = rows(database, &Statement::Overview.sql(None)).await;
    assert_eq!(given.len(), 1);
    let tables = &snapshot.hypertables;
    for (field, value) in [
        ("hypertables", tables.len() as u64),
        ("chunks", tables.iter().map(|table| table.chunks).sum()),
        (
            "compressed_chunks",
            tables.iter().map(|table| table.compressed_chunks).sum(),
        ),
        (
            "total_bytes",
            tables.iter().map(|table| table.size.total_bytes()).sum(),
        ),
        (
            "continuous_aggregates",
            snapshot.continuous_aggregates.len() as u64,
        ),
        ("jobs", snapshot.jobs.len() as u64),
    ] {
        assert_eq!(given[0][field].as_u64(), Some(value), "{field}");
    }
    assert_eq!(
        given[0]["timescaledb_version"],
        snapshot.server.timescaledb_version
    );
}

async fn every_statement_agrees(database: &TestDatabase) {
    let snapshot = database.read().await;
    hypertables_agree(database, &snapshot).await;
    for table in snapshot.hypertables.iter() {
        chunks_agree(database, &snapshot, table).await;
    }
    compression_agrees(database, &snapshot).await;
    each_table_agrees_with_all(database, &snapshot).await;
    overview_agrees(database, &snapshot).await;
    let aggregates = rows(database, &Statement::Aggregates.sql(None)).await;
    assert_eq!(aggregates.len(), snapshot.continuous_aggregates.len());
}

#[tokio::test]
async fn what_psql_is_told_gives_the_figures_of_the_pages_in_either_edition() {
    let Some(url) = server_url(
        Server::Any,
        "what_psql_is_told_gives_the_figures_of_the_pages_in_either_edition",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    database.execute(TABLES).await;
    database.execute("vacuum (analyze)").await;
    every_statement_agrees(&database).await;
    let snapshot = database.read().await;
    assert_eq!(snapshot.hypertables.len(), 4);
}

#[tokio::test]
async fn a_lock_that_is_waited_for_is_found_with_who_holds_it() {
    let Some(url) = server_url(
        Server::Any,
        "a_lock_that_is_waited_for_is_found_with_who_holds_it",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    database.execute("create table plain (v int)").await;
    let mut holding = database.connect().await;
    execute(&mut holding, "begin; lock table plain").await;
    let mut waiting = database.connect().await;
    let selecting = tokio::spawn(async move { execute(&mut waiting, "select * from plain").await });
    until(
        &database,
        "select count(*) > 0 from pg_stat_activity
         where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0",
    )
    .await;
    let given = rows(&database, &Statement::Activity.sql(None)).await;
    let waiter = given
        .iter()
        .find(|row| row["blocked_by"] != serde_json::json!([]))
        .unwrap_or_else(|| panic!("nobody waits: {given:?}"));
    let holder = given
        .iter()
        .find(|row| waiter["blocked_by"] == serde_json::json!([row["pid"]]))
        .unwrap_or_else(|| panic!("nobody holds: {given:?}"));
    assert_eq!(holder["blocks"], serde_json::json!([waiter["pid"]]));
    assert_eq!(holder["state"], "idle in transaction");
    assert_eq!(waiter["waits_for"], "AccessShareLock");
    assert_eq!(waiter["waits_for_relation"], "plain");
    let snapshot = database.read().await;
    assert_eq!(
        snapshot.activity.waits[0].pid,
        i32::try_from(waiter["pid"].as_i64().expect("a pid")).expect("a pid")
    );
    execute(&mut holding, "commit").await;
    selecting.await.expect("the select goes on");
}

#[tokio::test]
async fn compression_jobs_and_aggregates_agree_where_the_edition_offers_them() {
    let Some(url) = server_url(
        Server::Community,
        "compression_jobs_and_aggregates_agree_where_the_edition_offers_them",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    database.execute(TABLES).await;
    database
        .execute(
            r#"set client_min_messages = error;
             alter table "Fabrik 1"."Größe 'x' \ ""y""" set (timescaledb.compress, timescaledb.compress_segmentby = '"Maß"',
               timescaledb.compress_orderby = '"Zeit" desc');
             alter table ticks set (timescaledb.compress, timescaledb.compress_segmentby = '');
             select compress_chunk(c) from show_chunks('"Fabrik 1"."Größe ''x'' \ ""y"""') c;
             select compress_chunk(c) from show_chunks('ticks', older_than => 2000) c;
             insert into "Fabrik 1"."Größe 'x' \ ""y""" values ('2026-01-01 00:30+00', 'm1', 1);
             create materialized view hourly with (timescaledb.continuous) as
               select time_bucket('1 hour', "Zeit") as bucket, avg(v) from "Fabrik 1"."Größe 'x' \ ""y""" group by 1
               with no data"#,
        )
        .await;
    database
        .execute("call refresh_continuous_aggregate('hourly', null, null)")
        .await;
    // Policies do not run while the test compares; the job that fails tries again after minutes.
    database
        .execute(
            r#"select add_retention_policy('"Fabrik 1"."Größe ''x'' \ ""y"""', interval '90 years',
               initial_start => now() + interval '1 day');
             select add_compression_policy('"Fabrik 1"."Größe ''x'' \ ""y"""', interval '30 days',
               initial_start => now() + interval '1 day');
             alter materialized view hourly set (timescaledb.compress);
             select add_compression_policy('hourly', interval '60 days', initial_start => now() + interval '1 day');
             select add_retention_policy('hourly', interval '400 days', initial_start => now() + interval '1 day');
             select add_continuous_aggregate_policy('hourly', interval '30 days', interval '1 hour', interval '1 hour',
               initial_start => now() + interval '1 day');
             create procedure fails(job_id int, config jsonb) language plpgsql as 'begin raise exception ''no luck''; end';
             select add_job('fails', interval '1 day')"#,
        )
        .await;
    until(
        &database,
        "select count(*) > 0 from timescaledb_information.job_stats s
         join timescaledb_information.job_errors e using (job_id)
         where s.total_failures > 0 and e.err_message like 'no luck%' and s.job_status = 'Scheduled'",
    )
    .await;
    database.execute("vacuum (analyze)").await;
    every_statement_agrees(&database).await;
    let snapshot = database.read().await;
    jobs_agree(&database, &snapshot).await;
    assert!(snapshot.jobs.iter().any(|job| job.last_error().is_some()));

    let given = rows(&database, &Statement::Aggregates.sql(None)).await;
    let aggregate = &snapshot.continuous_aggregates[0];
    let row = &given[0];
    assert_eq!(row["view_name"], aggregate.view.name);
    assert_eq!(row["source_name"], aggregate.source.name);
    assert_eq!(
        row["materialization_hypertable_name"],
        aggregate.materialization.name
    );
    assert!(
        is_at(&row["materialized_until"], &Value::Null, aggregate.watermark),
        "{row} {:?}",
        aggregate.watermark
    );
    let results = snapshot.hypertable(&aggregate.materialization).expect("results");
    assert!(results.compress_after.is_some() && results.drop_after.is_some());
    assert!(results.chunks > 0);
    assert_eq!(row["total_bytes"].as_u64(), Some(results.size.total_bytes()));
    assert_eq!(row["approximate_rows"].as_u64(), Some(results.rows));
    assert_eq!(
        row["refresh_job_id"].as_i64(),
        Some(aggregate.refresh[0].job_id.into())
    );

    // Other settings from now on: the chunks that were compressed before differ.
    database
        .execute(
            "set client_min_messages = error;
             alter table ticks set (timescaledb.compress_segmentby = 'v')",
        )
        .await;
    let snapshot = database.read().await;
    assert!(support::table(&snapshot, "ticks").chunks_with_other_settings > 0);
    compression_agrees(&database, &snapshot).await;
}
