//! What a snapshot says of a table, and what is compared of it.

use std::sync::Arc;

use super::*;
use crate::continuous_aggregate::{ContinuousAggregate, RefreshPolicy};
use crate::hypertable::Hypertable;
use crate::job::{Job, JobKind, PolicyThreshold};
use crate::snapshot::{Snapshot, example};
use crate::visible::Visible;

fn table_job(kind: JobKind, table: &TableName, threshold: Option<PolicyThreshold>) -> Job {
    let (id, procedure) = match kind {
        JobKind::Retention => (1001, "policy_retention"),
        _ => (1002, "policy_refresh_continuous_aggregate"),
    };
    Job {
        id,
        application_name: String::new(),
        kind,
        procedure_schema: "_timescaledb_functions".to_owned(),
        procedure: procedure.to_owned(),
        owner: "mes_app".to_owned(),
        owner_can_login: false,
        schedule_interval: interval("1 day"),
        max_runtime: interval("5 minutes"),
        max_retries: -1,
        retry_period: interval("5 minutes"),
        scheduled: true,
        fixed_schedule: false,
        initial_start: None,
        timezone: None,
        config: Some("{\"drop_after\": \"90 days\"}".to_owned()),
        table: Some(table.clone()),
        continuous_aggregate: None,
        next_start: NextStart::At(later("5 hours")),
        is_running: Visible::Shown(false),
        statistics: None,
        errors: Visible::Shown(Vec::new()),
        threshold,
    }
}

fn hypertable(name: &TableName) -> Hypertable {
    Hypertable {
        schema: name.schema.clone(),
        name: name.name.clone(),
        owner: "mes_app".to_owned(),
        time_column: "ts".to_owned(),
        chunk_interval: Some(span("1 day")),
        ..Hypertable::default()
    }
}

fn ninety_days() -> PolicyThreshold {
    PolicyThreshold {
        after: span("90 days"),
        from_creation: false,
    }
}

/// A table with retention, and an aggregate of it with a refresh.
fn snapshot(threshold: Option<PolicyThreshold>) -> Snapshot {
    let (table, aggregate) = (bare().table, aggregate());
    let view = aggregate.relation().clone();
    let mut source = hypertable(&table);
    source.drop_after = Some(span("90 days"));
    Snapshot {
        jobs: vec![
            table_job(JobKind::Retention, &table, threshold),
            table_job(JobKind::Refresh, &aggregate.table, None),
        ],
        continuous_aggregates: vec![ContinuousAggregate {
            view,
            owner: "mes_app".to_owned(),
            source: table.clone(),
            materialization: aggregate.table.clone(),
            materialized_only: true,
            compression_enabled: false,
            finalized: true,
            bucket_width: Some(span("1 hour")),
            watermark: None,
            refresh: vec![RefreshPolicy {
                job_id: 1002,
                start_offset: Some(span("3 days")),
                end_offset: None,
            }],
        }],
        hypertables: Arc::new(vec![hypertable(&aggregate.table), source]),
        chunks: Arc::default(),
        ..example::empty()
    }
}

#[test]
fn a_snapshot_says_what_there_is() {
    let snapshot = snapshot(Some(ninety_days()));
    let current = Current::of(&snapshot, &bare().table, None).expect("a table");
    let expected = AgePolicy {
        threshold: Threshold::After(span("90 days")),
        schedule: schedule(PolicyKind::Retention),
    };
    assert_eq!(current.policy().retention, Some(expected));
    assert_eq!(current.policy().compression, Compression::Off);
    let facts = Facts::of(&snapshot, &current, now());
    assert_eq!(facts.dependents[0].view, *aggregate().relation());
    assert_eq!(facts.owner_can_login, Some(false));

    for name in [aggregate().relation(), &aggregate().table] {
        let current = Current::of(&snapshot, name, None).expect("an aggregate");
        assert_eq!(current.relation(), aggregate().relation());
        let refresh = current.policy().refresh.expect("a refresh");
        assert_eq!(refresh.window.start_offset, Some(span("3 days")));
        let facts = Facts::of(&snapshot, &current, now());
        assert_eq!(facts.source_drops, Some(Threshold::After(span("90 days"))));
    }
}

#[test]
fn what_cannot_be_read_cannot_be_planned() {
    let snapshot = snapshot(None);
    let error = Current::of(&snapshot, &bare().table, None).expect_err("no age");
    assert!(
        matches!(error, NotPlannable::UnreadableJob { job_id: 1001, .. }),
        "{error}"
    );
    let error = Current::of(&snapshot, &TableName::new("public", "nothing"), None).expect_err("no table");
    assert_eq!(
        error.to_string(),
        "there is no hypertable or continuous aggregate nothing"
    );
}

#[test]
fn a_fingerprint_changes_with_whatever_a_plan_depends_on_and_with_nothing_else() {
    let print = kept().fingerprint();
    let with = |change: &dyn Fn(&mut Current)| {
        let mut current = kept();
        change(&mut current);
        current
    };
    for changed in [
        with(&|of| of.owner = "somebody".to_owned()),
        with(&|of| of.chunk_interval = Some(span("2 days"))),
        with(&|of| of.compression = None),
        with(&|of| of.retention_job = None),
        with(&|of| of.retention_job.as_mut().expect("a job").id = 7),
        with(&|of| of.retention_job.as_mut().expect("a job").config = "{\"a\": 1}".to_owned()),
        with(&|of| of.retention_job.as_mut().expect("a job").schedule.timezone = Some("UTC".to_owned())),
        with(&|of| of.retention_job.as_mut().expect("a job").schedule.paused = true),
        with(&|of| of.console_retention = Some(after(PolicyKind::Retention, "1 day"))),
    ] {
        assert_ne!(changed.fingerprint(), print);
        assert_ne!(kept().changes_to(&changed), [], "and says what it is");
    }
    let ran = with(&|of| {
        let job = of.retention_job.as_mut().expect("a job");
        job.next_start = NextStart::RunningOrStuck;
        job.is_running = true;
    });
    assert_eq!(ran.fingerprint(), print);
    assert_eq!(kept().changes_to(&ran), []);
}

#[test]
fn differences_are_told_field_by_field() {
    let desired = wish(&kept(), |policy| {
        policy.chunk_interval = Some(span("24 hours"));
        retention(policy).threshold = Threshold::CreatedBefore(interval("60 days"));
        retention(policy).schedule.paused = true;
        let Compression::On { settings, policy } = &mut policy.compression else {
            panic!("compression is on")
        };
        settings.segment_by = SegmentBy::Nothing;
        *policy = None;
    });
    let rows: Vec<_> = differences(&kept().policy(), &desired.policy)
        .into_iter()
        .map(|row| (row.field.name(), row.current, row.desired))
        .collect();
    let row = |name, current: &str, desired: &str| (name, current.to_owned(), desired.to_owned());
    assert_eq!(
        rows,
        [
            row("segment_by", "metric_def_id", "-"),
            row("compress_after", "7 days", "never"),
            row("drop_after", "90 days", "60 days since the chunk was created"),
            row("drop_paused", "no", "yes"),
        ]
    );
}
