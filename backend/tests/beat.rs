//! How often the collector reads what.

mod support;

use std::time::Duration;

use backend::collector::{Watched, watch_database};
use domain::observation::{Health, Observation};
use domain::problem::ProblemKind;
use sqlx::PgConnection;
use support::{Server, TestDatabase, execute, server_url, system_clock};

fn watch(database: &TestDatabase, beat: Duration) -> Watched {
    let (watched, collecting) = watch_database(
        "factory".parse().expect("a name"),
        database.url().parse().expect("a connection URL"),
        beat,
        system_clock(),
    );
    tokio::spawn(collecting);
    watched
}

async fn next(watched: &mut Watched) -> Observation {
    assert!(watched.changed().await, "the collector goes on");
    watched.observation()
}

#[tokio::test]
async fn fast_facts_come_on_the_beat_and_sizes_take_at_most_a_tenth_of_the_time() {
    let Some(url) = server_url(
        Server::Any,
        "fast_facts_come_on_the_beat_and_sizes_take_at_most_a_tenth",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    // Some hundred chunks, so that reading them takes a few milliseconds at least.
    database
        .execute(
            "create table m (t timestamptz not null); select create_hypertable('m', by_range('t', interval '1 hour'));
             insert into m select '2026-01-01'::timestamptz + i * interval '1 hour' from generate_series(1, 400) i;
             analyze m",
        )
        .await;
    let mut watched = watch(&database, Duration::from_millis(1));
    let mut sizes = std::collections::BTreeMap::new();
    let mut readings = 0;
    for _ in 0..60 {
        let snapshot = next(&mut watched).await.snapshot.expect("a snapshot");
        readings += 1;
        sizes.insert(snapshot.sizes_collected_at, snapshot.sizes_duration_ms);
        assert!(
            snapshot.sizes_collected_at <= snapshot.collected_at
                || snapshot.duration_ms >= snapshot.sizes_duration_ms
        );
    }
    assert!(
        sizes.len() < readings,
        "{} of {readings} read the sizes",
        sizes.len()
    );
    let times: Vec<_> = sizes.into_iter().collect();
    for pair in times.windows(2) {
        let between =
            u64::try_from(pair[1].0.as_millisecond() - pair[0].0.as_millisecond()).expect("in order");
        assert!(between + 5 >= 9 * pair[0].1, "{pair:?}");
    }
}

/// A session that keeps the sizes, and nothing else, from being read until it rolls back: their statements wait for a
/// lock and are cancelled after a second.
async fn withhold_sizes(database: &TestDatabase) -> PgConnection {
    let mut holder = database.connect().await;
    execute(
        &mut holder,
        "begin; lock table _timescaledb_catalog.compression_settings in access exclusive mode",
    )
    .await;
    holder
}

async fn until_health(watched: &mut Watched, health: Health) -> Observation {
    let waiting = async {
        loop {
            let observation = watched.take_observation();
            if observation.health() == health {
                return observation;
            }
            assert!(watched.changed().await, "the collector goes on");
        }
    };
    tokio::time::timeout(Duration::from_mins(1), waiting)
        .await
        .unwrap_or_else(|_| panic!("never {health:?}"))
}

#[tokio::test]
async fn sizes_that_cannot_be_read_leave_the_rest_new_and_are_tried_as_rarely_as_they_cost() {
    let Some(url) = server_url(
        Server::Any,
        "sizes_that_cannot_be_read_leave_the_rest_new_and_are_tried_rarely",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    database
        .execute("create table m (t timestamptz not null); select create_hypertable('m', by_range('t'))")
        .await;
    let mut watched = watch(&database, Duration::from_millis(1));
    let healthy = until_health(&mut watched, Health::Healthy).await;
    let sizes_of = |observation: &Observation| {
        let snapshot = observation.snapshot.clone().expect("a snapshot");
        snapshot.sizes_collected_at
    };

    let mut holder = withhold_sizes(&database).await;
    watched.refresh().await;
    let failed = until_health(&mut watched, Health::Stale).await;
    let failing = failed.failing.clone().expect("a problem");
    assert_eq!(failing.problem.kind, ProblemKind::TimedOut);
    assert!(failing.problem.detail.contains("sizes"), "{failing:?}");
    let snapshot = failed.snapshot.clone().expect("a snapshot");
    assert_eq!(snapshot.hypertables.len(), 1, "those of before");
    assert!(sizes_of(&failed) >= sizes_of(&healthy));
    assert!(snapshot.collected_at > snapshot.sizes_collected_at);

    // They cost a second: for nine there are only fast facts, and it is still told that the sizes are old.
    let mut last = snapshot.collected_at;
    for _ in 0..2 {
        assert!(watched.changed().await, "the collector goes on");
        let observation = watched.take_observation();
        let newer = observation.snapshot.clone().expect("a snapshot");
        assert!(newer.collected_at > last, "fast facts go on");
        assert!(
            newer.duration_ms < 1_000,
            "{} ms: no lock was waited for",
            newer.duration_ms
        );
        assert_eq!(newer.sizes_collected_at, snapshot.sizes_collected_at);
        assert_eq!(observation.health(), Health::Stale);
        assert_eq!(
            observation.failing.map(|failing| failing.since),
            Some(failing.since)
        );
        last = newer.collected_at;
    }

    execute(&mut holder, "rollback").await;
    watched.refresh().await;
    let healthy = until_health(&mut watched, Health::Healthy).await;
    assert!(sizes_of(&healthy) > snapshot.sizes_collected_at);
}

#[tokio::test]
async fn a_database_whose_sizes_were_never_read_is_unavailable_until_they_are() {
    let Some(url) = server_url(
        Server::Any,
        "a_database_whose_sizes_were_never_read_is_unavailable_until_they_are",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    let mut holder = withhold_sizes(&database).await;
    let mut watched = watch(&database, Duration::from_millis(1));
    let failed = until_health(&mut watched, Health::Unavailable).await;
    assert_eq!(
        failed.failing.map(|failing| failing.problem.kind),
        Some(ProblemKind::TimedOut)
    );
    execute(&mut holder, "rollback").await;
    watched.refresh().await;
    let healthy = until_health(&mut watched, Health::Healthy).await;
    assert!(healthy.failing.is_none());
}

#[tokio::test]
async fn refreshing_reads_what_was_written_before_and_many_at_once_share_a_reading() {
    let Some(url) = server_url(
        Server::Any,
        "refreshing_reads_what_was_written_before_and_many_share_a_reading",
    ) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    let mut watched = watch(&database, Duration::from_hours(1));
    next(&mut watched).await;
    for index in 1..=5 {
        database
            .execute(&format!(
                "create table m{index} (t timestamptz not null); select create_hypertable('m{index}', by_range('t'))"
            ))
            .await;
        watched.refresh().await;
        let snapshot = watched.observation().snapshot.expect("a snapshot");
        assert_eq!(snapshot.hypertables.len(), index);
    }

    let published = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&published);
    let mut listening = watched.clone();
    listening.observation();
    tokio::spawn(async move {
        while listening.changed().await {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    });
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let watched = watched.clone();
            tokio::spawn(async move { watched.refresh().await })
        })
        .collect();
    for request in requests {
        request.await.expect("answered");
    }
    let published = published.load(std::sync::atomic::Ordering::SeqCst);
    assert!(
        (1..=4).contains(&published),
        "{published} readings for 50 requests"
    );
}
