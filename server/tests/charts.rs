//! Charts of sizes: what they draw is what was read and recorded, under the names people know.

mod support;

use backend::clock::{Clock, SystemClock};
use std::sync::Arc;

use domain::history::{Measure, Measurement, Sample, Subject};
use domain::hypertable::{Chunk, ChunkRange, Hypertable, TableSize, TimePoint, TimeSpan};
use domain::job::PolicyThreshold;
use domain::role::Role;
use domain::snapshot::{HypertableChunks, Snapshot};
use domain::table_name::TableName;
use jiff::Timestamp;
use serde_json::{Value, json};
use support::factory::factory;
use support::{Site, json_post};

async fn signed_in(snapshot: Snapshot) -> (Site, String) {
    let site = Site::showing(snapshot).await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    (site, session)
}

async fn drawn(site: &Site, session: &str, function: &str, body: &Value) -> Value {
    site.send(json_post(
        &format!("/fn/{function}"),
        &body.to_string(),
        Some(session),
    ))
    .await
    .json()
}

/// The series of a chart with their values, in the order of the stack.
fn series(chart: &Value) -> Vec<(String, Vec<Option<f64>>)> {
    chart["figure"]["readout"]["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| {
            let values = line["values"].as_array().expect("values");
            (
                line["name"].as_str().expect("a name").to_owned(),
                values.iter().map(Value::as_f64).collect(),
            )
        })
        .collect()
}

fn last(values: &[Option<f64>]) -> f64 {
    values.iter().rev().flatten().next().copied().expect("a value")
}

fn bytes_of(subject: Subject, measure: Measure, at_s: i64, value: f64) -> Measurement {
    Measurement {
        measure,
        subject,
        sample: Sample { at_s, value },
    }
}

fn table(schema: &str, name: &str) -> Subject {
    Subject::Table {
        schema: schema.into(),
        name: name.into(),
    }
}

/// A reading at this moment in which the table and all tables have these bytes.
fn reading(at_s: i64, subject: &Subject, bytes: f64, all_bytes: f64) -> Vec<Measurement> {
    vec![
        bytes_of(Subject::Database, Measure::ReadingSeconds, at_s, 0.1),
        bytes_of(Subject::Database, Measure::TableBytes, at_s, all_bytes),
        bytes_of(subject.clone(), Measure::TableBytes, at_s, bytes),
    ]
}

#[tokio::test]
async fn without_history_the_storage_of_all_tables_is_what_their_chunks_hold() {
    let snapshot = factory();
    let total: u64 = snapshot
        .hypertables
        .iter()
        .map(|table| table.size.total_bytes())
        .sum();
    let (site, session) = signed_in(snapshot).await;
    let body = json!({"database": "factory", "range": "all", "limit": ""});
    let chart = drawn(&site, &session, "draw_storage", &body).await;
    let series = series(&chart);
    assert_eq!(series[0].0, "metric_hist", "the largest lies at the bottom");
    assert_eq!(series.len(), 4);
    assert_eq!(series[3].0, "others");
    #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
    let expected = total as f64;
    let sum: f64 = series.iter().map(|(_, values)| last(values)).sum();
    assert!((sum - expected).abs() < 1.0, "{sum} is not {expected}");
}

#[tokio::test]
async fn a_continuous_aggregate_has_the_history_of_its_materialization_under_its_own_name() {
    let mut snapshot = factory();
    let view = TableName::new("public", "hourly");
    snapshot.hypertables = Arc::new(vec![Hypertable {
        schema: "_timescaledb_internal".into(),
        name: "_materialized_hypertable_9".into(),
        materializes: Some(view.clone()),
        ..Hypertable::default()
    }]);
    snapshot.chunks = Arc::new(vec![HypertableChunks {
        schema: "_timescaledb_internal".into(),
        table: "_materialized_hypertable_9".into(),
        chunks: Vec::new(),
    }]);
    let (site, session) = signed_in(snapshot).await;
    let now_s = site.console.now().as_second();
    let subject = table("_timescaledb_internal", "_materialized_hypertable_9");
    for minutes in [30, 20, 10] {
        site.record(&reading(now_s - 60 * minutes, &subject, 4_096.0, 4_096.0))
            .await;
    }
    let body = json!({"database": "factory", "table": view, "range": "24h", "limit": ""});
    let chart = drawn(&site, &session, "draw_sizes", &body).await;
    let series = series(&chart);
    assert!((last(&series[0].1) - 4_096.0).abs() < 0.5, "{series:?}");
}

#[tokio::test]
async fn what_belonged_to_a_table_that_is_gone_is_drawn_among_the_others() {
    let mut snapshot = factory();
    let (only, of) = (snapshot.hypertables[0].clone(), snapshot.chunks[0].clone());
    let subject = table(&only.schema, &only.name);
    let name = only.display_name();
    snapshot.hypertables = Arc::new(vec![only]);
    snapshot.chunks = Arc::new(vec![of]);
    let (site, session) = signed_in(snapshot).await;
    let now_s = site.console.now().as_second();
    for minutes in [30, 20, 10] {
        site.record(&reading(now_s - 60 * minutes, &subject, 4_000.0, 10_000.0))
            .await;
    }
    let body = json!({"database": "factory", "range": "24h", "limit": ""});
    let chart = drawn(&site, &session, "draw_storage", &body).await;
    let series = series(&chart);
    let names: Vec<&str> = series.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [name.as_str(), "others"]);
    assert!((last(&series[1].1) - 6_000.0).abs() < 0.5, "{series:?}");
}

#[tokio::test]
async fn while_nobody_was_watching_there_is_a_gap() {
    let mut snapshot = factory();
    let only = Hypertable {
        schema: "public".into(),
        name: "ticks".into(),
        ..Hypertable::default()
    };
    snapshot.hypertables = Arc::new(vec![only]);
    snapshot.chunks = Arc::new(vec![HypertableChunks {
        schema: "public".into(),
        table: "ticks".into(),
        chunks: Vec::new(),
    }]);
    let (site, session) = signed_in(snapshot).await;
    let now_s = site.console.now().as_second();
    let subject = table("public", "ticks");
    // Twenty minutes of readings, six hours of none, twenty minutes of readings.
    for minutes in (400..420).rev().chain((5..25).rev()) {
        site.record(&reading(now_s - 60 * minutes, &subject, 1_000.0, 1_000.0))
            .await;
    }
    let body = json!({"database": "factory", "table": {"schema": "public", "name": "ticks"}, "range": "24h", "limit": ""});
    let chart = drawn(&site, &session, "draw_sizes", &body).await;
    let values = series(&chart).remove(0).1;
    let inner = values
        .iter()
        .skip_while(|value| value.is_none())
        .collect::<Vec<_>>();
    let first_gap = inner.iter().position(|value| value.is_none());
    assert!(
        first_gap.is_some_and(|at| inner[at..].iter().any(|value| value.is_some())),
        "{values:?}"
    );
}

/// A table of hourly chunks up to now, with a retention policy that keeps 90 days, one day of which is there.
fn kept(scheduled: bool) -> Snapshot {
    let mut snapshot = factory();
    let now = SystemClock.now();
    let hour = now.as_second() / 3_600;
    let only = Hypertable {
        schema: "public".into(),
        name: "ticks".into(),
        ..Hypertable::default()
    };
    let moment = |hour: i64| TimePoint::Moment(Timestamp::from_second(3_600 * hour).expect("in range"));
    let chunks = (0..24).map(|back| Chunk {
        name: format!("_hyper_1_{back}_chunk"),
        range: Some(ChunkRange {
            start: moment(hour - 24 + back),
            end: moment(hour - 23 + back),
        }),
        size: TableSize {
            heap_bytes: 8_192,
            ..TableSize::default()
        },
        ..Chunk::default()
    });
    snapshot.chunks = Arc::new(vec![HypertableChunks {
        schema: "public".into(),
        table: "ticks".into(),
        chunks: chunks.collect(),
    }]);
    snapshot.hypertables = Arc::new(vec![only]);
    (snapshot.collected_at, snapshot.sizes_collected_at) = (now, now);
    let job = &mut snapshot.jobs[0];
    job.table = Some(TableName::new("public", "ticks"));
    job.scheduled = scheduled;
    job.threshold = Some(PolicyThreshold {
        after: TimeSpan::Interval("90 days".parse().expect("an interval")),
        from_creation: false,
    });
    snapshot
}

#[tokio::test]
async fn growth_ends_where_retention_keeps_up_and_goes_on_where_it_is_paused() {
    for (scheduled, said, unsaid) in [
        (true, "It levels off near", "Not taken off"),
        (
            false,
            "Not taken off is what retention may drop by 1 policy",
            "It levels off",
        ),
    ] {
        let (site, session) = signed_in(kept(scheduled)).await;
        let table = json!({"schema": "public", "name": "ticks"});
        for (function, body) in [
            (
                "draw_sizes",
                json!({"database": "factory", "table": table, "range": "all", "limit": "1 TB"}),
            ),
            (
                "draw_storage",
                json!({"database": "factory", "range": "all", "limit": "1 TB"}),
            ),
        ] {
            let sentences = drawn(&site, &session, function, &body).await["sentences"].to_string();
            assert!(sentences.contains(said), "{function}: {sentences}");
            assert!(!sentences.contains(unsaid), "{function}: {sentences}");
            assert!(
                sentences.contains("1 TB are not reached"),
                "{function}: {sentences}"
            );
            assert!(
                !sentences.contains("Nothing that came in"),
                "{function}: {sentences}"
            );
        }
    }
}
