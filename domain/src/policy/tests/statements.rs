//! The exact SQL, in order, and the locks. Run against TimescaleDB 2.29 as they stand here.

use super::*;

fn sql(plan: &Plan) -> Vec<&str> {
    plan.statements().collect()
}

#[test]
fn a_first_policy_enables_compression_before_its_job_and_everything_else_before_that() {
    let plan = planned(&bare(), |policy| {
        policy.chunk_interval = Some(span("1 hour"));
        policy.retention = Some(after(PolicyKind::Retention, "90 days"));
        policy.compression = Compression::On {
            settings: CompressionSettings {
                segment_by: SegmentBy::Columns(vec!["metric_def_id".to_owned()]),
                order_by: vec![descending("ts")],
            },
            policy: Some(after(PolicyKind::Compression, "7 days")),
        };
    });
    assert_eq!(
        sql(&plan),
        [
            "SELECT set_chunk_time_interval('\"public\".\"metric_hist\"', INTERVAL '1 hour')",
            "SELECT alter_job(\n  add_retention_policy('\"public\".\"metric_hist\"', drop_after => INTERVAL '90 days', \
             schedule_interval => INTERVAL '1 day'),\n  max_runtime => INTERVAL '5 minutes', \
             next_start => TIMESTAMPTZ '2026-11-24T12:00:00Z')",
            "ALTER TABLE \"public\".\"metric_hist\" SET (timescaledb.compress, \
             timescaledb.compress_segmentby = '\"metric_def_id\"', \
             timescaledb.compress_orderby = '\"ts\" DESC NULLS FIRST')",
            "SELECT alter_job(\n  add_compression_policy('\"public\".\"metric_hist\"', compress_after => INTERVAL '7 days', \
             schedule_interval => INTERVAL '12 hours'),\n  max_runtime => INTERVAL '0 seconds', \
             next_start => TIMESTAMPTZ '2026-11-24T00:00:00Z')",
        ]
    );
    let locks: Vec<_> = plan.steps.iter().map(|planned| planned.lock.mode()).collect();
    assert_eq!(
        locks,
        [
            None,
            Some("SHARE ROW EXCLUSIVE"),
            Some("ACCESS EXCLUSIVE"),
            Some("SHARE ROW EXCLUSIVE")
        ]
    );
}

#[test]
fn another_age_changes_the_configuration_in_place_and_passes_everything_else_back() {
    let mut current = kept();
    let job = current.retention_job.as_mut().expect("a job");
    job.schedule.timezone = Some("Europe/Berlin".to_owned());
    let plan = planned(&current, |policy| {
        retention(policy).threshold = Threshold::After(span("60 days"));
    });
    assert_eq!(
        sql(&plan),
        [
            "SELECT alter_job(j.job_id, config => j.config || '{\"drop_after\": \"60 days\"}'::jsonb, \
          timezone => 'Europe/Berlin', next_start => nullif(j.next_start, '-infinity'))\n\
          FROM timescaledb_information.jobs j WHERE j.job_id = 1001"
        ]
    );
}

#[test]
fn an_age_by_creation_replaces_the_one_by_range() {
    let plan = planned(&kept(), |policy| {
        retention(policy).threshold = Threshold::CreatedBefore(interval("60 days"));
    });
    assert!(
        sql(&plan)[0]
            .contains("config => j.config - 'drop_after' || '{\"drop_created_before\": \"60 days\"}'::jsonb")
    );
}

#[test]
fn a_shorter_interval_never_delays_a_start_and_fixed_times_are_said_whole() {
    let plan = planned(&kept(), |policy| {
        retention(policy).schedule.interval = interval("1 hour");
    });
    assert_eq!(
        sql(&plan),
        [
            "SELECT alter_job(j.job_id, schedule_interval => INTERVAL '1 hour', \
          next_start => least(nullif(j.next_start, '-infinity'), TIMESTAMPTZ '2026-11-23T13:00:00Z'))\n\
          FROM timescaledb_information.jobs j WHERE j.job_id = 1001"
        ]
    );
    let plan = planned(&kept(), |policy| {
        let schedule = &mut retention(policy).schedule;
        schedule.fixed = true;
        schedule.initial_start = Some(at("2026-01-01T02:00:00Z"));
        schedule.timezone = Some("Europe/Berlin".to_owned());
    });
    assert_eq!(
        sql(&plan),
        ["SELECT alter_job(j.job_id, fixed_schedule => true, \
          initial_start => TIMESTAMPTZ '2026-01-01T02:00:00Z', timezone => 'Europe/Berlin', \
          next_start => TIMESTAMPTZ '2026-11-24T02:00:00Z')\n\
          FROM timescaledb_information.jobs j WHERE j.job_id = 1001"]
    );
}

#[test]
fn disabling_removes_the_job_first_and_none_is_not_the_servers_choice() {
    let plan = planned(&kept(), |policy| policy.compression = Compression::Off);
    assert_eq!(
        sql(&plan),
        [
            "SELECT remove_compression_policy('\"public\".\"metric_hist\"')",
            "ALTER TABLE \"public\".\"metric_hist\" SET (timescaledb.compress = false)",
        ]
    );
    let change = |segment_by: SegmentBy| {
        planned(&kept(), move |policy| {
            let Compression::On { settings, .. } = &mut policy.compression else {
                panic!("compression is on")
            };
            settings.segment_by = segment_by;
        })
    };
    let none = change(SegmentBy::Nothing);
    assert_eq!(
        sql(&none),
        ["ALTER TABLE \"public\".\"metric_hist\" SET (timescaledb.compress_segmentby = '')"]
    );
    let server = change(SegmentBy::ServerChooses);
    assert_eq!(
        sql(&server),
        ["ALTER TABLE \"public\".\"metric_hist\" RESET (timescaledb.compress_segmentby)"]
    );
}

#[test]
fn a_continuous_aggregate_is_named_by_its_view_and_open_ends_are_null() {
    let mut current = aggregate();
    let plan = planned(&current, |policy| {
        policy.refresh.as_mut().expect("a refresh").window.start_offset = None;
        policy.compression = Compression::On {
            settings: CompressionSettings::default(),
            policy: None,
        };
    });
    assert_eq!(
        sql(&plan),
        [
            "SELECT alter_job(j.job_id, config => j.config || '{\"start_offset\": null}'::jsonb, \
             next_start => nullif(j.next_start, '-infinity'))\n\
             FROM timescaledb_information.jobs j WHERE j.job_id = 1002",
            "ALTER MATERIALIZED VIEW \"public\".\"metrics_hourly\" SET (timescaledb.compress)",
        ]
    );
    current.refresh_jobs.clear();
    let plan = planned(&current, |policy| {
        policy.refresh = Some(Refresh {
            window: RefreshWindow {
                start_offset: None,
                end_offset: Some(span("1 hour")),
            },
            schedule: schedule(PolicyKind::Refresh),
        });
    });
    assert_eq!(
        sql(&plan),
        [
            "SELECT alter_job(\n  add_continuous_aggregate_policy('\"public\".\"metrics_hourly\"', start_offset => NULL, \
             end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '1 hour'),\n  \
             max_runtime => INTERVAL '0 seconds', next_start => TIMESTAMPTZ '2026-11-23T13:00:00Z')"
        ]
    );
}

#[test]
fn integer_time_is_written_as_numbers() {
    let current = Current {
        time_axis: TimeAxis::Numbers,
        chunk_interval: Some(TimeSpan::Number(100)),
        ..bare()
    };
    let plan = planned(&current, |policy| {
        policy.chunk_interval = Some(TimeSpan::Number(5_000_000_000));
        policy.retention = Some(AgePolicy {
            threshold: Threshold::After(TimeSpan::Number(500)),
            schedule: schedule(PolicyKind::Retention),
        });
    });
    let sql = sql(&plan);
    assert_eq!(
        sql[0],
        "SELECT set_chunk_time_interval('\"public\".\"metric_hist\"', 5000000000)"
    );
    assert!(sql[1].contains("drop_after => 500,"), "{}", sql[1]);
}

#[test]
fn names_and_values_never_end_a_quote() {
    let current = Current {
        table: TableName::new("it's", "a \"table\""),
        ..kept()
    };
    let plan = planned(&current, |policy| {
        policy.chunk_interval = Some(span("2 days"));
        let Compression::On { settings, .. } = &mut policy.compression else {
            panic!("compression is on")
        };
        settings.segment_by = SegmentBy::Columns(vec!["o'neil \"x\"".to_owned()]);
        retention(policy).schedule.timezone = Some("'); DROP TABLE x; --".to_owned());
    });
    assert_eq!(
        sql(&plan),
        [
            "SELECT set_chunk_time_interval('\"it''s\".\"a \"\"table\"\"\"', INTERVAL '2 days')",
            "SELECT alter_job(j.job_id, timezone => '''); DROP TABLE x; --', \
             next_start => nullif(j.next_start, '-infinity'))\n\
             FROM timescaledb_information.jobs j WHERE j.job_id = 1001",
            "ALTER TABLE \"it's\".\"a \"\"table\"\"\" SET (timescaledb.compress_segmentby = '\"o''neil \"\"x\"\"\"')",
        ]
    );
}

#[test]
fn a_resumed_job_waits_for_its_next_time() {
    let resumed = |next_start: NextStart, fixed_from: Option<&str>| {
        let mut current = kept();
        let job = current.retention_job.as_mut().expect("a job");
        job.schedule.paused = true;
        job.schedule.fixed = fixed_from.is_some();
        job.schedule.initial_start = fixed_from.map(at);
        job.next_start = next_start;
        let plan = planned(&current, |policy| retention(policy).schedule.paused = false);
        let Step::AlterPolicy(alter) = &plan.steps[0].step else {
            panic!("{:?}", plan.steps)
        };
        (alter.next_start, plan.first_runs.retention)
    };
    let moved = |at: Timestamp| (NextStartChange::At(at), Some(at));
    let passed = NextStart::At(at("2026-11-20T03:00:00Z"));
    assert_eq!(resumed(passed, None), moved(later("1 day")));
    // A snapshot does not know when a paused job would have started.
    assert_eq!(resumed(NextStart::Never, None), moved(later("1 day")));
    let fixed = resumed(NextStart::Never, Some("2026-01-01T02:00:00Z"));
    assert_eq!(fixed, moved(at("2026-11-24T02:00:00Z")));
    let ahead = resumed(NextStart::At(later("5 hours")), None);
    assert_eq!(ahead, (NextStartChange::Kept, Some(later("5 hours"))));
}

#[test]
fn a_plan_reads_back_from_json() {
    let plan = planned(&kept(), |policy| {
        policy.compression = Compression::Off;
        policy.chunk_interval = Some(span("90 minutes"));
        retention(policy).threshold = Threshold::CreatedBefore(interval("60 days"));
    });
    let text = serde_json::to_string(&plan).expect("JSON");
    assert_eq!(serde_json::from_str::<Plan>(&text).expect("a plan"), plan);
    let text = serde_json::to_string(&kept()).expect("JSON");
    assert_eq!(serde_json::from_str::<Current>(&text).expect("a policy"), kept());
}

#[test]
fn without_jobs_the_console_keeps_retention_itself() {
    let mut facts = Facts::nothing(now());
    facts.edition = crate::snapshot::Edition::Apache;
    let desired = wish(&bare(), |policy| {
        policy.chunk_interval = Some(span("2 days"));
        policy.retention = Some(after(PolicyKind::Retention, "90 days"));
    });
    let plan = super::plan(&bare(), &desired, &facts);
    assert_eq!(plan.blockers, []);
    assert_eq!(sql(&plan).len(), 1, "the interval is set by the server");
    let console = &plan.steps[1];
    assert_eq!(
        console.step,
        Step::ConsoleRetention {
            policy: desired.policy.retention.clone(),
            next_start: later("1 day"),
        }
    );
    assert_eq!((console.sql.as_deref(), &console.lock), (None, &Lock::Nothing));
    assert!(!console.step.is_in_transaction());
    assert!(plan.needs_typed_name);

    let kept = Current {
        chunk_interval: Some(span("2 days")),
        console_retention: desired.policy.retention.clone(),
        ..bare()
    };
    assert!(super::plan(&kept, &desired, &facts).is_empty());
    let back = super::plan(&kept, &plan.inverse, &facts);
    assert!(
        back.steps
            .iter()
            .any(|planned| matches!(planned.step, Step::ConsoleRetention { policy: None, .. }))
    );
    assert!(!back.needs_typed_name);
}
