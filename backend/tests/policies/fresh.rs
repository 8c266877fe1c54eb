//! What is read of one table for a change, against what a snapshot has of it.

use domain::policy::Current;
use domain::snapshot::Edition;
use domain::table_name::TableName;

use super::support::{Server, execute};
use super::workshop::{FACTORY, READINGS, Workshop, database, granted, named, planned, wanted};
use domain::policy::{Blocker, Field};

/// Names, kinds of time and dimensions that something could go wrong with.
const ODD_TABLES: &str = r#"
    create schema "Fabrik 1";
    create table "Fabrik 1"."Größe ""x""" ("Zeit" timestamptz not null, "Maß" text, v float);
    select create_hypertable('"Fabrik 1"."Größe ""x"""', by_range('Zeit', interval '1 day'));
    create table two_dimensions (t timestamp not null, k int);
    select create_hypertable('two_dimensions', by_range('t', interval '7 days'));
    select add_dimension('two_dimensions', by_hash('k', 3));
    create table ticks (tick int not null, v int);
    select create_hypertable('ticks', by_range('tick', 1000));
    create table days (d date not null, note text);
    select create_hypertable('days', by_range('d', interval '1 month'));
"#;

/// Every kind of policy and setting.
const POLICIES: &str = r#"
    alter table "Fabrik 1"."Größe ""x""" set (timescaledb.compress, timescaledb.compress_segmentby = '"Maß"',
      timescaledb.compress_orderby = '"Zeit" desc nulls last, v');
    select add_compression_policy('"Fabrik 1"."Größe ""x"""', interval '7 days',
      initial_start => now() + interval '5 days', timezone => 'Europe/Berlin');
    select add_retention_policy('"Fabrik 1"."Größe ""x"""', interval '1 month 3 days',
      initial_start => now() + interval '5 days', schedule_interval => interval '12 hours');
    alter table two_dimensions set (timescaledb.compress, timescaledb.compress_segmentby = '');
    select alter_job(add_compression_policy('two_dimensions', compress_created_before => interval '2 days',
      initial_start => now() + interval '5 days'), scheduled => false);
    alter table days set (timescaledb.compress);
    create function now_of_ticks() returns int language sql stable as 'select 5000';
    select set_integer_now_func('ticks', 'now_of_ticks');
    select add_retention_policy('ticks', 2000, initial_start => now() + interval '5 days');
    create materialized view "By Hour" with (timescaledb.continuous) as
      select time_bucket('1 hour', "Zeit") as hour, avg(v) as v from "Fabrik 1"."Größe ""x""" group by 1 with no data;
    select add_continuous_aggregate_policy('"By Hour"', interval '3 days', interval '1 hour', interval '1 hour',
      initial_start => now() + interval '5 days');
    alter materialized view "By Hour" set (timescaledb.compress);
    select add_compression_policy('"By Hour"', interval '10 days', initial_start => now() + interval '5 days');
    create materialized view by_day with (timescaledb.continuous) as
      select time_bucket('1 day', hour) as day, avg(v) as v from "By Hour" group by 1 with no data;
    create materialized view by_ticks with (timescaledb.continuous) as
      select time_bucket(100, tick) as tick, sum(v) as v from ticks group by 1 with no data;
    select add_continuous_aggregate_policy('by_ticks', 2000, 100, interval '1 hour',
      initial_start => now() + interval '5 days');
"#;

async fn equals_the_snapshot(server: Server, test: &str, more: &str) {
    let Some(database) = database(server, test).await else {
        return;
    };
    database.execute(ODD_TABLES).await;
    database.execute(more).await;
    let workshop = Workshop::of(&database).await;
    let snapshot = database.read().await;
    assert!(snapshot.hypertables.len() >= 4);
    let views = snapshot.continuous_aggregates.iter().map(|of| of.view.clone());
    let tables: Vec<TableName> = snapshot
        .hypertables
        .iter()
        .map(domain::hypertable::Hypertable::table_name)
        .chain(views)
        .collect();
    for table in tables {
        let read = Current::of(&snapshot, &table, None).expect("in the snapshot");
        let policy = workshop.console.policy(&granted(), FACTORY, &table).await;
        let fresh = policy.expect("on the server").current;
        assert_eq!(fresh, read, "{table}");
        assert_eq!(fresh.fingerprint(), read.fingerprint(), "{table}");
    }
}

#[tokio::test]
async fn what_is_read_for_a_change_is_what_a_snapshot_says() {
    equals_the_snapshot(
        Server::Any,
        "what_is_read_for_a_change_is_what_a_snapshot_says",
        "",
    )
    .await;
}

#[tokio::test]
async fn every_kind_of_policy_is_read_for_a_change_as_a_snapshot_says_it() {
    equals_the_snapshot(
        Server::Community,
        "every_kind_of_policy_is_read_for_a_change_as_a_snapshot_says_it",
        POLICIES,
    )
    .await;
}

#[tokio::test]
async fn a_table_that_was_made_since_the_last_reading_is_read_with_its_chunks() {
    let test = "a_table_that_was_made_since_the_last_reading_is_read_with_its_chunks";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    let workshop = Workshop::of(&database).await;
    database.execute(READINGS).await;
    let preview = workshop
        .preview(&wanted(
            "readings",
            &[(Field::Threshold(domain::policy::PolicyKind::Retention), "20 days")],
        ))
        .await;
    assert!(planned(&preview).plan.first_dropped.chunks >= 19);
    assert!(preview.now.columns.contains(&"meter".to_owned()));
}

#[tokio::test]
async fn who_may_change_a_table_is_known_before() {
    let Some(database) = database(Server::Any, "who_may_change_a_table_is_known_before").await else {
        return;
    };
    database.execute(READINGS).await;
    let name = database.name.clone();
    let (owner, stranger, member) = (
        format!("{name}_owner"),
        format!("{name}_stranger"),
        format!("{name}_member"),
    );
    database
        .execute(&format!(
            "create role {owner}; create role {stranger} login password 'pw';
             create role {member} login password 'pw' in role {owner}; alter table readings owner to {owner}"
        ))
        .await;
    let fields = [(Field::ChunkInterval, "2 days")];
    for (role, may_change) in [(&stranger, false), (&member, true)] {
        let workshop = Workshop::changing_with(&database, &database.url_as(role, "pw")).await;
        let preview = workshop.preview(&wanted("readings", &fields)).await;
        let applicant = preview.now.applicant.clone().expect("an applicant");
        assert_eq!(
            (applicant.role.as_str(), applicant.may_change),
            (role.as_str(), may_change)
        );
        let blockers = &planned(&preview).plan.blockers;
        let missing = Blocker::RightsMissing {
            role: role.clone(),
            owner: owner.clone(),
        };
        assert_eq!(blockers.contains(&missing), !may_change);
    }
    // From 2.28 on the owner of the database may, too.
    let (version, _) = version(&database).await;
    database
        .execute(&format!("alter database {name} owner to {stranger}"))
        .await;
    let workshop = Workshop::changing_with(&database, &database.url_as(&stranger, "pw")).await;
    let change = wanted("readings", &fields);
    let applicant = workshop
        .preview(&change)
        .await
        .now
        .applicant
        .expect("an applicant");
    assert_eq!(applicant.may_change, version >= (2, 28));
    if applicant.may_change {
        workshop.applied(&change).await;
    }
    let mut admin = database.connect().await;
    execute(
        &mut admin,
        &format!("alter database {name} owner to postgres; alter table readings owner to postgres; drop role {owner}, {stranger}, {member}"),
    )
    .await;
}

async fn version(database: &super::support::TestDatabase) -> ((u32, u32), Edition) {
    let server = database.read().await.server;
    let mut parts = server
        .timescaledb_version
        .split('.')
        .map(|part| part.parse().unwrap_or(0));
    let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    (version, server.edition)
}

#[tokio::test]
async fn a_policy_of_no_table_is_not_there() {
    let Some(database) = database(Server::Any, "a_policy_of_no_table_is_not_there").await else {
        return;
    };
    let workshop = Workshop::of(&database).await;
    let policy = workshop
        .console
        .policy(&granted(), FACTORY, &named("nothing"))
        .await;
    assert_eq!(
        policy.expect_err("unknown").to_string(),
        "there is no hypertable or continuous aggregate nothing; have the database read again"
    );
    let policy = workshop
        .console
        .policy(&granted(), "elsewhere", &named("nothing"))
        .await;
    assert_eq!(
        policy.expect_err("unknown").to_string(),
        "no database \"elsewhere\" is configured"
    );
}
