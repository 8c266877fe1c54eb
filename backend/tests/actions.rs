//! Actions on chunks, continuous aggregates and jobs, against real servers.

mod operating;
mod support;

use std::process::Stdio;
use std::time::{Duration, Instant};

use backend::actions::{ActionRefused, keep_actions};
use backend::auth::Granted;
use domain::action::{
    Action, ActionOutcome, ActionPreview, ActionRequest, ActionRun, ActionTarget, ActionWarning, Skip,
    TargetRun, TargetState, UnfitRequest,
};
use domain::audit::{self, Outcome};
use domain::role::Permission;
use domain::table_name::TableName;
use operating::{
    FACTORY, Operated, admin, apache_database, community_database, eventually, operate, operator, state_file,
};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use support::{Server, TestDatabase, execute, server_url, until};
use tokio::sync::watch;

/// Twenty days in chunks of a day, and compression.
const DAYS: &str = "
    create table m (t timestamptz not null, k int, v float);
    select create_hypertable('m', by_range('t', interval '1 day'));
    insert into m select now() - i * interval '1 minute', i % 7, sin(i) from generate_series(0, 1440 * 20) i;
    alter table m set (timescaledb.compress, timescaledb.compress_segmentby = 'k',
      timescaledb.compress_orderby = 't desc');";

fn m() -> TableName {
    TableName::new("public", "m")
}

fn on_table(action: Action) -> ActionRequest {
    ActionRequest {
        action,
        targets: vec![ActionTarget::Table(m())],
    }
}

fn on_chunks(action: Action, chunks: &[String]) -> ActionRequest {
    ActionRequest {
        action,
        targets: chunks
            .iter()
            .map(|chunk| ActionTarget::Chunk {
                table: m(),
                chunk: TableName::from_qualified(chunk).expect("a name"),
            })
            .collect(),
    }
}

fn on_job(action: Action, id: i32) -> ActionRequest {
    ActionRequest {
        action,
        targets: vec![ActionTarget::Job(id)],
    }
}

async fn preview(operated: &Operated, request: &ActionRequest) -> ActionPreview {
    operated
        .console
        .preview_action(&admin(), FACTORY, request)
        .await
        .unwrap_or_else(|error| panic!("{request:?}: {error}"))
}

/// What was previewed is started as the preview wants it.
async fn start_as(
    operated: &Operated,
    granted: &Granted,
    request: &ActionRequest,
) -> Result<i64, ActionRefused> {
    let preview = operated.console.preview_action(granted, FACTORY, request).await?;
    let name = preview.needs_typed_name.unwrap_or_default();
    operated
        .console
        .start_action(granted, FACTORY, request.clone(), &name, &preview.fingerprint)
        .await
}

async fn start(operated: &Operated, request: &ActionRequest) -> i64 {
    start_as(operated, &admin(), request)
        .await
        .unwrap_or_else(|error| panic!("{request:?}: {error}"))
}

async fn action(operated: &Operated, id: i64) -> ActionRun {
    operated
        .console
        .action(&admin(), FACTORY, id)
        .await
        .expect("the action")
}

async fn ended(operated: &Operated, id: i64) -> ActionRun {
    eventually("the action ends", async || {
        Some(action(operated, id).await).filter(|run| run.ended_at.is_some())
    })
    .await
}

async fn done(operated: &Operated, request: &ActionRequest) -> ActionRun {
    let id = start(operated, request).await;
    let run = ended(operated, id).await;
    assert_eq!(run.outcome, Some(ActionOutcome::Succeeded), "{run:?}");
    run
}

/// The chunks of the table, the oldest first.
async fn chunks(database: &TestDatabase) -> Vec<String> {
    let mut connection = database.connect().await;
    sqlx::query_scalar(
        "select format('%I.%I', chunk_schema, chunk_name) from timescaledb_information.chunks
         where hypertable_name = 'm' order by range_start",
    )
    .fetch_all(&mut connection)
    .await
    .expect("the chunks")
}

async fn text(database: &TestDatabase, sql: &str) -> String {
    let mut connection = database.connect().await;
    sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(sql.to_owned()))
        .fetch_one(&mut connection)
        .await
        .expect(sql)
        .unwrap_or_default()
}

async fn compressed(database: &TestDatabase) -> i64 {
    database
        .number("select count(*) from timescaledb_information.chunks where hypertable_name = 'm' and is_compressed")
        .await
}

async fn size(database: &TestDatabase) -> u64 {
    let bytes = database
        .number("select sum(total_bytes)::int8 from chunks_detailed_size('m')")
        .await;
    u64::try_from(bytes).expect("a size")
}

/// A session in the middle of something.
async fn busy(database: &TestDatabase, statement: &str) -> PgConnection {
    let mut connection = database.connect().await;
    execute(
        &mut connection,
        &format!("set application_name = 'a slow loader'; begin; {statement}"),
    )
    .await;
    connection
}

#[tokio::test]
async fn chunks_are_compressed_and_decompressed_and_every_outcome_is_listed() {
    let test = "chunks_are_compressed_and_decompressed_and_every_outcome_is_listed";
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let state = TestDatabase::plain(&database.url().parse().expect("a URL")).await;
    let operated = operate(&state.url(), &database.url()).await;
    let all = chunks(&database).await;

    let few = done(&operated, &on_chunks(Action::Compress, &all[1..4])).await;
    assert_eq!(few.title, "Compressing 3 chunks of m");
    assert_eq!((few.counts.done, few.counts.total()), (3, 3));
    assert_eq!(compressed(&database).await, 3);
    for target in &few.targets {
        assert!(
            target.bytes_after < target.bytes_before && target.duration_ms.is_some(),
            "{target:?}"
        );
        assert!(
            target.statement.starts_with("CALL convert_to_columnstore("),
            "{}",
            target.statement
        );
    }

    // Of those that are compressed nothing is done; of the others it is known by now what is left.
    let rest = preview(&operated, &on_chunks(Action::Compress, &all[1..7])).await;
    assert_eq!((rest.totals.handled, rest.totals.skipped), (3, 3));
    assert_eq!(rest.targets[0].skip, Some(Skip::AlreadyCompressed));
    assert_eq!(rest.needs_typed_name, None);
    let run = done(&operated, &on_chunks(Action::Compress, &all[1..7])).await;
    assert_eq!((run.counts.done, run.counts.skipped), (3, 3));
    let after: u64 = run.targets.iter().filter_map(|target| target.bytes_after).sum();
    assert_eq!(
        rest.totals.bytes_after,
        Some(after),
        "the estimate is exact for chunks alike"
    );

    let whole = done(&operated, &on_table(Action::Compress)).await;
    assert_eq!(whole.counts.done, all.len() as u64 - 6);
    let nothing = operated
        .console
        .preview_action(&admin(), FACTORY, &on_table(Action::Compress))
        .await;
    assert!(matches!(nothing, Err(ActionRefused::NothingToDo(_))));

    let before = size(&database).await;
    let back = preview(&operated, &on_table(Action::Decompress)).await;
    assert_eq!(back.totals.bytes, before);
    let [ActionWarning::Decompresses(decompression)] = back.warnings.as_slice() else {
        panic!("{:?}", back.warnings);
    };
    assert!(decompression.needed_bytes > before && decompression.duration_ms > 0);
    let run = done(&operated, &on_table(Action::Decompress)).await;
    assert_eq!(run.counts.done, all.len() as u64);
    assert_eq!(compressed(&database).await, 0);

    let listed = operated
        .console
        .actions(&admin(), FACTORY, None, None, 10)
        .await
        .expect("listed");
    assert_eq!(listed.len(), 4);
    assert_eq!(
        (listed[0].id, listed[0].counts, listed[0].targets.len()),
        (run.id, run.counts, 0)
    );
    let events = operated.audit(audit::Action::CompressChunks).await;
    assert_eq!(events.len(), 3);
    let first = events.last().expect("an event");
    assert_eq!(
        (first.outcome, first.target.as_str()),
        (Some(Outcome::Succeeded), "3 chunks of m")
    );
    assert!(first.detail.starts_with("3 done; "), "{}", first.detail);
}

#[tokio::test]
async fn chunks_are_compressed_anew_after_the_settings_changed() {
    let test = "chunks_are_compressed_anew_after_the_settings_changed";
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let (_directory, state) = state_file();
    let operated = operate(&state, &database.url()).await;
    let all = chunks(&database).await;
    done(&operated, &on_chunks(Action::Compress, &all[..4])).await;
    let same = operated
        .console
        .preview_action(&admin(), FACTORY, &on_table(Action::Recompress))
        .await;
    assert!(matches!(same, Err(ActionRefused::NothingToDo(_))));
    database
        .execute("alter table m set (timescaledb.compress_segmentby = '')")
        .await;
    // One of them has later rows beside.
    database
        .execute("insert into m select t + interval '1 second', k, v from m order by t limit 5")
        .await;
    let run = done(&operated, &on_table(Action::Recompress)).await;
    assert_eq!(run.counts.done, 4);
    let other = database
        .number(
            "select count(*) from _timescaledb_catalog.compression_settings
             where compress_relid is not null and segmentby is not null and cardinality(segmentby) > 0",
        )
        .await;
    assert_eq!(other, 0);
    let again = operated
        .console
        .preview_action(&admin(), FACTORY, &on_table(Action::Recompress))
        .await;
    assert!(matches!(again, Err(ActionRefused::NothingToDo(_))), "{again:?}");
}

#[tokio::test]
async fn a_frozen_chunk_is_left_alone_until_it_is_unfrozen() {
    let test = "a_frozen_chunk_is_left_alone_until_it_is_unfrozen";
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let (_directory, state) = state_file();
    let operated = operate(&state, &database.url()).await;
    let all = chunks(&database).await;
    done(&operated, &on_chunks(Action::Freeze, &all[..1])).await;
    for action in [Action::Freeze, Action::Compress, Action::Drop] {
        let preview = preview(&operated, &on_chunks(action.clone(), &all[..2])).await;
        assert_eq!(preview.targets[0].skip, Some(Skip::Frozen), "{action:?}");
        assert_eq!(preview.targets[1].skip, None);
    }
    let older = Action::DropOlderThan {
        older_than: "17 days".to_owned(),
    };
    let preview = preview(&operated, &on_table(older)).await;
    assert_eq!(preview.targets[0].skip, Some(Skip::Frozen));
    assert!(preview.totals.handled >= 2);
    done(&operated, &on_chunks(Action::Unfreeze, &all[..1])).await;
    let run = done(&operated, &on_chunks(Action::Drop, &all[..1])).await;
    assert_eq!(run.targets[0].bytes_after, Some(0));
    assert_eq!(chunks(&database).await, all[1..]);
}

#[tokio::test]
async fn what_is_older_is_dropped_once_its_name_is_typed_and_nothing_changed_meanwhile() {
    let test = "what_is_older_is_dropped_once_its_name_is_typed_and_nothing_changed_meanwhile";
    let tables = format!(
        "{DAYS}
         create materialized view hourly with (timescaledb.continuous) as
           select time_bucket('1 hour', t) as hour, k, avg(v) from m group by 1, 2 with no data;"
    );
    let Some(database) = community_database(test, &tables).await else {
        return;
    };
    let (_directory, state) = state_file();
    let operated = operate(&state, &database.url()).await;
    let console = &operated.console;
    let request = on_table(Action::DropOlderThan {
        older_than: "10 days".to_owned(),
    });
    let due = database
        .number("select count(*) from show_chunks('m', older_than => interval '10 days')")
        .await;
    let before = (
        size(&database).await,
        database.number("select count(*) from m").await,
    );
    let seen = preview(&operated, &request).await;
    assert_eq!(i64::try_from(seen.totals.handled), Ok(due));
    assert_eq!(seen.needs_typed_name.as_deref(), Some("m"));
    let hourly = TableName::new("public", "hourly");
    assert!(
        seen.warnings
            .contains(&ActionWarning::ErasesFromAggregates(vec![hourly])),
        "{:?}",
        seen.warnings
    );

    for typed in ["", "M", "hourly"] {
        let refused = console
            .start_action(&admin(), FACTORY, request.clone(), typed, &seen.fingerprint)
            .await;
        assert!(matches!(refused, Err(ActionRefused::NameNotTyped(name)) if name == "m"));
    }
    // Somebody loads an old day.
    database
        .execute("insert into m values (now() - interval '40 days', 1, 1)")
        .await;
    let refused = console
        .start_action(&admin(), FACTORY, request.clone(), "m", &seen.fingerprint)
        .await
        .expect_err("changed")
        .to_string();
    assert!(
        refused.contains(&format!("there were {due} targets, now there are {}", due + 1))
            && refused.contains("_chunk"),
        "{refused}"
    );
    database
        .execute("select drop_chunks('m', older_than => interval '35 days')")
        .await;
    let id = console
        .start_action(&admin(), FACTORY, request.clone(), " m ", &seen.fingerprint)
        .await
        .expect("as it was seen");
    let run = ended(&operated, id).await;
    assert_eq!(run.outcome, Some(ActionOutcome::Succeeded));
    let left = database
        .number("select count(*) from show_chunks('m', older_than => interval '10 days')")
        .await;
    assert_eq!(left, 0);
    assert_eq!(before.0 - size(&database).await, seen.totals.bytes);
    let lost = before.1 - database.number("select count(*) from m").await;
    assert_eq!(u64::try_from(lost), Ok(seen.totals.rows));
    // Text that says nothing.
    let unfit = on_table(Action::DropOlderThan {
        older_than: "soon".to_owned(),
    });
    let refused = console.preview_action(&admin(), FACTORY, &unfit).await;
    assert!(matches!(refused, Err(ActionRefused::Unfit(_))));
}

#[tokio::test]
async fn the_apache_edition_drops_chunks_and_refuses_what_it_has_not() {
    let test = "the_apache_edition_drops_chunks_and_refuses_what_it_has_not";
    let (tables, _) = DAYS.split_once("alter table").expect("two parts");
    let Some(database) = apache_database(test, tables).await else {
        return;
    };
    let (_directory, state) = state_file();
    let operated = operate(&state, &database.url()).await;
    let all = chunks(&database).await;
    let gone = TableName::new("_timescaledb_internal", "gone");
    let mut request = on_chunks(Action::Drop, &[all[0].clone(), all[4].clone()]);
    request.targets.push(ActionTarget::Chunk {
        table: m(),
        chunk: gone,
    });
    let run = done(&operated, &request).await;
    assert_eq!((run.counts.done, run.counts.skipped), (2, 1));
    let left: Vec<String> = all
        .iter()
        .filter(|chunk| **chunk != all[0] && **chunk != all[4])
        .cloned()
        .collect();
    assert_eq!(chunks(&database).await, left);
    let older = Action::DropOlderThan {
        older_than: "10 days".to_owned(),
    };
    done(&operated, &on_table(older)).await;
    let old = database
        .number("select count(*) from show_chunks('m', older_than => interval '10 days')")
        .await;
    assert_eq!(old, 0);
    for action in [
        Action::Compress,
        Action::Decompress,
        Action::Recompress,
        Action::Freeze,
        Action::Unfreeze,
    ] {
        let refused = operated
            .console
            .preview_action(&admin(), FACTORY, &on_table(action))
            .await;
        let refused = refused.expect_err("refused");
        assert!(matches!(refused, ActionRefused::NeedsCommunity), "{refused}");
        assert!(refused.to_string().contains("needs the Community edition"));
    }
}

#[tokio::test]
async fn chunks_that_share_a_range_are_dropped_one_by_one() {
    let test = "chunks_that_share_a_range_are_dropped_one_by_one";
    let tables = "
        create table m (t timestamptz not null, k int);
        select create_hypertable('m', by_range('t', interval '1 day'));
        select add_dimension('m', by_hash('k', 4));
        insert into m select now() - i * interval '1 day', k from generate_series(0, 3) i, generate_series(1, 40) k;";
    let Some(database) = apache_database(test, tables).await else {
        return;
    };
    let (_directory, state) = state_file();
    let operated = operate(&state, &database.url()).await;
    let all = chunks(&database).await;
    done(&operated, &on_chunks(Action::Drop, &all[1..2])).await;
    assert_eq!(chunks(&database).await.len(), all.len() - 1);
    assert!(!chunks(&database).await.contains(&all[1]));
}

#[tokio::test]
async fn one_failure_does_not_stop_the_rest_and_says_who_is_in_the_way() {
    let test = "one_failure_does_not_stop_the_rest_and_says_who_is_in_the_way";
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let (_directory, state) = state_file();
    let operated = operate(&state, &database.url()).await;
    let all = chunks(&database).await;
    let _loader = busy(&database, &format!("update {} set v = 0", all[1])).await;
    let request = on_chunks(Action::Compress, &all[..3]);
    let id = start(&operated, &request).await;
    // Progress is readable while it runs.
    eventually("the second is under way", async || {
        let run = action(&operated, id).await;
        (run.targets[0].state == TargetState::Done && run.targets[1].state == TargetState::Running)
            .then_some(())
    })
    .await;
    let run = ended(&operated, id).await;
    let states: Vec<TargetState> = run.targets.iter().map(|target| target.state).collect();
    assert_eq!(
        states,
        [TargetState::Done, TargetState::Failed, TargetState::Done]
    );
    assert_eq!(run.outcome, Some(ActionOutcome::Failed));
    let failed = &run.targets[1];
    assert!(
        failed.detail.contains("a slow loader")
            && failed.detail.contains("55P03")
            && failed.detail.contains("Tried 3 times"),
        "{}",
        failed.detail
    );
    let event = operated.audit(audit::Action::CompressChunks).await.remove(0);
    assert_eq!(event.outcome, Some(Outcome::Failed));
    assert!(event.detail.starts_with("2 done, 1 failed"), "{}", event.detail);
}

#[tokio::test]
async fn a_target_whose_session_was_lost_is_told_by_what_the_database_shows() {
    let test = "a_target_whose_session_was_lost_is_told_by_what_the_database_shows";
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let (_directory, state) = state_file();
    let operated = operate(&state, &database.url()).await;
    let all = chunks(&database).await;
    let _loader = busy(&database, &format!("update {} set v = 0", all[1])).await;
    let id = start(&operated, &on_chunks(Action::Compress, &all[1..3])).await;
    until(
        &database,
        "select count(pg_terminate_backend(pid)) > 0 from pg_stat_activity where datname = current_database()
           and query like 'CALL convert%' and wait_event_type = 'Lock'",
    )
    .await;
    let run = ended(&operated, id).await;
    let states: Vec<TargetState> = run.targets.iter().map(|target| target.state).collect();
    assert_eq!(states, [TargetState::Unknown, TargetState::Done]);
    assert_eq!(run.outcome, Some(ActionOutcome::Failed));
    let detail = &run.targets[0].detail;
    assert!(
        detail.ends_with("The database shows it uncompressed."),
        "{detail}"
    );
    // What was done longer ago than the audit trail tells of is forgotten.
    operated.console.remove_expired().await.expect("removed");
    assert!(operated.console.action(&admin(), FACTORY, id).await.is_ok());
    operated.clock.advance(366 * 86_400);
    operated.console.remove_expired().await.expect("removed");
    let gone = operated.console.action(&admin(), FACTORY, id).await;
    assert!(matches!(gone, Err(ActionRefused::Unknown("action", _))));
    assert_eq!(operated.number("select count(*) from action_targets").await, 0);
}

/// A job of somebody's that takes very long.
async fn sleeping_job(database: &TestDatabase) -> i32 {
    database
        .execute(
            "create procedure sleeps(job_id int, config jsonb) language plpgsql as $$ begin perform pg_sleep(600); end $$;",
        )
        .await;
    let id = database
        .number("select add_job('sleeps', '1 day', initial_start => now() + interval '1 day')::int8")
        .await;
    i32::try_from(id).expect("a number")
}

#[tokio::test]
async fn cancelling_ends_the_statement_on_the_server_and_begins_nothing_more() {
    let test = "cancelling_ends_the_statement_on_the_server_and_begins_nothing_more";
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let (_directory, state) = state_file();
    let id = sleeping_job(&database).await;
    let operated = operate(&state, &database.url()).await;
    let sleeps = "select count(*) from pg_stat_activity
        where datname = current_database() and state = 'active' and query ~ 'run_job|sleeps' and pid <> pg_backend_pid()";
    let request = on_job(Action::RunJob, id);
    let started = start(&operated, &request).await;
    until(&database, &format!("select ({sleeps}) = 1")).await;
    // Another console's keeper sees that it lives.
    let other = operate(&state, &database.url()).await;
    let (stop, stopped) = watch::channel(false);
    let keeping = tokio::spawn(keep_actions(other.console.clone(), stopped));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(action(&operated, started).await.outcome, None);
    stop.send_replace(true);
    keeping.await.expect("ends");

    let asked = Instant::now();
    // Asked of another console than the one that runs it.
    other
        .console
        .cancel_action(&admin(), FACTORY, started)
        .await
        .expect("asked for");
    let run = ended(&operated, started).await;
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    assert_eq!(run.outcome, Some(ActionOutcome::Cancelled));
    assert_eq!(run.targets[0].state, TargetState::Cancelled);
    assert_eq!(run.cancelled_by.as_deref(), Some("the command line"));
    assert_eq!(database.number(sleeps).await, 0);

    let all = chunks(&database).await;
    let _loader = busy(&database, &format!("update {} set v = 0", all[0])).await;
    let started = start(&operated, &on_chunks(Action::Compress, &all[..3])).await;
    until(
        &database,
        "select exists (select from pg_stat_activity where datname = current_database() and query like 'CALL convert%'
           and wait_event_type = 'Lock')",
    )
    .await;
    operated
        .console
        .cancel_action(&admin(), FACTORY, started)
        .await
        .expect("asked for");
    let run = ended(&operated, started).await;
    assert_eq!(
        (run.outcome, run.counts.cancelled),
        (Some(ActionOutcome::Cancelled), 3)
    );
    assert!(
        run.targets[1].detail.starts_with("Not begun"),
        "{}",
        run.targets[1].detail
    );
    assert_eq!(compressed(&database).await, 0);
    let again = operated.console.cancel_action(&admin(), FACTORY, started).await;
    assert!(matches!(again, Err(ActionRefused::Ended("action", _))));
    assert_eq!(operated.audit(audit::Action::CancelAction).await.len(), 3);
}

#[tokio::test]
async fn an_aggregate_is_refreshed_over_a_range_and_what_would_be_erased_is_said() {
    let test = "an_aggregate_is_refreshed_over_a_range_and_what_would_be_erased_is_said";
    let tables = format!(
        "{DAYS}
         create materialized view hourly with (timescaledb.continuous, timescaledb.materialized_only = true) as
           select time_bucket('1 hour', t) as hour, k, count(*) as rows from m group by 1, 2 with no data;"
    );
    let Some(database) = community_database(test, &tables).await else {
        return;
    };
    let (_directory, state) = state_file();
    let operated = operate(&state, &database.url()).await;
    let view = TableName::new("public", "hourly");
    let refresh = |from: &str, to: &str| ActionRequest {
        action: Action::Refresh {
            from: from.to_owned(),
            to: to.to_owned(),
        },
        targets: vec![ActionTarget::Aggregate(view.clone())],
    };
    let day = |days: i64| {
        let at = operated.console.now() - jiff::SignedDuration::from_hours(24 * days);
        at.to_string()[..10].to_owned()
    };
    let part = refresh(&day(10), &day(5));
    assert_eq!(
        preview(&operated, &part).await.permission,
        Permission::OperateJobs
    );
    let id = start_as(&operated, &operator(), &part).await.expect("started");
    assert_eq!(ended(&operated, id).await.outcome, Some(ActionOutcome::Succeeded));
    let hours = database.number("select count(distinct hour) from hourly").await;
    assert_eq!(hours, 5 * 24);
    let id = start_as(&operated, &operator(), &refresh("", ""))
        .await
        .expect("started");
    assert_eq!(ended(&operated, id).await.outcome, Some(ActionOutcome::Succeeded));

    // The rows are dropped; the aggregate still has them.
    database
        .execute("select drop_chunks('m', older_than => interval '10 days')")
        .await;
    let refused = operated
        .console
        .preview_action(&operator(), FACTORY, &refresh("", ""))
        .await;
    assert!(
        matches!(
            refused,
            Err(ActionRefused::NotShown(backend::console::NotShown::WrongGrant(_)))
        ),
        "what loses data is an administrator's: {refused:?}"
    );
    let whole = preview(&operated, &refresh("", "")).await;
    assert_eq!(whole.permission, Permission::ChangePolicies);
    assert!(
        matches!(whole.warnings.as_slice(), [ActionWarning::ErasesHistory { aggregate, .. }] if *aggregate == view),
        "{:?}",
        whole.warnings
    );
    assert_eq!(whole.needs_typed_name.as_deref(), Some("hourly"));
    let refused = operated
        .console
        .start_action(&admin(), FACTORY, refresh("", ""), "", &whole.fingerprint)
        .await;
    assert!(matches!(refused, Err(ActionRefused::NameNotTyped(_))));
    let recent = preview_as_operator(&operated, &refresh(&day(8), "")).await;
    assert_eq!((recent.warnings.len(), recent.needs_typed_name), (0, None));
    // A hole in the middle is no better.
    database
        .execute("select drop_chunks('m', older_than => interval '4 days', newer_than => interval '6 days')")
        .await;
    let holed = preview(&operated, &refresh(&day(8), "")).await;
    assert!(
        matches!(holed.warnings.as_slice(), [ActionWarning::ErasesHistory { .. }]),
        "{:?}",
        holed.warnings
    );
    let after = preview_as_operator(&operated, &refresh(&day(3), "")).await;
    assert_eq!(after.warnings, []);
    let backwards = operated
        .console
        .preview_action(&operator(), FACTORY, &refresh(&day(5), &day(10)))
        .await;
    assert!(matches!(backwards, Err(ActionRefused::Unfit(_))));
}

/// Where a preview has the name already.
async fn preview_again(operated: &Operated, request: &ActionRequest) -> ActionPreview {
    preview(operated, request).await
}

async fn preview_as_operator(operated: &Operated, request: &ActionRequest) -> ActionPreview {
    operated
        .console
        .preview_action(&operator(), FACTORY, request)
        .await
        .expect("a preview")
}

#[tokio::test]
async fn pausing_resuming_and_rescheduling_a_job_keeps_everything_else_of_it() {
    let test = "pausing_resuming_and_rescheduling_a_job_keeps_everything_else_of_it";
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let (_directory, state) = state_file();
    let id = database
        .number(
            "select add_compression_policy('m', interval '7 days', schedule_interval => interval '1 day',
               initial_start => date_trunc('day', now()) + interval '3 days 2 hours', timezone => 'Europe/Berlin')::int8",
        )
        .await;
    database
        .execute(&format!(
            "select alter_job({id}, max_runtime => interval '17 minutes', max_retries => 9, timezone => 'Europe/Berlin',
               next_start => date_trunc('hour', now()) + interval '5 hours')"
        ))
        .await;
    let operated = operate(&state, &database.url()).await;
    let job = |without: &str| {
        format!(
            "select (to_jsonb(b) {without} || jsonb_build_object('next', s.next_start))::text
             from _timescaledb_config.bgw_job b join _timescaledb_internal.bgw_job_stat s on s.job_id = b.id where b.id = {id}"
        )
    };
    let whole = text(&database, &job("")).await;
    let rest = text(&database, &job("- 'scheduled'")).await;
    let id = i32::try_from(id).expect("a number");
    done(&operated, &on_job(Action::PauseJob, id)).await;
    assert_eq!(text(&database, &job("- 'scheduled'")).await, rest);
    assert_ne!(text(&database, &job("")).await, whole);
    let paused = preview(&operated, &on_job(Action::PauseJob, id)).await;
    assert_eq!(paused.targets[0].skip, Some(Skip::AlreadyPaused));
    done(&operated, &on_job(Action::ResumeJob, id)).await;
    assert_eq!(text(&database, &job("")).await, whole);

    let at = "2027-01-02T03:04:05Z".parse().expect("a moment");
    done(&operated, &on_job(Action::RescheduleJob { next_start: at }, id)).await;
    let next = text(
        &database,
        &format!("select (next_start at time zone 'utc')::text from _timescaledb_internal.bgw_job_stat where job_id = {id}"),
    )
    .await;
    assert_eq!(next, "2027-01-02 03:04:05");
    let without = |sql: String| sql.replace("|| jsonb_build_object('next', s.next_start)", "");
    let settings = text(&database, &without(job(""))).await;
    assert!(
        settings.contains("Europe/Berlin") && settings.contains("00:17:00"),
        "{settings}"
    );
    assert_eq!(compressed(&database).await, 0);
    let run = done(&operated, &on_job(Action::RunJob, id)).await;
    assert!(run.title.starts_with("Running Compression of m"), "{}", run.title);
    assert!(compressed(&database).await > 10);
}

#[tokio::test]
async fn operators_run_and_pause_what_is_routine_and_nothing_else() {
    let test = "operators_run_and_pause_what_is_routine_and_nothing_else";
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let (_directory, state) = state_file();
    let custom = sleeping_job(&database).await;
    let add = |sql: &str| format!("select {sql}::int8");
    let later = "initial_start => now() + interval '1 day'";
    let compression = database
        .number(&add(&format!(
            "add_compression_policy('m', interval '7 days', {later})"
        )))
        .await;
    let retention = database
        .number(&add(&format!(
            "add_retention_policy('m', interval '15 days', {later})"
        )))
        .await;
    let [compression, retention] = [compression, retention].map(|id| i32::try_from(id).expect("a number"));
    let operated = operate(&state, &database.url()).await;
    let console = &operated.console;
    for (request, permission) in [
        (on_job(Action::RunJob, compression), Permission::OperateJobs),
        (on_job(Action::PauseJob, compression), Permission::OperateJobs),
        (on_job(Action::RunJob, retention), Permission::ChangePolicies),
        (on_job(Action::PauseJob, custom), Permission::ChangePolicies),
        (on_table(Action::Compress), Permission::ChangePolicies),
    ] {
        assert_eq!(
            console.action_permission(FACTORY, &request).expect("decided"),
            permission
        );
        let of_operator = start_as(&operated, &operator(), &request).await;
        if permission == Permission::OperateJobs {
            let run = ended(&operated, of_operator.expect("started")).await;
            assert_eq!(
                (run.outcome, run.permission),
                (Some(ActionOutcome::Succeeded), permission)
            );
        } else {
            assert!(
                matches!(&of_operator, Err(ActionRefused::NotShown(_))),
                "{request:?} {of_operator:?}"
            );
        }
        for other in [
            Permission::ViewDetails,
            Permission::ViewStatus,
            Permission::ManageUsers,
        ] {
            let granted = Granted::of_command_line(other);
            assert!(console.preview_action(&granted, FACTORY, &request).await.is_err());
        }
    }
    // What was routine when it was asked for and is not any more.
    let unknown = console.action_permission(FACTORY, &on_job(Action::RunJob, 99_999));
    assert!(matches!(
        unknown,
        Err(ActionRefused::Request(UnfitRequest::UnknownJob(99_999)))
    ));
    let elsewhere = console.action_permission("elsewhere", &on_job(Action::RunJob, compression));
    assert!(matches!(elsewhere, Err(ActionRefused::NotShown(_))));

    // A retention job says what it does, and wants the name.
    let preview = preview(&operated, &on_job(Action::RunJob, retention)).await;
    assert_eq!(preview.needs_typed_name.as_deref(), Some("m"));
    // Resuming it does the same a little later.
    database
        .execute(&format!("select alter_job({retention}, scheduled => false)"))
        .await;
    let resumed = preview_again(&operated, &on_job(Action::ResumeJob, retention)).await;
    assert_eq!(resumed.needs_typed_name.as_deref(), Some("m"));
    let sooner = Action::RescheduleJob {
        next_start: operated.console.now(),
    };
    let sooner = preview_again(&operated, &on_job(sooner, retention)).await;
    assert_eq!(sooner.needs_typed_name.as_deref(), Some("m"));
    // An operator ends what operators may begin, and nothing else.
    let id = start(&operated, &on_job(Action::RunJob, custom)).await;
    assert!(console.cancel_action(&operator(), FACTORY, id).await.is_err());
    assert!(console.action(&operator(), FACTORY, id).await.is_ok());
    assert!(
        console
            .action(&Granted::of_command_line(Permission::ViewStatus), FACTORY, id)
            .await
            .is_err()
    );
    console
        .cancel_action(&admin(), FACTORY, id)
        .await
        .expect("asked for");
    assert_eq!(ended(&operated, id).await.outcome, Some(ActionOutcome::Cancelled));
}

#[tokio::test]
async fn a_superuser_does_not_run_somebody_elses_procedure() {
    let test = "a_superuser_does_not_run_somebody_elses_procedure";
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let (_directory, state) = state_file();
    let job = sleeping_job(&database).await;
    let role = format!("{}_owner", database.name);
    database
        .execute(&format!(
            "create role {role}; alter procedure sleeps owner to {role}"
        ))
        .await;
    let operated = operate(&state, &database.url()).await;
    let preview = preview(&operated, &on_job(Action::RunJob, job)).await;
    assert_eq!(preview.targets[0].skip, Some(Skip::UntrustedProcedure));
    let refused = start_as(&operated, &admin(), &on_job(Action::RunJob, job)).await;
    assert!(matches!(refused, Err(ActionRefused::NothingToDo(_))));

    // Nor does it refresh what is somebody else's: its functions would run as the superuser.
    database
        .execute(&format!(
            "create materialized view hourly with (timescaledb.continuous) as
               select time_bucket('1 hour', t) as hour, count(*) as rows from m group by 1 with no data;
             select add_continuous_aggregate_policy('hourly', null, null, interval '1 hour', initial_start => now() + interval '1 day');
             grant create on schema public to {role};
             alter materialized view hourly owner to {role}"
        ))
        .await;
    let refresh = ActionRequest {
        action: Action::Refresh {
            from: String::new(),
            to: String::new(),
        },
        targets: vec![ActionTarget::Aggregate(TableName::new("public", "hourly"))],
    };
    let preview_of_refresh = preview_again(&operated, &refresh).await;
    assert_eq!(preview_of_refresh.targets[0].skip, Some(Skip::UntrustedOwner));
    let job = i32::try_from(
        database
            .number("select job_id::int8 from timescaledb_information.jobs where proc_name = 'policy_refresh_continuous_aggregate'")
            .await,
    )
    .expect("a number");
    let preview_of_job = preview_again(&operated, &on_job(Action::RunJob, job)).await;
    assert_eq!(preview_of_job.targets[0].skip, Some(Skip::UntrustedOwner));

    // A schema of anybody's whose name begins like TimescaleDB's makes no job routine.
    database
        .execute(
            "create schema _timescaledb_x;
             create procedure _timescaledb_x.policy_compression(job_id int, config jsonb) language sql as 'select 1';",
        )
        .await;
    let job = i32::try_from(
        database
            .number("select add_job('_timescaledb_x.policy_compression', '1 day', initial_start => now() + interval '1 day')::int8")
            .await,
    )
    .expect("a number");
    let refused = operated
        .console
        .preview_action(&operator(), FACTORY, &on_job(Action::RunJob, job))
        .await;
    assert!(
        matches!(
            refused,
            Err(ActionRefused::NotShown(backend::console::NotShown::WrongGrant(_)))
        ),
        "{refused:?}"
    );
    database
        .execute(&format!(
            "drop materialized view hourly; revoke create on schema public from {role};
             alter procedure sleeps owner to current_user; drop role {role}"
        ))
        .await;
}

#[tokio::test]
async fn a_role_without_the_owner_is_refused_with_what_would_help() {
    let test = "a_role_without_the_owner_is_refused_with_what_would_help";
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let (_directory, state) = state_file();
    let role = format!("{}_guest", database.name);
    database
        .execute(&format!(
            "create role {role} login password 'guest'; grant select on all tables in schema public to {role}"
        ))
        .await;
    let operated = operate(&state, &database.url_as(&role, "guest")).await;
    let all = chunks(&database).await;
    let id = start(&operated, &on_chunks(Action::Compress, &all[..1])).await;
    let run = ended(&operated, id).await;
    assert_eq!(run.outcome, Some(ActionOutcome::Failed));
    let detail = &run.targets[0].detail;
    assert!(
        detail.contains("42501") && detail.contains("change_url"),
        "{detail}"
    );
    drop(operated);
    database
        .execute(&format!("drop owned by {role}; drop role {role}"))
        .await;
}

/// What the second process does: compresses, and lives until it is killed.
async fn be_killed(state: &str, database: &str, all: &[String]) -> ! {
    let operated = operate(state, database).await;
    start(&operated, &on_chunks(Action::Compress, &all[..3])).await;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn what_a_killed_console_left_is_settled_by_what_the_database_shows() {
    let test = "what_a_killed_console_left_is_settled_by_what_the_database_shows";
    if let (Ok(state), Ok(database), Ok(all)) = (
        std::env::var("CHILD_STATE"),
        std::env::var("CHILD_DATABASE"),
        std::env::var("CHILD_CHUNKS"),
    ) {
        let all: Vec<String> = all.split(' ').map(ToOwned::to_owned).collect();
        be_killed(&state, &database, &all).await;
    }
    let Some(database) = community_database(test, DAYS).await else {
        return;
    };
    let (_directory, state) = state_file();
    let operated = operate(&state, &database.url()).await;
    let all = chunks(&database).await;
    let loader = busy(&database, &format!("update {} set v = 0", all[1])).await;
    let mut child = tokio::process::Command::new(std::env::current_exe().expect("this test"))
        .args([test, "--exact", "--nocapture"])
        .env("CHILD_STATE", &state)
        .env("CHILD_DATABASE", database.url())
        .env("CHILD_CHUNKS", all[..3].join(" "))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("a second console");
    let id = eventually("the second chunk is under way", async || {
        let run = operated
            .console
            .actions(&admin(), FACTORY, None, None, 1)
            .await
            .expect("listed")
            .pop()?;
        let run = action(&operated, run.id).await;
        (run.targets[1].state == TargetState::Running).then_some(run.id)
    })
    .await;
    child.kill().await.expect("killed");
    // The server ends what it does for a client that is gone.
    until(
        &database,
        "select not exists (select from pg_stat_activity where datname = current_database() and query like 'CALL convert%'
           and state = 'active')",
    )
    .await;
    drop(loader);
    assert!(!action(&operated, id).await.is_silent);
    operated.clock.advance(120);
    assert!(action(&operated, id).await.is_silent);
    let (stop, stopped) = watch::channel(false);
    let keeping = tokio::spawn(keep_actions(operated.console.clone(), stopped));
    let run = ended(&operated, id).await;
    stop.send_replace(true);
    keeping.await.expect("ends");
    assert_eq!(run.outcome, Some(ActionOutcome::Interrupted));
    let states: Vec<TargetState> = run.targets.iter().map(|target| target.state).collect();
    assert_eq!(
        states,
        [TargetState::Done, TargetState::Unknown, TargetState::Cancelled]
    );
    assert!(
        run.targets[1]
            .detail
            .ends_with("The database shows it uncompressed."),
        "{}",
        run.targets[1].detail
    );
    assert_eq!(compressed(&database).await, 1);
    let event = operated.audit(audit::Action::CompressChunks).await.remove(0);
    assert_eq!(event.outcome, Some(Outcome::Failed));
    assert!(
        event.detail.contains("the console ended in the middle"),
        "{}",
        event.detail
    );
}

#[tokio::test]
async fn of_many_targets_those_that_failed_come_first_and_the_others_page_by_page_on_both_state_stores() {
    let test = "of_many_targets_those_that_failed_come_first";
    let (_directory, file) = state_file();
    let mut stores = vec![(file, None)];
    if let Some(server) = server_url(Server::Any, test) {
        let state = TestDatabase::plain(&server).await;
        stores.push((state.url(), Some(state)));
    }
    for (state, _database) in stores {
        let tables = "
            create table m (t bigint not null, v int);
            select create_hypertable('m', by_range('t', 10));
            insert into m select i * 10, i from generate_series(0, 649) i;";
        let Some(database) = apache_database(test, tables).await else {
            return;
        };
        let operated = operate(&state, &database.url()).await;
        let all = chunks(&database).await;
        assert_eq!(all.len(), 650);
        // The last two are read by somebody for as long as it takes.
        let mut reader = database.connect().await;
        let locked = format!("begin; select * from {}; select * from {}", all[648], all[649]);
        sqlx::raw_sql(AssertSqlSafe(locked))
            .execute(&mut reader)
            .await
            .expect("read");
        let request = on_table(Action::DropOlderThan {
            older_than: "6500".to_owned(),
        });
        let id = start(&operated, &request).await;
        let page = async |first: u64, limit: u32| {
            operated
                .console
                .action_with_some(&admin(), FACTORY, id, first, limit)
                .await
                .expect("the action")
        };
        let run = eventually("the action ends", async || {
            Some(page(0, 200).await).filter(|run| run.ended_at.is_some())
        })
        .await;
        assert_eq!(
            (run.counts.total(), run.counts.done, run.counts.failed),
            (650, 648, 2)
        );
        assert_eq!(run.targets.len(), 200);
        let numbers = |targets: &[TargetRun]| -> Vec<String> {
            targets.iter().map(|target| target.title.clone()).collect()
        };
        let titles: Vec<String> = action(&operated, id)
            .await
            .targets
            .iter()
            .map(|target| target.title.clone())
            .collect();
        assert_eq!(numbers(&run.targets[..2]), titles[648..]);
        assert!(
            run.targets[..2]
                .iter()
                .all(|target| target.state == TargetState::Failed)
        );
        assert_eq!(numbers(&run.targets[2..]), titles[..198]);
        let last = page(600, 200).await;
        assert_eq!(numbers(&last.targets), titles[598..648]);
        assert_eq!(last.counts, run.counts);
        assert!(page(0, 0).await.targets.is_empty());

        for (table, found) in [(m(), 1), (TableName::new("public", "other"), 0)] {
            let listed = operated
                .console
                .actions(&admin(), FACTORY, Some(&table), None, 10)
                .await
                .expect("listed");
            assert_eq!(listed.len(), found, "{table}");
        }
    }
}
