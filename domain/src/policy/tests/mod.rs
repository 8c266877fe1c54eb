//! What a plan promises, on examples and on policies nobody thought of.

mod current;
mod findings;
mod forms;
mod outlook;
mod properties;
mod server;
mod statements;

use super::*;
use crate::compression_settings::{CompressionSettings, OrderBy, SegmentBy};
use crate::hypertable::TimeSpan;
use crate::interval::Interval;
use crate::job::NextStart;
use crate::table_name::TableName;
use crate::time_axis::TimeAxis;
use crate::timestamp::{Timestamp, moved};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn now() -> Timestamp {
    at("2026-11-23T12:00:00Z")
}

fn interval(text: &str) -> Interval {
    text.parse().expect("an interval")
}

fn span(text: &str) -> TimeSpan {
    TimeSpan::Interval(interval(text))
}

fn later(text: &str) -> Timestamp {
    moved(now(), interval(text)).expect("in range")
}

fn schedule(kind: PolicyKind) -> Schedule {
    Schedule::default_for(kind, Some(span("1 day")))
}

fn after(kind: PolicyKind, text: &str) -> AgePolicy {
    AgePolicy {
        threshold: Threshold::After(span(text)),
        schedule: schedule(kind),
    }
}

fn descending(column: &str) -> OrderBy {
    OrderBy {
        column: column.to_owned(),
        descending: true,
        nulls_first: true,
    }
}

fn job<T>(id: i32, work: T, schedule: Schedule) -> ActualJob<T> {
    ActualJob {
        id,
        owner: "mes_app".to_owned(),
        work,
        schedule,
        next_start: NextStart::At(later("5 hours")),
        is_running: false,
        config: "{}".to_owned(),
    }
}

/// A table without policies, compression off.
fn bare() -> Current {
    Current {
        table: TableName::new("public", "metric_hist"),
        aggregate: None,
        owner: "mes_app".to_owned(),
        time_column: "ts".to_owned(),
        time_axis: TimeAxis::Moments,
        chunk_interval: Some(span("1 day")),
        compression: None,
        compression_job: None,
        retention_job: None,
        refresh_jobs: Vec::new(),
        console_retention: None,
    }
}

/// A table that is compressed after 7 days by job 1000 and dropped after 90 by job 1001.
fn kept() -> Current {
    Current {
        compression: Some(CompressionSettings {
            segment_by: SegmentBy::Columns(vec!["metric_def_id".to_owned()]),
            order_by: vec![descending("ts")],
        }),
        compression_job: Some(job(
            1000,
            Threshold::After(span("7 days")),
            schedule(PolicyKind::Compression),
        )),
        retention_job: Some(job(
            1001,
            Threshold::After(span("90 days")),
            schedule(PolicyKind::Retention),
        )),
        ..bare()
    }
}

/// A continuous aggregate that job 1002 refreshes from 3 days to 1 hour before now.
fn aggregate() -> Current {
    Current {
        table: TableName::new("_timescaledb_internal", "_materialized_hypertable_2"),
        aggregate: Some(Aggregate {
            view: TableName::new("public", "metrics_hourly"),
            bucket_width: Some(span("1 hour")),
        }),
        time_column: "bucket".to_owned(),
        chunk_interval: Some(span("10 days")),
        refresh_jobs: vec![job(
            1002,
            RefreshWindow {
                start_offset: Some(span("3 days")),
                end_offset: Some(span("1 hour")),
            },
            schedule(PolicyKind::Refresh),
        )],
        ..bare()
    }
}

/// What is there, changed.
fn wish(current: &Current, change: impl FnOnce(&mut TablePolicy)) -> Desired {
    let mut policy = current.policy();
    change(&mut policy);
    Desired {
        policy,
        next_starts: NextStarts::default(),
    }
}

fn planned(current: &Current, change: impl FnOnce(&mut TablePolicy)) -> Plan {
    plan(current, &wish(current, change), &Facts::nothing(now()))
}

fn retention(policy: &mut TablePolicy) -> &mut AgePolicy {
    policy.retention.as_mut().expect("a retention policy")
}
