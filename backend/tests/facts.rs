//! Jobs, settings, statuses, activity: what a reading says, against the views and functions that define it.

mod support;

use std::collections::BTreeSet;

use domain::activity::Activity;
use domain::compression_settings::SegmentBy;
use domain::hypertable::{TimePoint, TimeSpan};
use domain::job::{Job, JobKind, NextStart, RunOutcome};
use domain::judgement::{Light, TableVerdict, judge};
use domain::snapshot::Snapshot;
use domain::visible::{Hidden, Visible};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use support::{Server, TestDatabase, execute, reader, server_url, system_clock, table, until};

/// One of every kind of name, column and state that a name or a figure can go wrong with.
const ODD_TABLES: &str = r#"
    create schema "Fabrik 1";
    create table "Fabrik 1"."Größe ""x""" ("Zeit" timestamptz not null, "Maß" text, v float);
    select create_hypertable('"Fabrik 1"."Größe ""x"""', by_range('Zeit', interval '1 day'));
    insert into "Fabrik 1"."Größe ""x""" select '2026-01-01'::timestamptz + i * interval '1 hour', 'm' || i % 7, i
      from generate_series(0, 99) i;
    create table abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk (t timestamp not null, k int);
    select create_hypertable('abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk', by_range('t', interval '7 days'));
    select add_dimension('abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk', by_hash('k', 3));
    insert into abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk
      select '2026-01-01'::timestamp + i * interval '1 day', i from generate_series(0, 30) i;
    create table ticks (tick int not null, v int);
    select create_hypertable('ticks', by_range('tick', 1000));
    insert into ticks select i, 1 from generate_series(0, 2500) i;
    create table fat (d date not null, note text);
    select create_hypertable('fat', by_range('d', interval '1 month'));
    insert into fat select '2026-01-01'::date + i, (select string_agg(md5(random()::text || g), '') from generate_series(1, 300) g)
      from generate_series(0, 40) i;
    create table nothing_yet (t timestamptz not null);
    select create_hypertable('nothing_yet', by_range('t', interval '1 day'));
"#;

async fn odd_database(server: Server, test: &str) -> Option<TestDatabase> {
    let database = TestDatabase::timescale(&server_url(server, test)?).await;
    database.execute(ODD_TABLES).await;
    Some(database)
}

/// The only column of a statement, as a set.
async fn set(database: &TestDatabase, sql: &str) -> BTreeSet<String> {
    let mut connection = database.connect().await;
    sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(sql.to_owned()))
        .fetch_all(&mut connection)
        .await
        .expect(sql)
        .into_iter()
        .flatten()
        .collect()
}

fn job_of<'a>(snapshot: &'a Snapshot, table: &str, kind: JobKind) -> &'a Job {
    snapshot
        .jobs
        .iter()
        .find(|job| job.kind == kind && job.table.as_ref().is_some_and(|of| of.name == table))
        .unwrap_or_else(|| panic!("no {kind:?} of {table}"))
}

fn verdict(snapshot: &Snapshot, table: &str) -> TableVerdict {
    judge(snapshot, system_clock().now())
        .tables()
        .iter()
        .find(|verdict| verdict.table.name == table)
        .cloned()
        .unwrap_or_else(|| panic!("no verdict on {table}"))
}

/// Each dimension, chunk range, byte and status against the official views and functions.
async fn equals_the_official_views(database: &TestDatabase) {
    let snapshot = database.read().await;
    dimensions_equal_the_view(database, &snapshot).await;
    chunks_equal_the_view(database, &snapshot).await;
    sizes_and_rows_equal_the_functions(database, &snapshot).await;
}

async fn dimensions_equal_the_view(database: &TestDatabase, snapshot: &Snapshot) {
    let dimensions: BTreeSet<String> = snapshot
        .hypertables
        .iter()
        .flat_map(|table| {
            table.dimensions.iter().enumerate().map(|(index, dimension)| {
                let cut = match &dimension.kind {
                    domain::dimension::DimensionKind::Range {
                        interval: TimeSpan::Interval(interval),
                        ..
                    } => format!("{} us", interval.approximate_microseconds()),
                    domain::dimension::DimensionKind::Range {
                        interval: TimeSpan::Number(number),
                        ..
                    } => number.to_string(),
                    domain::dimension::DimensionKind::Hash { partitions } => {
                        format!("{partitions} partitions")
                    }
                };
                format!(
                    "{}|{}|{}|{}|{}|{cut}",
                    table.schema,
                    table.name,
                    index + 1,
                    dimension.column,
                    dimension.column_type
                )
            })
        })
        .collect();
    let official = set(
        database,
        "select concat_ws('|', hypertable_schema, hypertable_name, dimension_number, column_name, column_type,
           coalesce((extract(epoch from time_interval) * 1000000)::int8 || ' us', integer_interval::text,
             num_partitions || ' partitions'))
         from timescaledb_information.dimensions",
    )
    .await;
    assert_eq!(dimensions, official);
}

async fn chunks_equal_the_view(database: &TestDatabase, snapshot: &Snapshot) {
    let chunks: BTreeSet<String> = snapshot
        .chunks
        .iter()
        .flat_map(|of| {
            of.chunks.iter().map(|chunk| {
                let point = |point: TimePoint| match point {
                    TimePoint::Moment(at) => at.as_microsecond().to_string(),
                    TimePoint::Number(number) => number.to_string(),
                };
                let range = chunk.range.expect("a range");
                format!(
                    "{}|{}|{}|{}|{}|{}|{}",
                    of.schema,
                    of.table,
                    chunk.name,
                    point(range.start),
                    point(range.end),
                    chunk.is_compressed,
                    chunk.created_at.expect("a time of creation").as_millisecond()
                )
            })
        })
        .collect();
    let official = set(
        database,
        "select concat_ws('|', hypertable_schema, hypertable_name, chunk_name,
           coalesce(range_start_integer, (extract(epoch from range_start) * 1000000)::int8),
           coalesce(range_end_integer, (extract(epoch from range_end) * 1000000)::int8), is_compressed::text,
           (extract(epoch from chunk_creation_time) * 1000)::int8)
         from timescaledb_information.chunks",
    )
    .await;
    assert_eq!(chunks, official);
}

async fn sizes_and_rows_equal_the_functions(database: &TestDatabase, snapshot: &Snapshot) {
    for table in snapshot.hypertables.iter() {
        let name = format!("\"{}\".\"{}\"", table.schema, table.name.replace('"', "\"\""));
        let quoted = name.replace('\'', "''");
        let official = support::official(database, &name).await;
        assert_eq!(
            (
                table.size.heap_bytes,
                table.size.index_bytes,
                table.size.toast_bytes
            ),
            (official.heap_bytes, official.index_bytes, official.toast_bytes),
            "{name}"
        );
        let sizes: BTreeSet<String> = snapshot
            .chunks_of(&table.table_name())
            .iter()
            .map(|chunk| format!("{} {}", chunk.name, chunk.size.total_bytes()))
            .collect();
        let official = set(
            database,
            &format!("select chunk_name || ' ' || total_bytes from chunks_detailed_size('{quoted}')"),
        )
        .await;
        assert_eq!(sizes, official, "{name}");
        let rows = database.number(&format!("select count(*) from {name}")).await;
        assert_eq!(i64::try_from(table.rows).expect("rows"), rows, "{name}");
    }
}

#[tokio::test]
async fn odd_names_integer_time_hash_partitions_toast_and_empty_tables_equal_the_official_views() {
    let Some(database) = odd_database(
        Server::Any,
        "odd_names_integer_time_hash_partitions_toast_and_empty_tables",
    )
    .await
    else {
        return;
    };
    database.execute("vacuum (analyze)").await;
    equals_the_official_views(&database).await;
    let snapshot = database.read().await;
    let odd = table(&snapshot, "Größe \"x\"");
    assert_eq!(odd.display_name(), "Fabrik 1.Größe \"x\"");
    assert_eq!(snapshot.totals().hypertables, 5);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story about one database")]
async fn compressed_partial_and_frozen_chunks_and_their_settings_equal_the_official_views() {
    let Some(database) = odd_database(
        Server::Community,
        "compressed_partial_and_frozen_chunks_and_their_settings",
    )
    .await
    else {
        return;
    };
    database
        .execute(
            r#"set client_min_messages = error;
             alter table "Fabrik 1"."Größe ""x""" set (timescaledb.compress, timescaledb.compress_segmentby = '"Maß"',
               timescaledb.compress_orderby = '"Zeit" asc nulls first');
             alter table ticks set (timescaledb.compress, timescaledb.compress_segmentby = '');
             alter table fat set (timescaledb.compress);
             select compress_chunk(c) from show_chunks('"Fabrik 1"."Größe ""x"""') c;
             select compress_chunk(c) from show_chunks('ticks', older_than => 2000) c;
             select compress_chunk(c) from show_chunks('fat') c;
             insert into "Fabrik 1"."Größe ""x""" values ('2026-01-01 00:30+00', 'm1', 1);
             select _timescaledb_functions.freeze_chunk(c) from show_chunks('ticks', older_than => 1000) c"#,
        )
        .await;
    database.execute("vacuum (analyze)").await;
    equals_the_official_views(&database).await;
    let snapshot = database.read().await;

    // Every status bit, as the catalog has it.
    let statuses: BTreeSet<String> = snapshot
        .chunks
        .iter()
        .flat_map(|of| {
            of.chunks
                .iter()
                .map(|chunk| format!("{} {}", chunk.name, chunk.status.bits()))
        })
        .collect();
    let official = set(
        &database,
        "select c.relname || ' ' || k.status from _timescaledb_catalog.chunk k join pg_class c on c.oid = k.relid",
    )
    .await;
    assert_eq!(statuses, official);
    let words: BTreeSet<String> = snapshot
        .chunks
        .iter()
        .flat_map(|of| of.chunks.iter().map(|chunk| chunk.status.words()))
        .collect();
    for word in [
        "uncompressed",
        "compressed",
        "compressed, frozen",
        "compressed, partial",
    ] {
        assert!(words.contains(word), "{word}: {words:?}");
    }

    for (name, segment_by) in [
        ("Größe \"x\"", SegmentBy::Columns(vec!["Maß".into()])),
        ("ticks", SegmentBy::Nothing),
    ] {
        let settings = table(&snapshot, name)
            .compression_settings
            .as_ref()
            .expect("settings");
        assert_eq!(settings.segment_by, segment_by, "{name}");
    }
    let orders: Vec<String> = table(&snapshot, "Größe \"x\"")
        .compression_settings
        .as_ref()
        .expect("settings")
        .order_by
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(orders, ["Zeit NULLS FIRST"]);
    assert!(!table(&snapshot, "nothing_yet").compression_enabled);

    // Totals as compression wrote them down, and live bytes beside.
    for (name, quoted) in [
        ("Größe \"x\"", r#""Fabrik 1"."Größe ""x""""#),
        ("ticks", "ticks"),
        ("fat", "fat"),
    ] {
        let read = table(&snapshot, name);
        let totals = read.compression.expect("totals");
        let figure = async |column: &str| {
            let sql = format!("select {column}::int8 from hypertable_compression_stats('{quoted}')");
            u64::try_from(database.number(&sql).await).expect("a figure")
        };
        assert_eq!(
            totals.before_bytes,
            figure("before_compression_total_bytes").await,
            "{name}"
        );
        assert_eq!(
            totals.after_bytes,
            figure("after_compression_total_bytes").await,
            "{name}"
        );
        assert_eq!(
            read.compressed_chunks,
            figure("number_compressed_chunks").await,
            "{name}"
        );
        let live: u64 = snapshot
            .chunks_of(&read.table_name())
            .iter()
            .filter(|chunk| chunk.is_compressed)
            .map(|chunk| chunk.size.total_bytes())
            .sum();
        assert_eq!(read.compressed_bytes, live, "{name}");
    }

    // Other settings from now on: the chunks that were compressed before differ.
    database
        .execute(
            "set client_min_messages = error;
             alter table ticks set (timescaledb.compress_segmentby = 'v')",
        )
        .await;
    let snapshot = database.read().await;
    let ticks = table(&snapshot, "ticks");
    assert_eq!(ticks.chunks_with_other_settings, ticks.compressed_chunks);
    let differing = snapshot
        .chunks_of(&ticks.table_name())
        .iter()
        .find_map(|chunk| chunk.compressed_with.as_deref())
        .expect("a chunk that differs");
    assert_eq!(differing.segment_by, SegmentBy::Nothing);
}

const POLICIES: &str = "
    create table m (t timestamptz not null, d int, v float);
    select create_hypertable('m', by_range('t', interval '1 day'));
    insert into m select now() - i * interval '1 hour', i % 3, i from generate_series(0, 500) i;
    alter table m set (timescaledb.compress, timescaledb.compress_segmentby = 'd');
    create materialized view hourly with (timescaledb.continuous) as
      select time_bucket('1 hour', t) as bucket, d, avg(v) from m group by 1, 2 with no data;
    select add_continuous_aggregate_policy('hourly', interval '30 days', interval '1 hour', interval '30 minutes');
    select add_compression_policy('m', interval '7 days');
    select add_retention_policy('m', interval '1 year', schedule_interval => interval '6 hours',
      initial_start => '2026-01-01 03:00+00', timezone => 'Europe/Berlin');
    create procedure nightly(job_id int, config jsonb) language plpgsql as 'begin perform 1; end';
    select add_job('nightly', interval '1 month', config => '{\"a\": [1, 2]}');
";

const ALL_RAN: &str = "select coalesce(bool_and(coalesce(s.total_successes, 0) > 0), false)
    from timescaledb_information.jobs j left join timescaledb_information.job_stats s using (job_id)
    where j.job_id >= 1000 and j.proc_name <> 'policy_retention'";

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story about one database")]
async fn jobs_and_continuous_aggregates_equal_the_information_views() {
    let Some(url) = server_url(
        Server::Community,
        "jobs_and_continuous_aggregates_equal_the_information_views",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    database.execute(POLICIES).await;
    until(&database, ALL_RAN).await;
    let snapshot = database.read().await;

    let time =
        |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.as_microsecond().to_string());
    let read: BTreeSet<String> = snapshot
        .jobs
        .iter()
        .map(|job| {
            let statistics = job.statistics.unwrap_or_default();
            [
                job.id.to_string(),
                job.application_name.clone(),
                job.schedule_interval.approximate_microseconds().to_string(),
                job.max_runtime.approximate_microseconds().to_string(),
                job.max_retries.to_string(),
                job.retry_period.approximate_microseconds().to_string(),
                format!("{}.{}", job.procedure_schema, job.procedure),
                job.owner.clone(),
                job.scheduled.to_string(),
                job.fixed_schedule.to_string(),
                job.config.clone().unwrap_or_else(|| "-".to_owned()),
                match job.next_start {
                    NextStart::At(at) => time(Some(at)),
                    _ => "-".to_owned(),
                },
                time(job.initial_start),
                time(statistics.last_start),
                time(statistics.last_success),
                statistics
                    .last_outcome
                    .map_or("-", |outcome| match outcome {
                        RunOutcome::Succeeded => "Success",
                        RunOutcome::Failed => "Failed",
                    })
                    .to_owned(),
                statistics
                    .last_duration_us
                    .map_or_else(|| "-".to_owned(), |duration| duration.to_string()),
                statistics.total_runs.to_string(),
                statistics.total_successes.to_string(),
                statistics.total_failures.to_string(),
            ]
            .join("|")
        })
        .collect();
    let us = |column: &str| format!("coalesce((extract(epoch from {column}) * 1000000)::int8::text, '-')");
    let official = set(
        &database,
        &format!(
            "select concat_ws('|', j.job_id, j.application_name, {}, {}, j.max_retries, {},
               j.proc_schema || '.' || j.proc_name, j.owner, j.scheduled::text, j.fixed_schedule::text,
               coalesce(j.config::text, '-'), {}, {}, {}, {}, coalesce(s.last_run_status, '-'), {},
               coalesce(s.total_runs, 0), coalesce(s.total_successes, 0), coalesce(s.total_failures, 0))
             from timescaledb_information.jobs j left join timescaledb_information.job_stats s using (job_id)",
            us("j.schedule_interval"),
            us("j.max_runtime"),
            us("j.retry_period"),
            us("s.next_start"),
            us("j.initial_start"),
            us("s.last_run_started_at"),
            us("s.last_successful_finish"),
            us("s.last_run_duration"),
        ),
    )
    .await;
    assert_eq!(read, official);

    let retention = job_of(&snapshot, "m", JobKind::Retention);
    assert_eq!(retention.timezone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(
        retention.threshold.expect("a threshold").after.to_string(),
        "1 year"
    );
    assert!(
        snapshot
            .jobs
            .iter()
            .any(|job| job.kind == JobKind::Custom && job.procedure == "nightly")
    );

    let aggregate = &snapshot.continuous_aggregates[0];
    assert_eq!(snapshot.continuous_aggregates.len(), 1);
    assert_eq!(aggregate.view.to_string(), "hourly");
    assert_eq!(aggregate.source.to_string(), "m");
    assert_eq!(
        aggregate.bucket_width.map(|width| width.to_string()).as_deref(),
        Some("1 hour")
    );
    let watermark = database
        .number(
            "select _timescaledb_functions.cagg_watermark_materialized(mat_hypertable_id)
             from _timescaledb_catalog.continuous_agg",
        )
        .await;
    let Some(TimePoint::Moment(read)) = aggregate.watermark else {
        panic!("a watermark")
    };
    assert_eq!(read.as_microsecond(), watermark);
    assert_eq!(aggregate.refresh.len(), 1);
    assert_eq!(
        aggregate.refresh[0]
            .start_offset
            .map(|offset| offset.to_string())
            .as_deref(),
        Some("30 days")
    );
    let materialization = table(&snapshot, &aggregate.materialization.name);
    assert_eq!(materialization.display_name(), "hourly");

    // What ran has done its work.
    assert_eq!(
        verdict(&snapshot, "m").light,
        Light::OnTime,
        "{:?}",
        verdict(&snapshot, "m")
    );
    let hourly = verdict(&snapshot, &aggregate.materialization.name);
    assert_eq!(hourly.light, Light::OnTime, "{hourly:?}");
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story about one database")]
async fn a_job_whose_owner_may_not_log_in_and_a_green_job_with_overdue_chunks_are_judged_as_such() {
    let Some(url) = server_url(
        Server::Community,
        "a_job_whose_owner_may_not_log_in_and_a_green_job_with_overdue_chunks",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    let owner = format!("mes_{}", database.name);
    database
        .execute(&format!(
            "create role {owner} login;
             create table oee (t timestamptz not null); select create_hypertable('oee', by_range('t', interval '1 day'));
             insert into oee select now() - i * interval '1 day' from generate_series(0, 20) i;
             alter table oee owner to {owner};
             grant usage, create on schema public to {owner};
             set role {owner}; select add_retention_policy('oee', interval '7 days'); reset role;
             alter role {owner} nologin;
             create table green (t timestamptz not null); select create_hypertable('green', by_range('t', interval '1 day'));
             insert into green select now() - i * interval '1 day' from generate_series(0, 20) i;
             select add_retention_policy('green', interval '1 year')"
        ))
        .await;
    until(
        &database,
        "select (select count(*) from timescaledb_information.job_stats
           where (hypertable_name = 'oee' and total_failures > 0) or (hypertable_name = 'green' and total_successes > 0)) = 2",
    )
    .await;
    // Somebody shortens what is kept; the next run is tomorrow, and by its own word everything is fine.
    database
        .execute(
            "select alter_job(job_id, config => jsonb_set(config, '{drop_after}', '\"7 days\"'),
               next_start => now() + interval '1 day')
             from timescaledb_information.jobs where hypertable_name = 'green'",
        )
        .await;
    let snapshot = database.read().await;

    let oee = job_of(&snapshot, "oee", JobKind::Retention);
    assert!(!oee.owner_can_login);
    let error = oee.last_error().expect("an error");
    let official = set(
        &database,
        "select concat_ws('|', sqlerrcode, err_message) from timescaledb_information.job_errors where job_id =
           (select job_id from timescaledb_information.jobs where hypertable_name = 'oee')",
    )
    .await;
    assert!(
        official.contains(&format!(
            "{}|{}",
            error.sqlstate.as_deref().unwrap_or_default(),
            error.message
        )),
        "{error:?} {official:?}"
    );
    let judged = verdict(&snapshot, "oee");
    assert_eq!(judged.light, Light::Failing);
    assert!(
        judged.reason.starts_with(&format!(
            "Retention of oee fails. Its owner {owner} may not log in, so the job cannot start (28000)."
        )),
        "{}",
        judged.reason
    );

    let green = verdict(&snapshot, "green");
    assert_eq!(green.light, Light::Late, "{green:?}");
    let expected = database
        .number(
            "select count(*) from show_chunks('green', older_than => now() - interval '8 days' - interval '6 minutes')",
        )
        .await;
    assert_eq!(
        i64::try_from(green.policies[0].overdue.chunks).expect("a count"),
        expected
    );
    assert!(green.policies[0].lag.is_some());

    // A role with pg_monitor alone, and one with nothing, read the same without an error and say what they may not see.
    let monitor = format!("monitor_{}", database.name);
    let nobody = format!("nobody_{}", database.name);
    database
        .execute(&format!(
            "create role {monitor} login password 'pw' in role pg_monitor; create role {nobody} login password 'pw'"
        ))
        .await;
    let as_monitor = reader(&database.url_as(&monitor, "pw"))
        .read()
        .await
        .expect("a reading");
    assert_eq!(as_monitor.jobs.len(), snapshot.jobs.len());
    assert!(as_monitor.activity.long_transactions.shown().is_some());
    assert!(as_monitor.health.workers.running.shown().is_some());
    let hidden_or_shown = &job_of(&as_monitor, "oee", JobKind::Retention).errors;
    assert!(
        *hidden_or_shown == Visible::Hidden(Hidden::JobErrors)
            || hidden_or_shown.shown().is_some_and(|errors| !errors.is_empty()),
        "{hidden_or_shown:?}"
    );
    assert_eq!(verdict(&as_monitor, "oee").light, Light::Failing);
    let as_nobody = reader(&database.url_as(&nobody, "pw"))
        .read()
        .await
        .expect("a reading");
    let Activity {
        long_transactions, ..
    } = &as_nobody.activity;
    assert_eq!(long_transactions.hidden(), Some(Hidden::OtherSessions));
    assert_eq!(
        as_nobody.health.workers.running.hidden(),
        Some(Hidden::OtherSessions)
    );
    assert_eq!(
        job_of(&as_nobody, "green", JobKind::Retention)
            .is_running
            .hidden(),
        Some(Hidden::OtherSessions)
    );
    assert_eq!(verdict(&as_nobody, "green").light, Light::Late);
    database
        .execute(&format!(
            "drop table oee; drop owned by {owner}, {monitor}, {nobody}; drop role {owner}, {monitor}, {nobody}"
        ))
        .await;
}

#[tokio::test]
async fn a_lock_a_policy_would_wait_for_is_seen_with_who_holds_it() {
    let Some(url) = server_url(
        Server::Any,
        "a_lock_a_policy_would_wait_for_is_seen_with_who_holds_it",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    database
        .execute(
            "create table m (t timestamptz not null); select create_hypertable('m', by_range('t', interval '1 day'));
             insert into m select now() - i * interval '1 day' from generate_series(0, 5) i",
        )
        .await;
    let mut holding = database.connect().await;
    execute(&mut holding, "begin; select count(*) from m").await;
    let holder: i32 = sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(&mut holding)
        .await
        .expect("a pid");
    let mut waiting = database.connect().await;
    let waiter: i32 = sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(&mut waiting)
        .await
        .expect("a pid");
    let dropping = tokio::spawn(async move {
        execute(
            &mut waiting,
            "select drop_chunks('m', older_than => interval '2 days')",
        )
        .await;
    });
    until(&database, "select count(*) > 0 from pg_locks where not granted").await;
    until(
        &database,
        "select count(*) > 0 from pg_stat_activity
         where datname = current_database() and xact_start < now() - interval '61 seconds'",
    )
    .await;

    let snapshot = database.read().await;
    let wait = snapshot
        .activity
        .waits
        .iter()
        .find(|wait| wait.pid == waiter)
        .expect("the wait");
    assert_eq!(wait.blocked_by, [holder]);
    assert_eq!(wait.mode, "AccessExclusiveLock");
    assert_eq!(wait.table.as_ref().map(ToString::to_string).as_deref(), Some("m"));
    assert!(wait.chunk.is_some());
    assert!(
        wait.session
            .shown()
            .expect("visible")
            .query
            .contains("drop_chunks")
    );
    let long = snapshot
        .activity
        .long_transactions
        .shown()
        .expect("visible")
        .iter()
        .find(|transaction| transaction.pid == holder)
        .expect("the holder");
    assert_eq!(long.session.state, "idle in transaction");
    assert_eq!(long.holds[0].table.to_string(), "m");
    let locks = database
        .number(&format!(
            "select count(distinct relation) from pg_locks where pid = {holder} and locktype = 'relation' and (relation =
               'm'::regclass or relation in (select inhrelid from pg_inherits where inhparent = 'm'::regclass))"
        ))
        .await;
    assert_eq!(i64::from(long.holds[0].relations), locks);
    execute(&mut holding, "commit").await;
    dropping.await.expect("the drop goes on");
}

#[tokio::test]
async fn rows_that_came_in_between_two_readings_are_the_ingest_rate() {
    let Some(url) = server_url(
        Server::Any,
        "rows_that_came_in_between_two_readings_are_the_ingest_rate",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    database
        .execute(
            "create table m (t timestamptz not null); select create_hypertable('m', by_range('t', interval '1 day'));
             insert into m select '2026-01-01'::timestamptz + i * interval '1 hour' from generate_series(1, 100) i",
        )
        .await;
    let counted = |rows: u32| {
        format!(
            "select sum(pg_stat_get_tuples_inserted(inhrelid)) = {rows} from pg_inherits where inhparent = 'm'::regclass"
        )
    };
    until(&database, &counted(100)).await;
    let mut reader = database.reader();
    let first = reader.read().await.expect("a reading");
    assert_eq!(table(&first, "m").ingest, None);
    assert_eq!(first.health.recent_cache, None);
    // Into a new chunk as well as into old ones.
    database
        .execute("insert into m select '2026-01-03'::timestamptz + i * interval '1 hour' from generate_series(1, 250) i")
        .await;
    until(&database, &counted(350)).await;
    let second = reader.read().await.expect("a reading");
    let rate = table(&second, "m").ingest.expect("a rate");
    assert_eq!(rate.rows, 250);
    assert!(second.health.recent_cache.is_some());
    assert!(second.health.cache.hits > 0);
}

#[tokio::test]
async fn now_on_integer_time_is_the_tables_own_and_only_trusted_functions_are_called() {
    let Some(url) = server_url(Server::Any, "now_on_integer_time_is_the_tables_own") else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    let owner = format!("owner_{}", database.name);
    let monitor = format!("monitor_{}", database.name);
    database
        .execute(&format!(
            "create role {owner} login password 'pw'; grant usage, create on schema public to {owner};
             create role {monitor} login password 'pw' in role pg_monitor;
             create table ticks (tick bigint not null); select create_hypertable('ticks', by_range('tick', 1000));
             insert into ticks values (1), (5000);
             create function ticks_now() returns bigint language sql stable as 'select 5500::bigint';
             select set_integer_now_func('ticks', 'ticks_now');
             set role {owner};
             create table foreign_ticks (tick bigint not null); select create_hypertable('foreign_ticks', by_range('tick', 1000));
             insert into foreign_ticks values (7000);
             create function newest() returns bigint language sql stable as 'select max(tick) from foreign_ticks';
             select set_integer_now_func('foreign_ticks', 'newest')"
        ))
        .await;
    let snapshot = database.read().await;
    assert_eq!(table(&snapshot, "ticks").integer_now, Some(Visible::Shown(5500)));
    assert_eq!(
        table(&snapshot, "foreign_ticks").integer_now,
        Some(Visible::Hidden(Hidden::NowFunctionUntrusted)),
        "a superuser lends its rights to nobody"
    );
    let as_owner = reader(&database.url_as(&owner, "pw"))
        .read()
        .await
        .expect("a reading");
    assert_eq!(
        table(&as_owner, "foreign_ticks").integer_now,
        Some(Visible::Shown(7000))
    );
    let as_monitor = reader(&database.url_as(&monitor, "pw"))
        .read()
        .await
        .expect("a reading");
    assert_eq!(
        table(&as_monitor, "ticks").integer_now,
        Some(Visible::Shown(5500))
    );
    assert_eq!(
        table(&as_monitor, "foreign_ticks").integer_now,
        Some(Visible::Hidden(Hidden::NowFunctionRefused)),
        "it may not read the table"
    );
    database
        .execute(&format!(
            "drop table foreign_ticks; drop function newest(); drop owned by {owner}, {monitor}; drop role {owner}, {monitor}"
        ))
        .await;
}

#[tokio::test]
async fn a_slow_function_that_says_now_keeps_the_others_waiting_for_one_reading_at_most() {
    let Some(url) = server_url(
        Server::Any,
        "a_slow_function_that_says_now_keeps_the_others_waiting",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    database
        .execute(
            "create function slow_now() returns bigint language plpgsql stable as
               'begin perform pg_sleep(60); return 1; end';
             create function quick_now() returns bigint language sql stable as 'select 42::bigint'",
        )
        .await;
    // As many slow ones as fill the time there is, and the quick one behind them.
    for (table, function) in [
        ("slow_1", "slow_now"),
        ("slow_2", "slow_now"),
        ("slow_3", "slow_now"),
        ("quick", "quick_now"),
    ] {
        database
            .execute(&format!(
                "create table {table} (tick bigint not null); select create_hypertable('{table}', by_range('tick', 1000));
                 select set_integer_now_func('{table}', '{function}')"
            ))
            .await;
    }
    let mut reader = database.reader();
    let now = |snapshot: &Snapshot, name: &str| table(snapshot, name).integer_now;
    let slow = Some(Visible::Hidden(Hidden::NowFunctionSlow));
    let first = reader.read().await.expect("a reading");
    for name in ["slow_1", "slow_2", "slow_3", "quick"] {
        assert_eq!(now(&first, name), slow, "{name}");
    }
    let second = reader.read().await.expect("a reading");
    assert_eq!(now(&second, "quick"), Some(Visible::Shown(42)));
    assert_eq!(now(&second, "slow_1"), slow);
    let third = reader.read().await.expect("a reading");
    assert_eq!(now(&third, "quick"), Some(Visible::Shown(42)), "it stays known");
}

#[tokio::test]
async fn an_older_extension_than_the_server_has_is_read_and_told() {
    let Some(url) = server_url(
        Server::Community,
        "an_older_extension_than_the_server_has_is_read_and_told",
    ) else {
        return;
    };
    let database = TestDatabase::plain(&url).await;
    let versions = set(
        &database,
        "select version from pg_available_extension_versions where name = 'timescaledb'",
    )
    .await;
    let default = set(
        &database,
        "select default_version from pg_available_extensions where name = 'timescaledb'",
    )
    .await;
    let Some(older) = versions.iter().find(|version| !default.contains(*version)) else {
        // The server has one version only: nothing to be older than.
        return;
    };
    database
        .execute(&format!(
            "set client_min_messages = error; create extension timescaledb version '{older}'"
        ))
        .await;
    database.execute(ODD_TABLES).await;
    database.execute("vacuum (analyze)").await;
    let snapshot = database.read().await;
    assert_eq!(&snapshot.server.timescaledb_version, older);
    assert_eq!(snapshot.health.newer_version, default.first().cloned());
    equals_the_official_views(&database).await;
}
