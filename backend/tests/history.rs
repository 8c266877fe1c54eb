//! History: recording, thinning and reading, on SQLite and on PostgreSQL.

mod support;

use std::sync::Arc;
use std::time::Duration;

use backend::collector::watch_database;
use backend::history::{Limits, Recorded, Recorder, measurements, record_observations};
use backend::state::{StateStore, Thinned};
use domain::database::DatabaseName;
use domain::history::{Gap, Measure, Measurement, Point, Range, Sample, Series, Subject};
use domain::hypertable::Hypertable;
use domain::ingest::IngestRate;
use domain::interval::Interval;
use domain::job::{Job, JobKind, JobStatistics, NextStart, RunOutcome};
use domain::server_health::CacheReads;
use domain::snapshot::Snapshot;
use domain::visible::Visible;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection, Row};
use support::state::{Fixture, fixtures};
use support::{Server, TestDatabase, server_url, system_clock};

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// A midnight.
const START: i64 = 1_760_000_000 / DAY * DAY;

fn factory() -> DatabaseName {
    "factory".parse().expect("a name")
}

fn recorder(state: &StateStore) -> Recorder {
    Recorder::new(state.clone(), factory(), Limits::default())
}

fn table(name: &str) -> Subject {
    Subject::Table {
        schema: "public".into(),
        name: name.into(),
    }
}

fn one(measure: Measure, subject: Subject, at_s: i64, value: f64) -> Measurement {
    Measurement {
        measure,
        subject,
        sample: Sample { at_s, value },
    }
}

/// What a reading brings: its own duration, and the rows of each of these tables.
fn reading(at_s: i64, tables: &[(&str, f64)]) -> Vec<Measurement> {
    let beat = one(Measure::ReadingSeconds, Subject::Database, at_s, 0.1);
    let rows = tables
        .iter()
        .map(|(name, rows)| one(Measure::Rows, table(name), at_s, *rows));
    std::iter::once(beat).chain(rows).collect()
}

fn at(at_s: i64) -> Timestamp {
    Timestamp::from_second(at_s).expect("in range")
}

async fn rows_of(state: &StateStore, name: &str, range: Range, now_s: i64) -> Series {
    state
        .read_series("factory", Measure::Rows, &table(name), range, at(now_s))
        .await
        .expect("read")
}

/// Resolution, moment, series; last and lowest value; sum and number.
type StoredRow = (i64, i64, i64, f64, Option<f64>, Option<f64>, Option<i64>);

/// Every stored row, in order: what two ways of doing the same must agree on.
async fn stored(fixture: &Fixture) -> Vec<StoredRow> {
    let mut connection = sqlx::AnyConnection::connect(&fixture.url)
        .await
        .expect("connected");
    let rows = sqlx::query(
        "select resolution, at_s, series_id, last_value, min_value, sum_value, sample_count from samples
          order by resolution, at_s, series_id",
    )
    .fetch_all(&mut connection)
    .await
    .expect("read");
    connection.close().await.expect("closed");
    rows.iter()
        .map(|row| {
            (
                row.get(0),
                row.get(1),
                row.get(2),
                row.get(3),
                row.get(4),
                row.get(5),
                row.get(6),
            )
        })
        .collect()
}

async fn number(fixture: &Fixture, sql: &str) -> i64 {
    let mut connection = sqlx::AnyConnection::connect(&fixture.url)
        .await
        .expect("connected");
    let number = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
        .fetch_one(&mut connection)
        .await
        .expect(sql);
    connection.close().await.expect("closed");
    number
}

/// Five tables and the readings themselves, every ten minutes for this long: the value of a table is whole, so that
/// sums are exact.
async fn fill(fixture: &Fixture, from_s: i64, until_s: i64) {
    let names = ["a", "b", "c", "d", "e"];
    let mut recorder = recorder(&fixture.state);
    let first: Vec<_> = names.iter().map(|name| (*name, 0.0)).collect();
    recorder.record(&reading(from_s, &first)).await.expect("recorded");
    fixture
        .execute(&format!(
            "insert into samples (resolution, at_s, series_id, last_value)
             with recursive moments (moment_s) as (
               select {from_s} + 600 union all select moment_s + 600 from moments where moment_s + 600 < {until_s})
             select 0, m.moment_s, s.id, (m.moment_s / 600 * (s.id + 3)) % 1000 from moments m cross join series s"
        ))
        .await
        .expect("filled");
}

#[tokio::test]
async fn a_console_that_is_started_again_goes_on() {
    for fixture in fixtures("a_console_that_is_started_again_goes_on").await {
        let mut first = recorder(&fixture.state);
        for minute in 0..30 {
            let values = [("metric_hist", f64::from(minute))];
            first
                .record(&reading(START + i64::from(minute) * MINUTE, &values))
                .await
                .expect("recorded");
        }
        fixture.state.close().await;
        let again = StateStore::open(&fixture.url.parse().expect("a state URL"))
            .await
            .expect("opens again");
        let mut second = recorder(&again);
        for minute in 29..60 {
            let values = [("metric_hist", f64::from(minute))];
            second
                .record(&reading(START + i64::from(minute) * MINUTE, &values))
                .await
                .expect("recorded");
        }
        assert_eq!(number(&fixture, "select count(*) from series").await, 2);
        assert_eq!(number(&fixture, "select count(*) from samples").await, 120);
        let series = rows_of(&again, "metric_hist", Range::Day, START + HOUR).await;
        assert_eq!(series.points.len(), 12, "five minutes a point");
        assert!(series.gaps.is_empty());
        let last: Vec<f64> = series.points.iter().map(|point| point.last).collect();
        assert_eq!(last, (0..12).map(|n| f64::from(n * 5 + 4)).collect::<Vec<_>>());
        again.close().await;
    }
}

#[tokio::test]
async fn two_consoles_on_one_store_leave_one_sample_a_minute() {
    for fixture in fixtures("two_consoles_on_one_store").await {
        let mut a = recorder(&fixture.state);
        let mut b = recorder(&fixture.state);
        let names: Vec<String> = (0..250).map(|n| format!("table_{n}")).collect();
        let mut written = 0;
        for minute in 0..20 {
            let at_s = START + minute * MINUTE;
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let values: Vec<_> = names.iter().map(|name| (name.as_str(), minute as f64)).collect();
            let (earlier, later) = (reading(at_s + 3, &values), reading(at_s + 41, &values));
            let (first, second) = tokio::join!(a.record(&earlier), b.record(&later));
            written += first.expect("recorded").samples + second.expect("recorded").samples;
        }
        assert_eq!(number(&fixture, "select count(*) from series").await, 251);
        assert_eq!(number(&fixture, "select count(*) from samples").await, 251 * 20);
        assert_eq!(written, 251 * 20, "who came second wrote nothing");

        // Both thin at the same moment.
        let now = at(START + 2 * HOUR);
        let limits = Limits {
            series_at_once: 60,
            ..Limits::default()
        };
        let state = &fixture.state;
        let (first, second) =
            tokio::join!(state.thin_history(now, &limits), state.thin_history(now, &limits));
        let made = first.expect("thinned").made + second.expect("thinned").made;
        assert_eq!(made, 251);
        let count = "select count(*) from samples where resolution = 1 and sample_count = 20";
        assert_eq!(number(&fixture, count).await, 251);
    }
}

#[tokio::test]
async fn a_level_that_did_not_change_is_stored_every_ten_minutes_and_read_every_minute() {
    for fixture in fixtures("a_level_that_did_not_change").await {
        let state = &fixture.state;
        let mut recorder = recorder(state);
        // 15 minutes away, from 01:00 on.
        let watched = |minute: i64| !(60..75).contains(&minute);
        for minute in (0..120).filter(|minute| watched(*minute)) {
            recorder
                .record(&reading(START + minute * MINUTE, &[("quiet", 7.0)]))
                .await
                .expect("recorded");
        }
        let samples =
            "select count(*) from samples x join series s on s.id = x.series_id where s.measure = 'rows'";
        assert_eq!(number(&fixture, samples).await, 6 + 5);
        let series = rows_of(state, "quiet", Range::Day, START + 2 * HOUR).await;
        assert_eq!(series.points.iter().map(|point| point.count).sum::<u32>(), 105);
        assert_eq!(
            series.gaps,
            [Gap {
                from_s: START + 55 * MINUTE,
                until_s: START + 75 * MINUTE
            }]
        );
        assert_eq!(series.segments().count(), 2);

        // An hour's point knows it too.
        state
            .thin_history(at(START + 2 * HOUR + 600), &Limits::default())
            .await
            .expect("thinned");
        let week = rows_of(state, "quiet", Range::Week, START + 2 * HOUR + 600).await;
        let counts: Vec<u32> = week.points.iter().map(|point| point.count).collect();
        assert_eq!(counts, [60, 45]);
    }
}

#[tokio::test]
async fn a_chart_shows_the_same_before_and_after_thinning() {
    for fixture in fixtures("a_chart_shows_the_same").await {
        let state = &fixture.state;
        fill(&fixture, START, START + 30 * HOUR).await;
        let now = START + 30 * HOUR;
        let mut before = Vec::new();
        for range in Range::ALL {
            before.push(rows_of(state, "c", range, now).await);
        }
        state
            .thin_history(at(now), &Limits::default())
            .await
            .expect("thinned");
        for (range, before) in Range::ALL.into_iter().zip(before) {
            assert!(!before.points.is_empty());
            assert_eq!(rows_of(state, "c", range, now).await, before, "{range}");
        }
        // Later, when the minutes are gone, the hours and days are still as they were.
        let hours = rows_of(state, "c", Range::Week, now).await;
        let days = rows_of(state, "c", Range::Year, now).await;
        let later = now + 4 * DAY;
        state
            .thin_history(at(later), &Limits::default())
            .await
            .expect("thinned");
        assert_eq!(
            number(&fixture, "select count(*) from samples where resolution = 0").await,
            0
        );
        assert_eq!(rows_of(state, "c", Range::Week, later).await.points, hours.points);
        assert_eq!(rows_of(state, "c", Range::Year, later).await.points, days.points);
    }
}

#[tokio::test]
async fn thinning_twice_equals_thinning_once() {
    for fixture in fixtures("thinning_twice_equals_thinning_once").await {
        let state = &fixture.state;
        fill(&fixture, START, START + 4 * DAY).await;
        let now = at(START + 4 * DAY + 10 * MINUTE);
        let first = state
            .thin_history(now, &Limits::default())
            .await
            .expect("thinned");
        assert_eq!(first.made, 6 * (4 * 24 + 4));
        assert!(first.removed > 0);
        let once = stored(&fixture).await;
        let second = state
            .thin_history(now, &Limits::default())
            .await
            .expect("thinned");
        assert_eq!(second, Thinned::default());
        assert_eq!(stored(&fixture).await, once);

        // Even where its progress is not known any more, and half of the minutes are gone.
        fixture
            .execute("delete from history_progress")
            .await
            .expect("deleted");
        state
            .thin_history(now, &Limits::default())
            .await
            .expect("thinned");
        assert_eq!(stored(&fixture).await, once);
    }
}

#[tokio::test]
async fn thinning_that_is_killed_anywhere_loses_and_doubles_nothing() {
    let whole = fixtures("thinning_that_is_killed_anywhere").await;
    for fixture in &whole {
        fill(fixture, START, START + 4 * DAY).await;
    }
    let now = at(START + 4 * DAY + 10 * MINUTE);
    for fixture in whole {
        let state = &fixture.state;
        let minutes = stored(&fixture).await;
        state
            .thin_history(now, &Limits::default())
            .await
            .expect("thinned");
        let expected = stored(&fixture).await;

        fixture
            .execute("delete from samples; delete from history_progress")
            .await
            .expect("emptied");
        fill_again(&fixture, &minutes).await;
        let limits = Limits {
            series_at_once: 2,
            ..Limits::default()
        };
        let mut kills = 0;
        for attempt in 1_u64.. {
            // Ever later, so that it is killed in every kind of place and comes to its end at last.
            let time = Duration::from_micros(attempt * 700);
            match tokio::time::timeout(time, state.thin_history(now, &limits)).await {
                Ok(done) => {
                    done.expect("thinned");
                    break;
                }
                Err(_) => kills += 1,
            }
        }
        assert!(kills > 5, "killed {kills} times");
        assert_eq!(stored(&fixture).await, expected);
    }
}

async fn fill_again(fixture: &Fixture, rows: &[StoredRow]) {
    for batch in rows.chunks(500) {
        let values: Vec<String> = batch
            .iter()
            .map(|row| format!("({}, {}, {}, {})", row.0, row.1, row.2, row.3))
            .collect();
        fixture
            .execute(&format!(
                "insert into samples (resolution, at_s, series_id, last_value) values {}",
                values.join(", ")
            ))
            .await
            .expect("inserted");
    }
}

#[tokio::test]
async fn an_event_is_recorded_once_however_often_it_is_handed_in() {
    for fixture in fixtures("an_event_is_recorded_once").await {
        let state = &fixture.state;
        let runs = || {
            let job = Subject::Job { id: 1000 };
            [(10, 0.0), (70, 1.0), (95, 0.0)]
                .map(|(minute, failed)| {
                    one(Measure::JobFailures, job.clone(), START + minute * MINUTE, failed)
                })
                .to_vec()
        };
        let mut first = recorder(state);
        assert_eq!(first.record(&runs()).await.expect("recorded").samples, 3);
        first.record(&runs()).await.expect("recorded");
        // After a restart the job's history is read, and handed in, from its beginning.
        let again = recorder(state).record(&runs()).await.expect("recorded");
        assert_eq!(again.samples, 0);
        state
            .thin_history(at(START + 3 * HOUR), &Limits::default())
            .await
            .expect("thinned");
        let series = state
            .read_series(
                "factory",
                Measure::JobFailures,
                &Subject::Job { id: 1000 },
                Range::Week,
                at(START + 3 * HOUR),
            )
            .await
            .expect("read");
        let of = |point: &Point| (point.sum, point.count);
        assert_eq!(
            series.points.iter().map(of).collect::<Vec<_>>(),
            [(0.0, 1), (1.0, 2)]
        );
        assert!(series.gaps.is_empty());
    }
}

#[tokio::test]
async fn the_series_unseen_for_longest_makes_room_and_those_in_use_stay() {
    for fixture in fixtures("the_series_unseen_for_longest").await {
        let state = &fixture.state;
        let limits = Limits {
            most_series: 4,
            ..Limits::default()
        };
        let mut recorder = Recorder::new(state.clone(), factory(), limits);
        let record = async |recorder: &mut Recorder, hour: i64, names: &[&str]| {
            let values: Vec<_> = names.iter().map(|name| (*name, 1.0)).collect();
            recorder
                .record(&reading(START + hour * HOUR, &values))
                .await
                .expect("recorded")
        };
        record(&mut recorder, 0, &["old", "older", "kept"]).await;
        for hour in 1..6 {
            record(&mut recorder, hour, &["old", "kept"]).await;
        }
        for hour in 6..10 {
            record(&mut recorder, hour, &["kept"]).await;
        }
        let outcome = record(&mut recorder, 10, &["kept", "new"]).await;
        assert_eq!((outcome.forgotten, outcome.refused), (1, 0));
        let left = "select count(*) from series where object_name in ('old', 'kept', 'new')";
        assert_eq!(number(&fixture, left).await, 3, "\"older\" made room");
        let outcome = record(&mut recorder, 11, &["kept", "new", "newer", "newest"]).await;
        assert_eq!(
            (outcome.forgotten, outcome.refused),
            (1, 1),
            "all others are in use"
        );
        assert_eq!(number(&fixture, "select count(*) from series").await, 4);
        assert!(
            !rows_of(state, "kept", Range::Day, START + 11 * HOUR)
                .await
                .points
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_dropped_table_is_forgotten_when_its_last_day_is_too_old() {
    for fixture in fixtures("a_dropped_table_is_forgotten").await {
        let state = &fixture.state;
        let limits = Limits::default();
        let mut recorder = recorder(state);
        recorder
            .record(&reading(START, &[("dropped", 1.0)]))
            .await
            .expect("recorded");
        let five_years = START + limits.days_kept_s;
        state
            .thin_history(at(five_years - DAY), &limits)
            .await
            .expect("thinned");
        let all = rows_of(state, "dropped", Range::All, five_years - DAY).await;
        assert_eq!(all.points.len(), 1, "its day is still there");
        assert!(all.step_s > DAY);
        let mut again = Recorder::new(state.clone(), factory(), limits);
        again
            .record(&reading(five_years - DAY, &[]))
            .await
            .expect("recorded");
        let thinned = state
            .thin_history(at(five_years + 2 * DAY), &limits)
            .await
            .expect("thinned");
        assert_eq!((thinned.removed > 0, thinned.forgotten), (true, 1));
        assert_eq!(number(&fixture, "select count(*) from series").await, 1);
        assert!(
            rows_of(state, "dropped", Range::All, five_years + 2 * DAY)
                .await
                .points
                .is_empty()
        );
    }
}

#[tokio::test]
async fn what_cannot_be_measured_of_a_subject_is_not_recorded() {
    for fixture in fixtures("what_cannot_be_measured").await {
        let mut recorder = recorder(&fixture.state);
        let outcome = recorder
            .record(&[
                one(Measure::Rows, Subject::Job { id: 1 }, START, 1.0),
                one(Measure::Rows, table("a"), START, f64::NAN),
            ])
            .await
            .expect("recorded");
        assert_eq!(outcome, Recorded::default());
        assert_eq!(number(&fixture, "select count(*) from series").await, 0);
    }
}

#[tokio::test]
async fn a_store_that_is_down_costs_samples_and_never_a_reading() {
    let Some(server) = server_url(Server::Any, "a_store_that_is_down_costs_samples") else {
        return;
    };
    let monitored = TestDatabase::timescale(&server).await;
    for fixture in fixtures("a_store_that_is_down_costs_samples").await {
        let url = monitored.url().parse().expect("a connection URL");
        let (watched, collecting) =
            watch_database(factory(), url, Duration::from_millis(100), system_clock());
        let collecting = tokio::spawn(collecting);
        let state = fixture.state.clone();
        let recording = tokio::spawn(record_observations(watched.clone(), recorder(&state)));
        let beats = "select count(*) from samples x join series s on s.id = x.series_id where s.measure = 'reading_seconds'";
        for _ in 0..100 {
            if number(&fixture, beats).await > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(
            number(&fixture, beats).await > 0,
            "the published reading is recorded"
        );

        state.close().await;
        let collected_at = || {
            watched
                .observation()
                .snapshot
                .map(|snapshot| snapshot.collected_at)
        };
        for _ in 0..3 {
            let before = collected_at();
            watched.refresh().await;
            assert!(collected_at() > before, "readings go on");
        }
        assert!(!recording.is_finished(), "recording waits for better times");
        recording.abort();
        collecting.abort();
    }
}

#[tokio::test]
async fn what_failed_to_be_written_is_written_when_the_store_is_back() {
    for fixture in fixtures("what_failed_to_be_written").await {
        let state = &fixture.state;
        let mut recorder = recorder(state);
        recorder
            .record(&reading(START, &[("a", 1.0)]))
            .await
            .expect("recorded");
        fixture
            .execute("alter table samples rename to samples_away")
            .await
            .expect("renamed");
        let lost = recorder.record(&reading(START + MINUTE, &[("a", 2.0)])).await;
        assert!(lost.is_err());
        fixture
            .execute("alter table samples_away rename to samples")
            .await
            .expect("renamed");
        let again = recorder
            .record(&reading(START + 2 * MINUTE, &[("a", 2.0)]))
            .await
            .expect("recorded");
        assert_eq!(again.samples, 2, "the value is new to the store");
    }
}

/// A job that last finished a run at this moment.
fn finished(id: i32, at_s: i64, outcome: RunOutcome, took_us: u64) -> Job {
    Job {
        id,
        application_name: format!("Retention Policy [{id}]"),
        kind: JobKind::Retention,
        procedure_schema: "_timescaledb_functions".into(),
        procedure: "policy_retention".into(),
        owner: "factory".into(),
        owner_can_login: true,
        schedule_interval: Interval::new(0, 1, 0),
        max_runtime: Interval::default(),
        max_retries: -1,
        retry_period: Interval::default(),
        scheduled: true,
        fixed_schedule: false,
        initial_start: None,
        timezone: None,
        config: None,
        table: None,
        continuous_aggregate: None,
        next_start: NextStart::NotYet,
        is_running: Visible::Shown(false),
        statistics: Some(JobStatistics {
            last_finish: Some(at(at_s)),
            last_outcome: Some(outcome),
            last_duration_us: Some(took_us),
            ..JobStatistics::default()
        }),
        errors: Visible::Shown(Vec::new()),
        threshold: None,
    }
}

/// A reading of a real server at this moment, with these jobs in place of its own.
fn read_at(of: &Snapshot, at_s: i64, jobs: Vec<Job>) -> Snapshot {
    Snapshot {
        collected_at: at(at_s),
        sizes_collected_at: at(at_s),
        jobs,
        ..of.clone()
    }
}

async fn events_of(state: &StateStore, measure: Measure, id: i32, now_s: i64) -> Vec<(i64, f64)> {
    state
        .read_series("factory", measure, &Subject::Job { id }, Range::Day, at(now_s))
        .await
        .expect("read")
        .points
        .iter()
        .map(|point| (point.at_s, point.sum))
        .collect()
}

#[tokio::test]
async fn each_run_of_a_job_is_recorded_once_by_however_many_consoles_and_after_restarts() {
    let test = "each_run_of_a_job_is_recorded_once";
    let Some(server) = server_url(Server::Any, test) else {
        return;
    };
    let empty = TestDatabase::timescale(&server).await.read().await;
    for fixture in fixtures(test).await {
        let state = &fixture.state;
        let first_run = || vec![finished(1000, START + 30, RunOutcome::Succeeded, 2_500_000)];
        let second_run = || vec![finished(1000, START + 5 * MINUTE, RunOutcome::Failed, 0)];
        let mut a = recorder(state);
        let mut b = recorder(state);
        for minute in 1..=4 {
            let snapshot = read_at(&empty, START + minute * MINUTE, first_run());
            a.record_snapshot(&snapshot).await.expect("recorded");
            b.record_snapshot(&snapshot).await.expect("recorded");
        }
        let later = read_at(&empty, START + 6 * MINUTE, second_run());
        a.record_snapshot(&later).await.expect("recorded");
        recorder(state).record_snapshot(&later).await.expect("recorded");

        let now_s = START + HOUR;
        assert_eq!(
            events_of(state, Measure::JobSeconds, 1000, now_s).await,
            [(START, 2.5), (START + 5 * MINUTE, 0.0)]
        );
        assert_eq!(
            events_of(state, Measure::JobFailures, 1000, now_s).await,
            [(START, 0.0), (START + 5 * MINUTE, 1.0)]
        );
        // An hour counts each of them, and only once.
        state
            .thin_history(at(now_s + 10 * MINUTE), &Limits::default())
            .await
            .expect("thinned");
        recorder(state)
            .record_snapshot(&read_at(&empty, now_s + 10 * MINUTE, second_run()))
            .await
            .expect("recorded");
        let job = Subject::Job { id: 1000 };
        let week = state
            .read_series(
                "factory",
                Measure::JobFailures,
                &job,
                Range::Week,
                at(now_s + 10 * MINUTE),
            )
            .await
            .expect("read");
        let counts: Vec<_> = week.points.iter().map(|point| (point.sum, point.count)).collect();
        assert_eq!(counts, [(1.0, 2)]);
    }
}

#[tokio::test]
async fn a_run_of_long_ago_begins_no_history_of_years() {
    let Some(server) = server_url(Server::Any, "a_run_of_long_ago_begins_no_history") else {
        return;
    };
    let empty = TestDatabase::timescale(&server).await.read().await;
    let jobs = vec![
        finished(1000, START - 700 * DAY, RunOutcome::Succeeded, 1),
        finished(1001, START - HOUR, RunOutcome::Succeeded, 1),
        Job {
            statistics: None,
            ..finished(1002, START, RunOutcome::Failed, 1)
        },
    ];
    let ids: Vec<_> = measurements(&read_at(&empty, START, jobs))
        .into_iter()
        .filter(|one| one.measure == Measure::JobFailures)
        .map(|one| one.subject)
        .collect();
    assert_eq!(ids, [Subject::Job { id: 1001 }]);
}

#[tokio::test]
async fn sizes_that_could_not_be_read_for_long_make_no_history() {
    let Some(server) = server_url(
        Server::Any,
        "sizes_that_could_not_be_read_for_long_make_no_history",
    ) else {
        return;
    };
    let empty = TestDatabase::timescale(&server).await.read().await;
    let mut snapshot = read_at(&empty, START, Vec::new());
    snapshot.hypertables = Arc::new(vec![Hypertable::default()]);
    let measured = |snapshot: &Snapshot| -> Vec<Measure> {
        measurements(snapshot)
            .into_iter()
            .map(|one| one.measure)
            .collect()
    };
    for measure in [
        Measure::ReadingSeconds,
        Measure::DatabaseBytes,
        Measure::TableBytes,
    ] {
        assert!(measured(&snapshot).contains(&measure), "{measure:?}");
    }
    snapshot.sizes_collected_at = at(START - HOUR);
    assert_eq!(
        measured(&snapshot),
        [Measure::ReadingSeconds, Measure::Connections],
        "what was read now"
    );
}

#[tokio::test]
async fn how_fast_rows_come_in_and_what_the_cache_answers_become_history() {
    let test = "how_fast_rows_come_in_and_what_the_cache_answers";
    let Some(server) = server_url(Server::Any, test) else {
        return;
    };
    let empty = TestDatabase::timescale(&server).await.read().await;
    let of = |name: &str, ingest| Hypertable {
        schema: "public".into(),
        name: name.into(),
        ingest,
        ..Hypertable::default()
    };
    let rate = |rows| Some(IngestRate { rows, over_ms: 2_000 });
    let mut snapshot = read_at(&empty, START, Vec::new());
    snapshot.hypertables = Arc::new(vec![of("a", rate(300)), of("b", rate(100)), of("new", None)]);
    snapshot.health.recent_cache = Some(CacheReads { hits: 3, reads: 1 });
    let value = |snapshot: &Snapshot, measure, subject: &Subject| {
        measurements(snapshot)
            .into_iter()
            .find(|one| one.measure == measure && one.subject == *subject)
            .map(|one| one.sample.value)
    };
    for (subject, rows_per_second) in [
        (table("a"), Some(150.0)),
        (table("b"), Some(50.0)),
        (table("new"), None),
        (Subject::Database, Some(200.0)),
    ] {
        assert_eq!(
            value(&snapshot, Measure::IngestRowsPerSecond, &subject),
            rows_per_second,
            "{subject:?}"
        );
    }
    let ratio = |snapshot: &Snapshot| value(snapshot, Measure::CacheHitRatio, &Subject::Database);
    assert_eq!(ratio(&snapshot), Some(0.75));
    snapshot.health.recent_cache = None;
    assert_eq!(ratio(&snapshot), None, "what is not known is not recorded");

    for fixture in fixtures(test).await {
        let mut recorder = recorder(&fixture.state);
        recorder.record_snapshot(&snapshot).await.expect("recorded");
        let rates = "select count(*) from series where measure = 'ingest_rows_per_second'";
        assert_eq!(number(&fixture, rates).await, 3);
    }
}

#[tokio::test]
async fn a_run_of_a_real_job_becomes_history() {
    let test = "a_run_of_a_real_job_becomes_history";
    let Some(server) = server_url(Server::Community, test) else {
        return;
    };
    let database = TestDatabase::timescale(&server).await;
    database
        .execute(
            "create procedure fails(job_id int, config jsonb) language plpgsql as 'begin raise division_by_zero; end';
             select add_job('fails', interval '1 hour');",
        )
        .await;
    let failed = "select count(*) from timescaledb_information.job_stats
                   where job_id >= 1000 and last_run_status = 'Failed'";
    for _ in 0..300 {
        if database.number(failed).await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(database.number(failed).await, 1, "the job ran");
    let id = database
        .number("select job_id::int8 from timescaledb_information.jobs where proc_name = 'fails'")
        .await;
    let job = Subject::Job {
        id: i32::try_from(id).expect("a job's number"),
    };
    let snapshot = database.read().await;
    let run: Vec<_> = measurements(&snapshot)
        .into_iter()
        .filter(|one| one.subject == job)
        .collect();
    let measures: Vec<_> = run.iter().map(|one| one.measure).collect();
    assert_eq!(measures, [Measure::JobFailures, Measure::JobSeconds]);
    assert_eq!(run[0].sample.value.to_bits(), 1.0_f64.to_bits());
}
