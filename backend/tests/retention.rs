//! Retention by the console itself, against servers that have none of their own.

mod operating;
mod support;

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use backend::actions::{ActionRefused, keep_actions};
use backend::auth::Granted;
use backend::retention::run_retention_every;
use domain::audit::{Action, Outcome};
use domain::hypertable::TimeSpan;
use domain::policy::{AgePolicy, PolicyKind, Schedule, Threshold};
use domain::retention_run::{DryRun, RetentionKeeper, RetentionOutcome, RetentionRun, RetentionTrigger};
use domain::role::Permission;
use domain::table_name::TableName;
use jiff::{SignedDuration, Timestamp};
use operating::{
    FACTORY, Operated, admin, apache_database, community_database, eventually, operate, operate_unread,
    state_file,
};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use support::{FixedClock, TestDatabase, execute};
use tokio::sync::watch;

/// How often the tests' runners look.
const OFTEN: Duration = Duration::from_millis(100);

/// Forty days in chunks of a day.
const DAYS: &str = "
    create table m (t timestamptz not null, k int, v float);
    select create_hypertable('m', by_range('t', interval '1 day'));
    insert into m select now() - i * interval '6 hours', i, i from generate_series(0, 160) i;";

/// Chunks that take many locks each: a transaction takes some of them.
const MANY_LOCKS: &str = "
    create table m (t timestamptz not null, k int, v float);
    select create_hypertable('m', by_range('t', interval '1 day'));";

fn m() -> TableName {
    TableName::new("public", "m")
}

fn days(days: &str) -> AgePolicy {
    AgePolicy {
        threshold: Threshold::After(TimeSpan::Interval(days.parse().expect("an interval"))),
        schedule: Schedule::default_for(PolicyKind::Retention, None),
    }
}

/// A table of so many daily chunks, each of which takes some fifty locks.
async fn many_locks(test: &str, chunks: u32) -> Option<TestDatabase> {
    let indexes: String = (1..=45).fold(String::new(), |sql, number| {
        sql + &format!("create index on m (k, t, (v + {number}));")
    });
    let database = apache_database(test, &format!("{MANY_LOCKS}{indexes}")).await?;
    database
        .execute(&format!(
            "insert into m select now() - i * interval '1 day', i, i from generate_series(0, {chunks}) i"
        ))
        .await;
    Some(database)
}

/// The chunk that a run drops first.
async fn oldest_chunk(operated: &Operated) -> String {
    let dry = operated
        .console
        .dry_run_retention(&admin(), FACTORY, &m())
        .await
        .expect("a dry run");
    dry.batches[0].chunks[0].name.as_identifier()
}

async fn chunks(database: &TestDatabase, table: &str) -> Vec<String> {
    let mut connection = database.connect().await;
    sqlx::query_scalar(AssertSqlSafe(format!(
        "select show_chunks::text from show_chunks('{}') order by 1",
        table.replace('\'', "''")
    )))
    .fetch_all(&mut connection)
    .await
    .expect("the chunks")
}

fn names(dry: &DryRun) -> Vec<String> {
    let mut names: Vec<String> = dry
        .batches
        .iter()
        .flat_map(|batch| &batch.chunks)
        .map(|chunk| format!("{}.{}", chunk.name.schema, chunk.name.name))
        .collect();
    names.sort();
    names
}

async fn ended(operated: &Operated, id: i64) -> RetentionRun {
    eventually("the run ends", async || {
        runs(operated)
            .await
            .into_iter()
            .find(|run| run.id == id && run.ended_at.is_some())
    })
    .await
}

async fn runs(operated: &Operated) -> Vec<RetentionRun> {
    operated
        .console
        .retention_runs(&admin(), FACTORY, None, None, 100)
        .await
        .expect("the runs")
}

async fn run_now(operated: &Operated, table: &TableName) -> RetentionRun {
    let id = operated
        .console
        .run_retention_now(&admin(), FACTORY, table)
        .await
        .expect("begun");
    ended(operated, id).await
}

/// Runs until the condition holds, then stops.
async fn with_runner<T>(operated: &Operated, what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let (stop, stopped) = watch::channel(false);
    let runner = tokio::spawn(run_retention_every(operated.console.clone(), stopped, OFTEN));
    let answer = eventually(what, ask).await;
    stop.send_replace(true);
    runner.await.expect("the runner ends");
    answer
}

/// A session that reads a chunk and does not end.
async fn reader(database: &TestDatabase, chunk: &str) -> PgConnection {
    let mut connection = database.connect().await;
    execute(
        &mut connection,
        &format!("set application_name = 'a slow report'; begin; select count(*) from {chunk}"),
    )
    .await;
    connection
}

#[tokio::test]
async fn a_dry_run_shows_exactly_what_a_run_then_drops() {
    if let Some(database) = apache_database("a_dry_run_shows_exactly_what_a_run_then_drops", DAYS).await {
        let (_directory, state) = state_file();
        let operated = operate(&state, &database.url()).await;
        let now = operated.console.now();
        operated.keep(&m(), &days("30 days"), now).await;
        // One that nothing may change, and that is old enough.
        database
            .execute(
                "update _timescaledb_catalog.chunk set status = status | 4
                 where id = (select max(id) from _timescaledb_catalog.chunk)",
            )
            .await;
        let frozen = database
            .number("select max(id)::int8 from _timescaledb_catalog.chunk")
            .await;
        let due_by_the_server = database
            .number("select count(*) from show_chunks('m', older_than => interval '30 days')")
            .await;
        let bytes_before = database
            .number("select sum(total_bytes)::int8 from chunks_detailed_size('m')")
            .await;

        let dry = operated
            .console
            .dry_run_retention(&admin(), FACTORY, &m())
            .await
            .expect("a dry run");
        assert_eq!(
            dry.due.chunks + dry.skipped,
            u64::try_from(due_by_the_server).expect("a count")
        );
        assert_eq!(dry.skipped, 1);
        assert_eq!(dry.batches.len(), 1);
        let before = chunks(&database, "m").await;

        let run = run_now(&operated, &m()).await;
        assert_eq!(run.outcome, Some(RetentionOutcome::Succeeded), "{run:?}");
        let after = chunks(&database, "m").await;
        let gone: Vec<String> = before
            .into_iter()
            .filter(|chunk| !after.contains(chunk))
            .collect();
        assert_eq!(names(&dry), gone);
        assert_eq!((run.due, run.dropped), (Some(dry.due), dry.due));
        assert_eq!(run.dropped.rows, 4 * run.dropped.chunks);
        assert_eq!(run.oldest_kept, dry.oldest_kept);
        assert_eq!(
            run.trigger,
            RetentionTrigger::ByHand {
                who: "the command line".to_owned()
            }
        );
        let bytes_after = database
            .number("select sum(total_bytes)::int8 from chunks_detailed_size('m')")
            .await;
        assert_eq!(
            run.dropped.bytes,
            u64::try_from(bytes_before - bytes_after).expect("freed")
        );
        let there = database
            .number(&format!(
                "select count(*) from _timescaledb_catalog.chunk where id = {frozen}"
            ))
            .await;
        assert_eq!(there, 1, "a frozen chunk stays");

        let events = operated.audit(Action::RunRetention).await;
        assert_eq!(events.len(), 1);
        assert_eq!(
            (events[0].outcome, events[0].target.as_str()),
            (Some(Outcome::Succeeded), "table m")
        );
        assert!(events[0].detail.starts_with("dropped "), "{}", events[0].detail);
        // By hand does not change when it is due.
        assert_eq!(
            operated.next_start(&m()).await.as_millisecond(),
            now.as_millisecond()
        );
    }
}

/// Every kind of time and name.
const ODD: &str = r#"
    create schema "Fabrik 1";
    create table "Fabrik 1"."Größe ""x"" 'y'" ("Zeit" timestamptz not null, v int);
    select create_hypertable('"Fabrik 1"."Größe ""x"" ''y''"', by_range('Zeit', interval '1 day'));
    insert into "Fabrik 1"."Größe ""x"" 'y'" select now() - i * interval '1 day', i from generate_series(0, 20) i;
    create table days (d date not null, v int);
    select create_hypertable('days', by_range('d', interval '1 day'));
    insert into days select current_date - i, i from generate_series(0, 20) i;
    create table plain (t timestamp not null, k int);
    select create_hypertable('plain', by_range('t', interval '1 day'));
    select add_dimension('plain', by_hash('k', 3));
    insert into plain select (now() at time zone 'utc') - i * interval '1 day', k
      from generate_series(0, 20) i, generate_series(1, 9) k;
    create table ticks (tick bigint not null, v int);
    select create_hypertable('ticks', by_range('tick', 100));
    create function ticks_now() returns bigint language sql stable as 'select max(tick) from ticks';
    select set_integer_now_func('ticks', 'ticks_now');
    insert into ticks select i, 1 from generate_series(0, 1999, 10) i;
    create table made (t timestamptz not null, v int);
    select create_hypertable('made', by_range('t', interval '1 day'));
    insert into made select now() - i * interval '1 day', i from generate_series(0, 9) i;
    update _timescaledb_catalog.chunk k set creation_time = now() - interval '50 days'
      where k.hypertable_id = (select id from _timescaledb_catalog.hypertable where table_name = 'made') and k.id % 2 = 0;"#;

#[tokio::test]
async fn every_kind_of_time_and_name_is_dropped_as_the_server_would() {
    let odd = TableName::new("Fabrik 1", "Größe \"x\" 'y'");
    let public = |name| TableName::new("public", name);
    let created = AgePolicy {
        threshold: Threshold::CreatedBefore("30 days".parse().expect("an interval")),
        ..days("1 day")
    };
    let numbers = AgePolicy {
        threshold: Threshold::After(TimeSpan::Number(1000)),
        ..days("1 day")
    };
    let test = "every_kind_of_time_and_name_is_dropped_as_the_server_would";
    if let Some(database) = apache_database(test, ODD).await {
        let (_directory, state) = state_file();
        let operated = operate(&state, &database.url()).await;
        for (table, policy, by_the_server) in [
            (odd.clone(), days("10 days"), "older_than => interval '10 days'"),
            (
                public("days"),
                days("10 days"),
                "older_than => interval '10 days'",
            ),
            (
                public("plain"),
                days("10 days"),
                "older_than => interval '10 days'",
            ),
            (
                public("ticks"),
                numbers.clone(),
                "older_than => _timescaledb_functions.subtract_integer_from_now('ticks', 1000)",
            ),
            (
                public("made"),
                created.clone(),
                "created_before => interval '30 days'",
            ),
        ] {
            operated.keep(&table, &policy, operated.console.now()).await;
            let mut connection =
                PgConnection::connect(&format!("{}?options=-c%20timezone%3Dutc", database.url()))
                    .await
                    .expect("connected");
            let mut expected: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
                "select show_chunks::text from show_chunks({}, {by_the_server})",
                table.as_literal()
            )))
            .fetch_all(&mut connection)
            .await
            .expect("the server's own choice");
            expected.sort();
            let dry = operated
                .console
                .dry_run_retention(&admin(), FACTORY, &table)
                .await
                .unwrap_or_else(|error| panic!("{table}: {error}"));
            assert_eq!(names(&dry), expected, "{table}");
            assert!(!expected.is_empty(), "{table}");
            let before = chunks(&database, &table.as_identifier()).await;
            let run = run_now(&operated, &table).await;
            assert_eq!(run.outcome, Some(RetentionOutcome::Succeeded), "{table}: {run:?}");
            let after = chunks(&database, &table.as_identifier()).await;
            let gone: Vec<String> = before
                .into_iter()
                .filter(|chunk| !after.contains(chunk))
                .collect();
            assert_eq!(gone, expected, "{table}");
        }
        // An age in another unit than the time.
        operated
            .execute("delete from console_retention where table_name = 'ticks'")
            .await;
        operated
            .keep(&public("ticks"), &days("10 days"), operated.console.now())
            .await;
        let refused = operated
            .console
            .dry_run_retention(&admin(), FACTORY, &public("ticks"))
            .await
            .expect_err("another unit");
        assert!(
            refused.to_string().contains("in another unit than its time"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_run_is_cut_into_transactions_that_leave_most_locks_to_others() {
    let test = "a_run_is_cut_into_transactions_that_leave_most_locks_to_others";
    if let Some(database) = many_locks(test, 40).await {
        let (_directory, state) = state_file();
        let operated = operate(&state, &database.url()).await;
        operated.keep(&m(), &days("5 days"), operated.console.now()).await;
        let dry = operated
            .console
            .dry_run_retention(&admin(), FACTORY, &m())
            .await
            .expect("a dry run");
        assert!(dry.batches.len() > 1, "{}", dry.batches.len());
        assert!(dry.locks_a_batch * 32 <= dry.lock_slots);
        for batch in &dry.batches {
            assert!(batch.locks() <= dry.locks_a_batch, "{}", batch.locks());
        }
        // Oldest first.
        let starts: Vec<_> = dry
            .batches
            .iter()
            .flat_map(|batch| &batch.chunks)
            .map(|chunk| chunk.range.expect("a range").start)
            .collect();
        assert!(starts.is_sorted());

        // A run whose time is over goes on later, and says so.
        let hasty = AgePolicy {
            schedule: Schedule {
                max_runtime: "1 millisecond".parse().expect("an interval"),
                ..days("5 days").schedule
            },
            ..days("5 days")
        };
        operated.execute("delete from console_retention").await;
        operated.keep(&m(), &hasty, operated.console.now()).await;
        let run = with_runner(&operated, "a run that was cut short", async || {
            runs(&operated)
                .await
                .into_iter()
                .find(|run| run.ended_at.is_some())
        })
        .await;
        assert_eq!(run.outcome, Some(RetentionOutcome::Partial));
        assert_eq!(
            (run.batches, run.dropped.chunks),
            (1, dry.batches[0].chunks.len() as u64)
        );
        assert!(run.failure.contains("the next run goes on"), "{}", run.failure);
        assert!(operated.next_start(&m()).await <= operated.console.now() + SignedDuration::from_secs(1));

        operated.execute("delete from console_retention").await;
        operated.keep(&m(), &days("5 days"), operated.console.now()).await;
        let run = run_now(&operated, &m()).await;
        assert_eq!(run.outcome, Some(RetentionOutcome::Succeeded), "{run:?}");
        assert_eq!(run.batches, dry.batches.len() as u64 - 1);
    }
}

#[tokio::test]
async fn a_reader_that_holds_a_chunk_makes_the_run_give_up_and_is_named_and_it_is_tried_again() {
    let test = "a_reader_that_holds_a_chunk_makes_the_run_give_up_and_is_named_and_it_is_tried_again";
    if let Some(database) = apache_database(test, DAYS).await {
        let (_directory, state) = state_file();
        let operated = operate(&state, &database.url()).await;
        let now = operated.console.now();
        operated.keep(&m(), &days("30 days"), now).await;
        let held = chunks(&database, "m").await;
        let reading = reader(&database, &oldest_chunk(&operated).await).await;
        let started = std::time::Instant::now();
        let run = with_runner(&operated, "the run gives up", async || {
            runs(&operated)
                .await
                .into_iter()
                .find(|run| run.ended_at.is_some())
        })
        .await;
        assert!(
            started.elapsed() < Duration::from_secs(15),
            "{:?}",
            started.elapsed()
        );
        assert_eq!(run.outcome, Some(RetentionOutcome::Failed));
        assert_eq!(run.dropped.chunks, 0);
        assert!(
            run.failure.contains("a slow report") && run.failure.contains("55P03"),
            "{}",
            run.failure
        );
        assert_eq!(chunks(&database, "m").await, held);
        let status = &operated
            .console
            .retention_statuses(&admin(), FACTORY)
            .await
            .expect("statuses")[0];
        assert_eq!(
            (status.failures_in_a_row, status.keeper),
            (1, RetentionKeeper::Console)
        );
        assert_eq!(status.last_run.as_ref().expect("a run").id, run.id);
        // Five minutes later, not at the next day.
        let next = status.next_start.expect("a next start");
        assert_eq!(next.as_second() - now.as_second(), 300);

        drop(reading);
        operated.clock.advance(301);
        let run = with_runner(&operated, "it is tried again", async || {
            runs(&operated)
                .await
                .into_iter()
                .find(|of| of.id > run.id && of.ended_at.is_some())
        })
        .await;
        assert_eq!(run.outcome, Some(RetentionOutcome::Succeeded), "{run:?}");
        let status = &operated
            .console
            .retention_statuses(&admin(), FACTORY)
            .await
            .expect("statuses")[0];
        assert_eq!(status.failures_in_a_row, 0);
        let next = status.next_start.expect("a next start");
        assert_eq!(next.as_second() - operated.console.now().as_second(), 86_400);
    }
}

#[tokio::test]
async fn of_two_consoles_on_one_state_store_one_runs() {
    let test = "of_two_consoles_on_one_state_store_one_runs";
    let tables: String = (1..=5).fold(String::new(), |sql, number| {
        sql + &format!(
            "create table t{number} (t timestamptz not null); select create_hypertable('t{number}', by_range('t', interval '1 day'));
             insert into t{number} select now() - i * interval '1 day' from generate_series(0, 20) i;"
        )
    });
    if let Some(database) = apache_database(test, &tables).await {
        let state = TestDatabase::plain(&database.url().parse().expect("a URL")).await;
        let first = operate(&state.url(), &database.url()).await;
        let second = operate(&state.url(), &database.url()).await;
        for number in 1..=5 {
            let table = TableName::new("public", format!("t{number}"));
            first.keep(&table, &days("10 days"), first.console.now()).await;
        }
        let (stop, stopped) = watch::channel(false);
        let runners = [&first, &second]
            .map(|of| tokio::spawn(run_retention_every(of.console.clone(), stopped.clone(), OFTEN)));
        eventually("everything has run", async || {
            let runs = runs(&first).await;
            (runs.iter().filter(|run| run.ended_at.is_some()).count() >= 5).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        stop.send_replace(true);
        for runner in runners {
            runner.await.expect("the runner ends");
        }
        let runs = runs(&first).await;
        assert_eq!(runs.len(), 5);
        for run in runs {
            assert_eq!(
                (run.outcome, run.trigger),
                (Some(RetentionOutcome::Succeeded), RetentionTrigger::Schedule)
            );
            assert!(run.dropped.chunks >= 10);
        }
    }
}

#[tokio::test]
async fn a_missed_run_is_made_up_for_once() {
    if let Some(database) = apache_database("a_missed_run_is_made_up_for_once", DAYS).await {
        let (_directory, state) = state_file();
        let operated = operate(&state, &database.url()).await;
        let now = operated.console.now();
        let before = |days: i64| now - SignedDuration::from_hours(24 * days);
        let policy = AgePolicy {
            schedule: Schedule {
                fixed: true,
                initial_start: Some(before(20) + SignedDuration::from_hours(6)),
                ..days("30 days").schedule
            },
            ..days("30 days")
        };
        operated.keep(&m(), &policy, before(3)).await;
        let at = with_runner(&operated, "it is put off a little", async || {
            Some(operated.next_start(&m()).await).filter(|at| *at >= now)
        })
        .await;
        assert!(at <= now + SignedDuration::from_mins(10), "{at}");
        if at > now {
            assert_eq!(runs(&operated).await.len(), 0);
        }
        operated.clock.advance(601);
        with_runner(&operated, "it is made up for", async || {
            runs(&operated)
                .await
                .into_iter()
                .find(|run| run.ended_at.is_some())
        })
        .await;
        let (stop, stopped) = watch::channel(false);
        let runner = tokio::spawn(run_retention_every(operated.console.clone(), stopped, OFTEN));
        tokio::time::sleep(OFTEN * 5).await;
        stop.send_replace(true);
        runner.await.expect("the runner ends");
        assert_eq!(runs(&operated).await.len(), 1);
        // Then at its fixed times again.
        let next = operated.next_start(&m()).await;
        assert_eq!((next.as_second() - before(20).as_second()) % 86_400, 6 * 3600);
        assert!(
            next > operated.console.now() && next < operated.console.now() + SignedDuration::from_hours(24)
        );
    }
}

#[tokio::test]
async fn a_daily_run_stays_at_its_hour_when_summer_time_ends() {
    if let Some(database) = apache_database("a_daily_run_stays_at_its_hour_when_summer_time_ends", DAYS).await
    {
        let (_directory, state) = state_file();
        let at = |text: &str| text.parse::<Timestamp>().expect("a moment");
        // 04:30 in Berlin, the day before its clocks are put back.
        let clock = Arc::new(FixedClock(std::sync::Mutex::new(at("2026-10-24T02:30:00Z"))));
        let operated = operate_unread(&state, &database.url(), clock).await;
        let policy = AgePolicy {
            schedule: Schedule {
                fixed: true,
                initial_start: Some(at("2026-10-01T02:30:00Z")),
                timezone: Some("Europe/Berlin".to_owned()),
                ..days("30 days").schedule
            },
            ..days("30 days")
        };
        operated.keep(&m(), &policy, at("2026-10-24T02:30:00Z")).await;
        for next in ["2026-10-25T03:30:00Z", "2026-10-26T03:30:00Z"] {
            let moved = with_runner(&operated, "it has run", async || {
                let start = operated.next_start(&m()).await;
                (start > operated.console.now()).then_some(start)
            })
            .await;
            assert_eq!(moved, at(next));
            *operated.clock.0.lock().expect("the clock") = at(next);
        }
    }
}

/// What the second process does: begins a run, and lives until it is killed.
async fn be_killed(state: &str, database: &str) -> ! {
    let operated = operate(state, database).await;
    operated
        .console
        .run_retention_now(&admin(), FACTORY, &m())
        .await
        .expect("begun");
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn a_killed_console_leaves_a_run_that_is_told_truly() {
    let test = "a_killed_console_leaves_a_run_that_is_told_truly";
    if let (Ok(state), Ok(database)) = (std::env::var("CHILD_STATE"), std::env::var("CHILD_DATABASE")) {
        be_killed(&state, &database).await;
    }
    if let Some(database) = many_locks(test, 40).await {
        for is_dropped_unseen in [false, true] {
            let (_directory, state) = state_file();
            let operated = operate(&state, &database.url()).await;
            database
                .execute(
                    "insert into m select now() - i * interval '1 day', i, i from generate_series(0, 40) i",
                )
                .await;
            operated
                .keep(
                    &m(),
                    &days("5 days"),
                    operated.console.now() + SignedDuration::from_hours(1),
                )
                .await;
            let dry = operated
                .console
                .dry_run_retention(&admin(), FACTORY, &m())
                .await
                .expect("a dry run");
            let [first, second, ..] = dry.batches.as_slice() else {
                panic!("several batches");
            };
            let held = second.chunks.last().expect("a chunk").name.as_identifier();
            let reading = reader(&database, &held).await;
            let before = chunks(&database, "m").await.len() as u64;
            let mut child = tokio::process::Command::new(std::env::current_exe().expect("this test"))
                .args([test, "--exact", "--nocapture"])
                .env("CHILD_STATE", &state)
                .env("CHILD_DATABASE", database.url())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .expect("a second console");
            // The first batch is dropped, the second waits for the reader.
            eventually("the second batch is begun", async || {
                let open = operated
                    .number("select count(*) from retention_batches where number = 1 and is_settled = 0")
                    .await;
                (open == 1).then_some(())
            })
            .await;
            child.kill().await.expect("killed");
            drop(reading);
            // The server notices that its client is gone.
            support::until(
                &database,
                "select not exists (select from pg_locks where locktype = 'advisory' and database =
                   (select oid from pg_database where datname = current_database()))",
            )
            .await;
            if is_dropped_unseen {
                // As if it had been killed right after the commit.
                database.execute(&second.statement).await;
            }
            let run = runs(&operated).await.remove(0);
            assert_eq!((run.outcome, run.is_silent), (None, false));
            operated.clock.advance(120);
            assert!(runs(&operated).await[0].is_silent);
            let run = with_runner(&operated, "it is settled", async || {
                runs(&operated)
                    .await
                    .into_iter()
                    .find(|run| run.ended_at.is_some())
            })
            .await;
            assert_eq!(run.outcome, Some(RetentionOutcome::Interrupted));
            let gone = before - chunks(&database, "m").await.len() as u64;
            assert_eq!(run.dropped.chunks, gone, "is_dropped_unseen {is_dropped_unseen}");
            let expected = if is_dropped_unseen {
                first.sum().plus(second.sum())
            } else {
                first.sum()
            };
            assert_eq!(run.dropped, expected);
            let events = operated.audit(Action::RunRetention).await;
            assert_eq!(events[0].outcome, Some(Outcome::Failed));
            assert!(
                events[0].detail.starts_with(&format!("dropped {gone} chunks")),
                "{}",
                events[0].detail
            );
        }
    }
}

#[tokio::test]
async fn ending_a_run_ends_its_statement_on_the_server() {
    if let Some(database) = apache_database("ending_a_run_ends_its_statement_on_the_server", DAYS).await {
        let (_directory, state) = state_file();
        let operated = operate(&state, &database.url()).await;
        operated
            .keep(&m(), &days("30 days"), operated.console.now())
            .await;
        let held = chunks(&database, "m").await;
        let _reading = reader(&database, &oldest_chunk(&operated).await).await;
        let console = &operated.console;
        let id = console
            .run_retention_now(&admin(), FACTORY, &m())
            .await
            .expect("begun");
        let again = console.run_retention_now(&admin(), FACTORY, &m()).await;
        assert!(matches!(again, Err(ActionRefused::RunsAlready(of)) if of == id));
        support::until(
            &database,
            "select exists (select from pg_stat_activity where datname = current_database() and query like 'SELECT drop_chunks%' and wait_event_type = 'Lock')",
        )
        .await;
        console
            .cancel_retention_run(&admin(), FACTORY, id)
            .await
            .expect("asked for");
        let started = std::time::Instant::now();
        let run = ended(&operated, id).await;
        assert!(
            started.elapsed() < Duration::from_secs(4),
            "{:?}",
            started.elapsed()
        );
        assert_eq!(run.outcome, Some(RetentionOutcome::Cancelled));
        assert_eq!(run.cancelled_by.as_deref(), Some("the command line"));
        let working = database
            .number("select count(*) from pg_stat_activity where datname = current_database() and query like 'SELECT drop_chunks%' and state = 'active'")
            .await;
        assert_eq!(working, 0);
        assert_eq!(chunks(&database, "m").await, held);
        let ended = console.cancel_retention_run(&admin(), FACTORY, id).await;
        assert!(matches!(ended, Err(ActionRefused::Ended(..))));
    }
}

#[tokio::test]
async fn a_lost_session_leaves_a_run_that_is_told_truly() {
    let test = "a_lost_session_leaves_a_run_that_is_told_truly";
    if let Some(database) = apache_database(test, DAYS).await {
        let (_directory, state) = state_file();
        let operated = operate(&state, &database.url()).await;
        operated
            .keep(&m(), &days("30 days"), operated.console.now())
            .await;
        let held = chunks(&database, "m").await;
        let _reading = reader(&database, &oldest_chunk(&operated).await).await;
        let id = operated
            .console
            .run_retention_now(&admin(), FACTORY, &m())
            .await
            .expect("begun");
        support::until(
            &database,
            "select count(pg_terminate_backend(pid)) > 0 from pg_stat_activity where datname = current_database()
               and query like 'SELECT drop_chunks%' and wait_event_type = 'Lock'",
        )
        .await;
        let run = ended(&operated, id).await;
        assert_eq!(
            (run.outcome, run.dropped.chunks),
            (Some(RetentionOutcome::Failed), 0)
        );
        assert!(
            run.failure.contains("connection to the database"),
            "{}",
            run.failure
        );
        assert_eq!(chunks(&database, "m").await, held);
    }
}

#[tokio::test]
async fn a_failure_is_kept_and_told() {
    if let Some(database) = apache_database("a_failure_is_kept_and_told", DAYS).await {
        let (_directory, state) = state_file();
        let operated = operate(&state, &database.url()).await;
        let gone = TableName::new("public", "gone");
        operated
            .keep(&gone, &days("30 days"), operated.console.now())
            .await;
        let run = with_runner(&operated, "the run fails", async || {
            runs(&operated)
                .await
                .into_iter()
                .find(|run| run.ended_at.is_some())
        })
        .await;
        assert_eq!(run.outcome, Some(RetentionOutcome::Failed));
        assert_eq!(
            run.failure,
            "There is no hypertable gone any more. Look at the list of tables again."
        );

        // Nobody is there.
        let (_directory, state) = state_file();
        let mut nowhere: url::Url = database.url().parse().expect("a URL");
        nowhere.set_port(Some(1)).expect("a port");
        let operated = operate_unread(&state, nowhere.as_str(), FixedClock::from_now()).await;
        operated
            .keep(&m(), &days("30 days"), operated.console.now())
            .await;
        let run = with_runner(&operated, "the run fails", async || {
            runs(&operated)
                .await
                .into_iter()
                .find(|run| run.ended_at.is_some())
        })
        .await;
        assert_eq!(run.outcome, Some(RetentionOutcome::Failed));
        assert!(
            run.failure.contains("connection to the database"),
            "{}",
            run.failure
        );
        assert_eq!(runs(&operated).await.len(), 1);
        assert!(operated.next_start(&m()).await > operated.console.now());
    }
}

#[tokio::test]
async fn on_community_the_runner_leaves_tables_alone_and_says_so() {
    let test = "on_community_the_runner_leaves_tables_alone_and_says_so";
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let (_directory, state) = state_file();
    for has_read in [true, false] {
        let clock = FixedClock::from_now();
        let operated = operate_unread(&state, &database.url(), clock).await;
        if has_read {
            operated.refresh().await;
            operated
                .keep(&m(), &days("30 days"), operated.console.now())
                .await;
        }
        let before = operated.next_start(&m()).await;
        let (stop, stopped) = watch::channel(false);
        let runner = tokio::spawn(run_retention_every(operated.console.clone(), stopped, OFTEN));
        tokio::time::sleep(OFTEN * 8).await;
        stop.send_replace(true);
        runner.await.expect("the runner ends");
        assert_eq!(runs(&operated).await.len(), 0);
        assert_eq!(operated.next_start(&m()).await, before);
        let refused = operated
            .console
            .run_retention_now(&admin(), FACTORY, &m())
            .await
            .expect_err("refused");
        assert!(matches!(&refused, ActionRefused::ServerDrops(_)), "{refused}");
        if has_read {
            let status = &operated
                .console
                .retention_statuses(&admin(), FACTORY)
                .await
                .expect("statuses")[0];
            assert_eq!(
                (status.keeper, status.next_start),
                (RetentionKeeper::Server, None)
            );
        }
    }
    assert_eq!(chunks(&database, "m").await.len(), 41);
}

#[tokio::test]
async fn retention_is_for_those_who_change_policies() {
    if let Some(database) = apache_database("retention_is_for_those_who_change_policies", DAYS).await {
        let (_directory, state) = state_file();
        let operated = operate(&state, &database.url()).await;
        operated
            .keep(&m(), &days("30 days"), operated.console.now())
            .await;
        let console = &operated.console;
        for permission in [
            Permission::ViewStatus,
            Permission::OperateJobs,
            Permission::ManageUsers,
        ] {
            let granted = Granted::of_command_line(permission);
            assert!(console.retention_statuses(&granted, FACTORY).await.is_err());
            assert!(
                console
                    .retention_runs(&granted, FACTORY, None, None, 10)
                    .await
                    .is_err()
            );
            assert!(console.dry_run_retention(&granted, FACTORY, &m()).await.is_err());
            assert!(console.run_retention_now(&granted, FACTORY, &m()).await.is_err());
            assert!(console.cancel_retention_run(&granted, FACTORY, 1).await.is_err());
        }
        let details = Granted::of_command_line(Permission::ViewDetails);
        assert!(console.retention_statuses(&details, FACTORY).await.is_ok());
        assert!(console.run_retention_now(&details, FACTORY, &m()).await.is_err());
        let unknown = console
            .run_retention_now(&admin(), FACTORY, &TableName::new("public", "n"))
            .await;
        assert!(matches!(unknown, Err(ActionRefused::NotKept(_))));
        assert_eq!(runs(&operated).await.len(), 0);
    }
}

#[tokio::test]
async fn a_function_of_somebody_else_is_not_called_as_a_superuser() {
    let tables = "
        create table ticks (tick bigint not null, v int);
        select create_hypertable('ticks', by_range('tick', 100));
        create function ticks_now() returns bigint language sql stable as 'select max(tick) from ticks';
        select set_integer_now_func('ticks', 'ticks_now');
        insert into ticks select i, 1 from generate_series(0, 1999, 10) i;";
    let test = "a_function_of_somebody_else_is_not_called_as_a_superuser";
    if let Some(database) = apache_database(test, tables).await {
        let role = format!("{}_owner", database.name);
        database
            .execute(&format!(
                "create role {role}; alter function ticks_now() owner to {role}"
            ))
            .await;
        let (_directory, state) = state_file();
        let operated = operate(&state, &database.url()).await;
        let ticks = TableName::new("public", "ticks");
        let policy = AgePolicy {
            threshold: Threshold::After(TimeSpan::Number(1000)),
            ..days("1 day")
        };
        operated.keep(&ticks, &policy, operated.console.now()).await;
        let refused = operated
            .console
            .dry_run_retention(&admin(), FACTORY, &ticks)
            .await;
        let refused = refused.expect_err("refused").to_string();
        assert!(refused.contains("no superuser"), "{refused}");
        database
            .execute(&format!(
                "alter function ticks_now() owner to current_user; drop role {role}"
            ))
            .await;
    }
}

#[tokio::test]
async fn stopping_the_console_ends_a_run_and_keeps_how_it_ended() {
    if let Some(database) =
        apache_database("stopping_the_console_ends_a_run_and_keeps_how_it_ended", DAYS).await
    {
        let (_directory, state) = state_file();
        let operated = operate(&state, &database.url()).await;
        operated
            .keep(&m(), &days("30 days"), operated.console.now())
            .await;
        let held = chunks(&database, "m").await;
        let _reading = reader(&database, &oldest_chunk(&operated).await).await;
        let (stop, stopped) = watch::channel(false);
        let keeping = tokio::spawn(keep_actions(operated.console.clone(), stopped.clone()));
        let runner = tokio::spawn(run_retention_every(operated.console.clone(), stopped, OFTEN));
        eventually("it runs", async || runs(&operated).await.pop()).await;
        stop.send_replace(true);
        keeping.await.expect("ends");
        runner.await.expect("ends");
        let run = runs(&operated).await.remove(0);
        assert_eq!(run.outcome, Some(RetentionOutcome::Interrupted), "{run:?}");
        assert_eq!(chunks(&database, "m").await, held);
        let refused = operated.console.run_retention_now(&admin(), FACTORY, &m()).await;
        assert!(matches!(refused, Err(ActionRefused::Stopping)));
    }
}
