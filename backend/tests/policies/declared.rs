//! What is declared is applied as declared, holds back what would drop data, and never stands in the console's way.

use std::collections::BTreeMap;

use backend::declared::{ChosenTable, DeclaredOutcome, apply_declared_at_start};
use domain::declared::{Declaration, Declared, DriftState};
use domain::policy::{Field, PolicyFields};
use sqlx::Row;

use crate::support::{Server, TestDatabase};
use crate::workshop::{
    COMPRESS_AFTER, DROP_AFTER, FACTORY, READINGS, Workshop, database, granted, named, wanted,
};

fn says(fields: &[(Field, &str)]) -> Declaration {
    let mut written = PolicyFields::default();
    for (field, text) in fields {
        written.set(*field, *text);
    }
    Declaration {
        fields: written,
        allow_drop: None,
    }
}

fn declared(defaults: Declaration, tables: &[(&str, Declaration)]) -> Declared {
    Declared {
        defaults,
        tables: tables
            .iter()
            .map(|(name, of)| ((*name).to_owned(), of.clone()))
            .collect::<BTreeMap<_, _>>(),
        max_background_workers: None,
        apply_on_start: true,
    }
}

/// As the demo's environment says it.
fn demo() -> Declared {
    declared(
        says(&[
            (Field::Compression, "on"),
            (COMPRESS_AFTER, "7 days"),
            (DROP_AFTER, "90 days"),
            (Field::ChunkInterval, "1 day"),
        ]),
        &[
            (
                "metric_hist",
                says(&[
                    (Field::ChunkInterval, "1 hour"),
                    (Field::SegmentBy, "metric_def_id"),
                    (Field::OrderBy, "ts DESC"),
                ]),
            ),
            (
                "OEE",
                says(&[
                    (DROP_AFTER, "365 days"),
                    (Field::SegmentBy, "line_id"),
                    (Field::OrderBy, "calculation_time DESC"),
                ]),
            ),
            (
                "energy_consumption",
                says(&[(Field::SegmentBy, "-"), (Field::OrderBy, "time DESC")]),
            ),
            (
                "production",
                says(&[(Field::SegmentBy, "-"), (Field::OrderBy, "time DESC")]),
            ),
        ],
    )
}

const DEMO_TABLES: &str = "
    create table metric_hist (ts timestamptz not null, metric_def_id int, value float);
    create table oee_calculations (calculation_time timestamptz not null, line_id int, availability float,
      performance float, quality float, oee float);
    create table energy_consumption (time timestamptz not null, meter_id int, kwh float);
    create table production_kpis (time timestamptz not null, line_id int, units int, rejects int, cycle_time float);
    select create_hypertable('metric_hist', by_range('ts'));
    select create_hypertable('oee_calculations', by_range('calculation_time'));
    select create_hypertable('energy_consumption', by_range('time'));
    select create_hypertable('production_kpis', by_range('time'));
    insert into metric_hist select now() - i * interval '1 hour', i, i from generate_series(0, 99) i;
    insert into energy_consumption select now() - i * interval '1 day', i, i from generate_series(0, 40) i";

/// What the server has: chunk interval, segment by, order by, compressed and dropped after; by table.
async fn actual(database: &TestDatabase) -> Vec<String> {
    let rows = sqlx::query(
        "select concat_ws(' | ', d.hypertable_name, d.time_interval,
           coalesce((select string_agg(s.attname, ', ' order by s.segmentby_column_index)
             from timescaledb_information.compression_settings s
             where s.hypertable_name = d.hypertable_name and s.segmentby_column_index is not null), '-'),
           (select string_agg(s.attname || case when s.orderby_asc then '' else ' DESC' end, ', ' order by s.orderby_column_index)
             from timescaledb_information.compression_settings s
             where s.hypertable_name = d.hypertable_name and s.orderby_column_index is not null),
           (select j.config->>'compress_after' from timescaledb_information.jobs j
             where j.hypertable_name = d.hypertable_name and j.proc_name = 'policy_compression'),
           (select j.config->>'drop_after' from timescaledb_information.jobs j
             where j.hypertable_name = d.hypertable_name and j.proc_name = 'policy_retention'))
         from timescaledb_information.dimensions d where d.dimension_number = 1 order by d.hypertable_name",
    )
    .fetch_all(&mut database.connect().await)
    .await
    .expect("the views");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn applying_the_declared_demo_policies_gives_exactly_the_table_of_the_design() {
    let Some(database) = database(
        Server::Community,
        "applying_the_declared_demo_policies_gives_exactly_the_table_of_the_design",
    )
    .await
    else {
        return;
    };
    database.execute(DEMO_TABLES).await;
    let workshop = Workshop::declaring(&database, demo()).await;
    let outcomes = workshop
        .console
        .apply_declared(&granted(), FACTORY, None)
        .await
        .expect("applied")
        .expect("within its time");
    assert!(
        outcomes
            .iter()
            .all(|of| matches!(of.outcome, DeclaredOutcome::Applied(_))),
        "{outcomes:?}"
    );
    assert_eq!(
        actual(&database).await,
        [
            "energy_consumption | 1 day | - | time DESC | 7 days | 90 days",
            "metric_hist | 01:00:00 | metric_def_id | ts DESC | 7 days | 90 days",
            "oee_calculations | 1 day | line_id | calculation_time DESC | 7 days | 365 days",
            "production_kpis | 1 day | - | time DESC | 7 days | 90 days",
        ]
    );
    // Nothing is left to do, by the last reading as well as by the server.
    let report = workshop
        .console
        .drift(&granted(), FACTORY)
        .await
        .expect("a report");
    assert!(report.unresolved.is_empty(), "{:?}", report.unresolved);
    for drift in &report.tables {
        assert_eq!(drift.state, DriftState::AsDeclared, "{}", drift.table);
    }
}

#[tokio::test]
async fn what_would_drop_rows_that_are_there_is_held_back_unless_the_table_allows_it() {
    let test = "what_would_drop_rows_that_are_there_is_held_back_unless_the_table_allows_it";
    for server in [Server::Any, Server::Community] {
        let Some(database) = database(server, test).await else {
            continue;
        };
        database.execute(READINGS).await;
        let mut wish = says(&[(DROP_AFTER, "10 days")]);
        let workshop = Workshop::declaring(
            &database,
            declared(Declaration::default(), &[("readings", wish.clone())]),
        )
        .await;
        let outcomes = workshop.console.apply_declared(&granted(), FACTORY, None).await;
        let outcomes = outcomes.expect("applied").expect("within its time");
        let [outcome] = outcomes.as_slice() else {
            panic!("{outcomes:?}")
        };
        let DeclaredOutcome::HeldBack(amount, _) = outcome.outcome else {
            panic!("{outcome:?}")
        };
        assert!(amount.chunks >= 28, "{amount:?}");
        assert!(
            outcome.sentence().contains("allow_drop = true"),
            "{}",
            outcome.sentence()
        );
        let before = workshop.fields(&named("readings")).await;
        assert_eq!(before.get(DROP_AFTER), Some("never"), "nothing was changed");

        wish.allow_drop = Some(true);
        let workshop =
            Workshop::declaring(&database, declared(Declaration::default(), &[("readings", wish)])).await;
        let outcomes = workshop.console.apply_declared(&granted(), FACTORY, None).await;
        let outcomes = outcomes.expect("applied").expect("within its time");
        assert!(
            matches!(outcomes[0].outcome, DeclaredOutcome::Applied(_)),
            "{outcomes:?}"
        );
        let after = workshop.fields(&named("readings")).await;
        assert_eq!(after.get(DROP_AFTER), Some("10 days"));
    }
}

#[tokio::test]
async fn one_table_that_fails_does_not_stop_the_others() {
    let Some(database) = database(Server::Any, "one_table_that_fails_does_not_stop_the_others").await else {
        return;
    };
    database.execute(READINGS).await;
    database
        .execute(
            "create table counts (at bigint not null, v int);
             select create_hypertable('counts', by_range('at', 1000));
             insert into counts values (1, 1)",
        )
        .await;
    // An interval says nothing on integer time that nobody knows the unit of.
    let wishes = declared(says(&[(Field::ChunkInterval, "12 hours")]), &[]);
    let workshop = Workshop::declaring(&database, wishes).await;
    let tables = Some(vec![named("counts").into(), named("readings").into()]);
    let outcomes = workshop.console.apply_declared(&granted(), FACTORY, tables).await;
    let outcomes = outcomes.expect("applied").expect("within its time");
    let [counts, readings] = outcomes.as_slice() else {
        panic!("{outcomes:?}")
    };
    assert!(counts.sentence().contains("number"), "{}", counts.sentence());
    assert!(
        matches!(readings.outcome, DeclaredOutcome::Applied(_)),
        "{readings:?}"
    );
}

#[tokio::test]
async fn a_table_that_somebody_changed_since_it_was_looked_at_is_left_as_it_is() {
    let test = "a_table_that_somebody_changed_since_it_was_looked_at_is_left_as_it_is";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let wishes = declared(says(&[(Field::ChunkInterval, "12 hours")]), &[]);
    let workshop = Workshop::declaring(&database, wishes).await;
    let report = workshop.console.drift(&granted(), FACTORY).await.expect("read");
    let plan = report.tables[0].plan().expect("it differs");
    let chosen = vec![ChosenTable {
        table: named("readings"),
        fingerprint: Some(plan.fingerprint.clone()),
    }];
    let apply = async || {
        let outcomes = workshop
            .console
            .apply_declared(&granted(), FACTORY, Some(chosen.clone()))
            .await;
        outcomes.expect("looked at").expect("within its time").remove(0)
    };
    database
        .execute("select set_chunk_time_interval('readings', interval '8 hours')")
        .await;
    let left = apply().await;
    assert!(
        matches!(left.outcome, DeclaredOutcome::NotApplied(_, None)),
        "{left:?}"
    );
    assert!(
        left.sentence().contains("Chunk interval: 1 day became 8 hours"),
        "{}",
        left.sentence()
    );
    // As it was when it was looked at.
    database
        .execute("select set_chunk_time_interval('readings', interval '1 day')")
        .await;
    let applied = apply().await;
    assert!(
        matches!(applied.outcome, DeclaredOutcome::Applied(_)),
        "{applied:?}"
    );
}

#[tokio::test]
async fn what_is_declared_is_applied_at_start_by_the_console_itself_and_a_second_start_changes_nothing() {
    let test =
        "what_is_declared_is_applied_at_start_by_the_console_itself_and_a_second_start_changes_nothing";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let wishes = declared(says(&[(Field::ChunkInterval, "6 hours")]), &[]);
    let workshop = Workshop::declaring(&database, wishes).await;
    apply_declared_at_start(workshop.console.clone()).await;
    let changes = workshop
        .console
        .policy_changes(&granted(), FACTORY, None, None, 10)
        .await
        .expect("the changes");
    let [change] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!(change.actor_kind, domain::audit::ActorKind::Console);
    apply_declared_at_start(workshop.console.clone()).await;
    let report = workshop
        .console
        .drift(&granted(), FACTORY)
        .await
        .expect("a report");
    assert!(
        report.at_start.tables.is_empty(),
        "nothing differs, so nothing is told: {:?}",
        report.at_start
    );
    let changes = workshop
        .console
        .policy_changes(&granted(), FACTORY, None, None, 10)
        .await
        .expect("the changes");
    assert_eq!(changes.len(), 1);
}

#[tokio::test]
async fn the_exported_configuration_declares_what_there_is() {
    let Some(database) = database(
        Server::Community,
        "the_exported_configuration_declares_what_there_is",
    )
    .await
    else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    workshop
        .applied(&wanted(
            "readings",
            &[
                (Field::Compression, "on"),
                (Field::SegmentBy, "line"),
                (COMPRESS_AFTER, "100 days"),
                (DROP_AFTER, "200 days"),
            ],
        ))
        .await;
    workshop.watched.refresh().await;
    let text = workshop
        .console
        .policies_as_configuration(&granted(), FACTORY)
        .await;
    assert_eq!(
        text.expect("a text").trim(),
        "[databases.\"factory\".policies.tables.\"readings\"]\n\
         chunk_interval = \"1 day\"\n\
         compression_enabled = true\n\
         segment_by = [\"line\"]\n\
         compress_after = \"100 days\"\n\
         drop_after = \"200 days\""
    );
}
