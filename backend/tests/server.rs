//! The server's own figures (connections, workers, cache, transaction ids, slots, size) and tablespaces, against the views
//! and functions that define them.

mod support;

use domain::visible::Visible;
use support::{Server, TestDatabase, server_url, table};

/// What the views say, in figures that grow or stay while a test looks.
const FIGURES: [&str; 8] = [
    "select blks_hit from pg_stat_database where datname = current_database()",
    "select blks_read from pg_stat_database where datname = current_database()",
    "select age(datfrozenxid)::int8 from pg_database where datname = current_database()",
    "select mxid_age(datminmxid)::int8 from pg_database where datname = current_database()",
    "select pg_database_size(current_database())",
    "select coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::int8 from pg_replication_slots
     where slot_name = 'slot_' || current_database()",
    "select (extract(epoch from now() - pg_postmaster_start_time()) * 1000)::int8",
    "select count(*) from timescaledb_information.jobs where scheduled",
];

async fn figures(database: &TestDatabase) -> Vec<i64> {
    let mut figures = Vec::new();
    for sql in FIGURES {
        figures.push(database.number(sql).await);
    }
    figures
}

fn signed(figure: u64) -> i64 {
    i64::try_from(figure).expect("a figure of a test")
}

#[tokio::test]
async fn the_servers_figures_are_those_of_its_own_views() {
    let Some(url) = server_url(Server::Any, "the_servers_figures_are_those_of_its_own_views") else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    let slot = format!("slot_{}", database.name);
    database
        .execute(&format!(
            "create table m (t timestamptz not null); select create_hypertable('m', by_range('t'));
             insert into m select now() - i * interval '1 minute' from generate_series(1, 5000) i;
             select pg_create_physical_replication_slot('{slot}', true);
             insert into m select now() - i * interval '1 minute' from generate_series(1, 5000) i"
        ))
        .await;
    database.execute("vacuum (analyze)").await;
    // What a session did is counted when it is over.
    let before = figures(&database).await;
    let snapshot = database.read().await;
    let after = figures(&database).await;

    let health = &snapshot.health;
    let held = health
        .replication_slots
        .iter()
        .find(|held| held.name == slot)
        .expect("the slot");
    assert_eq!((held.kind.as_str(), held.active), ("physical", false));
    assert_eq!(held.wal_status.as_deref(), Some("reserved"));
    let started = snapshot
        .server
        .started_at
        .expect("the server says when it started");
    let up_ms = snapshot.collected_at.as_millisecond() - started.as_millisecond();
    let read = [
        signed(health.cache.hits),
        signed(health.cache.reads),
        signed(health.transaction_ids.age),
        signed(health.transaction_ids.multixact_age),
        signed(snapshot.server.database_size_bytes.expect("a size")),
        signed(held.held_bytes.expect("bytes")),
        up_ms,
        i64::from(health.workers.scheduled_jobs),
    ];
    for (((sql, before), read), after) in FIGURES.iter().zip(before).zip(read).zip(after) {
        assert!(
            (before..=after.max(before)).contains(&read),
            "{sql}: {read} is not between {before} and {after}"
        );
    }

    for (figure, setting) in [
        (snapshot.server.connections.max, "max_connections"),
        (
            health.workers.timescaledb_limit,
            "timescaledb.max_background_workers",
        ),
        (health.workers.server_limit, "max_worker_processes"),
        (health.workers.parallel_limit, "max_parallel_workers"),
    ] {
        let sql = format!("select current_setting('{setting}')::int8");
        assert_eq!(i64::from(figure), database.number(&sql).await, "{setting}");
    }
    assert_eq!(
        signed(health.transaction_ids.forced_vacuum_age),
        database
            .number("select current_setting('autovacuum_freeze_max_age')::int8")
            .await
    );
    let Visible::Shown(running) = health.workers.running else {
        panic!("a superuser sees who runs");
    };
    assert!(
        running.schedulers >= 1 && running.all >= running.schedulers + running.jobs,
        "{running:?}"
    );
    database
        .execute(&format!("select pg_drop_replication_slot('{slot}')"))
        .await;
}

#[tokio::test]
async fn connections_are_counted_by_what_they_do() {
    let Some(url) = server_url(Server::Any, "connections_are_counted_by_what_they_do") else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    let before = database.read().await.server.connections;
    let mut idle = Vec::new();
    for _ in 0..5 {
        idle.push(database.connect().await);
    }
    let with_idle = database.read().await.server.connections;
    // The other test of this file has connections of its own.
    assert!(
        with_idle.open >= before.open.min(1) + 5,
        "{before:?} {with_idle:?}"
    );
    drop(idle);
}

#[tokio::test]
async fn tablespaces_that_were_attached_are_named_and_bytes_in_them_are_counted() {
    let Some(url) = server_url(
        Server::Any,
        "tablespaces_that_were_attached_are_named_and_bytes_in_them_are_counted",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    let space = format!("space_{}", database.name);
    let mut connection = database.connect().await;
    support::execute(&mut connection, "set allow_in_place_tablespaces = on").await;
    support::execute(&mut connection, &format!("create tablespace {space} location ''")).await;
    database
        .execute(&format!(
            "create table m (t timestamptz not null); select create_hypertable('m', by_range('t', interval '1 day'));
             select attach_tablespace('{space}', 'm');
             insert into m select now() - i * interval '1 hour' from generate_series(1, 100) i"
        ))
        .await;
    database.execute("vacuum (analyze)").await;
    let snapshot = database.read().await;
    let m = table(&snapshot, "m");
    assert_eq!(m.tablespaces, std::slice::from_ref(&space));
    let official = database.number("select hypertable_size('m')").await;
    assert_eq!(signed(m.size.total_bytes()), official);
    database.execute("drop table m").await;
    support::execute(&mut connection, &format!("drop tablespace {space}")).await;
}
