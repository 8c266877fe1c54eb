//! What history costs on each kind of state store: bytes a sample, recording 1,000 tables, thinning an hour of them, and
//! reading a year of one of them. Prints; never fails on a time. Without `TIDEMARK_TEST_DATABASE_URL`, on SQLite only.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use backend::history::{Limits, Recorder};
use domain::history::{Measure, Measurement, Range, Sample, Subject};
use jiff::Timestamp;
use support::state::{Fixture, fixtures};

const TABLES: i32 = 1_000;
const DAY_S: i64 = 86_400;
const START_S: i64 = 1_760_000_000 / DAY_S * DAY_S;
const MEASURES: [Measure; 9] = [
    Measure::TableBytes,
    Measure::HeapBytes,
    Measure::IndexBytes,
    Measure::ToastBytes,
    Measure::Rows,
    Measure::Chunks,
    Measure::CompressedChunks,
    Measure::UncompressedBytes,
    Measure::CompressedBytes,
];

fn table(index: i32) -> Subject {
    Subject::Table {
        schema: "public".into(),
        name: format!("table_{index}"),
    }
}

/// A reading in which everything of every table is new.
fn reading(minute: i32) -> Vec<Measurement> {
    let at_s = START_S + i64::from(minute) * 60;
    let of = |subject: Subject, measure, value| Measurement {
        measure,
        subject,
        sample: Sample { at_s, value },
    };
    let beat = of(Subject::Database, Measure::ReadingSeconds, 0.25);
    std::iter::once(beat)
        .chain((0..TABLES).flat_map(|index| {
            MEASURES.map(|measure| {
                let value = 8_192.0 * f64::from(100_000 + minute * 7 + index);
                of(table(index), measure, value)
            })
        }))
        .collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn bytes(fixture: &Fixture) -> i64 {
    if let Some(database) = &fixture.database {
        return database.number("select pg_total_relation_size('samples')").await;
    }
    fixture
        .execute("pragma wal_checkpoint(truncate)")
        .await
        .expect("written back");
    let file = fixture.url.trim_start_matches("sqlite://");
    i64::try_from(std::fs::metadata(file).expect("the file").len()).expect("fits")
}

async fn measure(fixture: &Fixture) {
    let state = &fixture.state;
    let limits = Limits::default();
    let mut recorder = Recorder::new(state.clone(), "factory".parse().expect("a name"), limits);
    let started = Instant::now();
    let first = recorder.record(&reading(0)).await.expect("recorded");
    println!(
        "  first reading of {TABLES} tables, {} new series: {:?}",
        first.samples,
        started.elapsed()
    );
    let before = bytes(fixture).await;
    let mut times = Vec::new();
    let mut samples = 0;
    for minute in 1..60 {
        let reading = reading(minute);
        let started = Instant::now();
        samples += recorder.record(&reading).await.expect("recorded").samples;
        times.push(started.elapsed());
    }
    println!(
        "  recording {TABLES} tables, everything changed ({} samples): {:?}",
        samples / 59,
        median(times)
    );
    let taken = bytes(fixture).await - before;
    println!(
        "  bytes a sample: {:.1}",
        f64::from(u32::try_from(taken).expect("below 4 GB"))
            / f64::from(u32::try_from(samples).expect("below 4 billion"))
    );

    let hour_later = Timestamp::from_second(START_S + 3_600 + 600).expect("in range");
    let started = Instant::now();
    let thinned = state.thin_history(hour_later, &limits).await.expect("thinned");
    println!(
        "  thinning that hour into {} points: {:?}",
        thinned.made,
        started.elapsed()
    );

    // A year of days of 100 tables' series, and a week of hours of all.
    for (resolution, step_s, from_s, series) in [
        (2, DAY_S, START_S - 365 * DAY_S, 900),
        (1, 3_600, START_S - 7 * DAY_S, 9_001),
    ] {
        fixture
            .execute(&format!(
                "insert into samples (resolution, at_s, series_id, last_value, min_value, max_value, sum_value, sample_count)
                 with recursive moments (moment_s) as (
                   select {from_s} union all select moment_s + {step_s} from moments where moment_s + {step_s} < {START_S})
                 select {resolution}, m.moment_s, s.id, 819200000.0 + m.moment_s, 819200000, 919200000, 49152000000, 60
                   from moments m cross join series s where s.id <= {series}"
            ))
            .await
            .expect("filled");
    }
    fixture
        .execute(&format!(
            "insert into history_progress (resolution, thinned_until_s) values (2, {START_S})"
        ))
        .await
        .expect("inserted");
    if let Some(database) = &fixture.database {
        database.execute("vacuum analyze samples").await;
    }
    for range in [Range::Day, Range::Week, Range::Year, Range::All] {
        let mut times = Vec::new();
        let mut points = 0;
        for index in 0..21 {
            let started = Instant::now();
            let series = state
                .read_series("factory", Measure::TableBytes, &table(index), range, hour_later)
                .await
                .expect("read");
            times.push(started.elapsed());
            points = series.points.len();
        }
        println!("  reading {range} ({points} points): {:?}", median(times));
    }
}

fn main() {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(async {
            for fixture in fixtures("history").await {
                println!("history on {:?}", fixture.state.backend());
                measure(&fixture).await;
            }
        });
}
