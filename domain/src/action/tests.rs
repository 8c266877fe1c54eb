use super::*;
use crate::interval::Interval;
use crate::job::NextStart;
use crate::visible::Visible;

fn job(id: i32, kind: JobKind) -> Job {
    Job {
        id,
        application_name: format!("Job [{id}]"),
        kind,
        procedure_schema: "_timescaledb_functions".to_owned(),
        procedure: "of_some_kind".to_owned(),
        owner: "anna".to_owned(),
        owner_can_login: true,
        schedule_interval: Interval::new(0, 1, 0),
        max_runtime: Interval::default(),
        max_retries: -1,
        retry_period: Interval::new(0, 0, 300_000_000),
        scheduled: true,
        fixed_schedule: false,
        initial_start: None,
        timezone: None,
        config: None,
        table: None,
        continuous_aggregate: None,
        next_start: NextStart::NotYet,
        is_running: Visible::Shown(false),
        statistics: None,
        errors: Visible::Shown(Vec::new()),
        threshold: None,
    }
}

fn request(action: Action, targets: &[ActionTarget]) -> ActionRequest {
    ActionRequest {
        action,
        targets: targets.to_vec(),
    }
}

#[test]
fn operators_run_what_is_routine_and_nothing_else() {
    let jobs = [
        job(1, JobKind::Compression),
        job(2, JobKind::Reorder),
        job(3, JobKind::Refresh),
        job(4, JobKind::Retention),
        job(5, JobKind::Custom),
        job(6, JobKind::Compaction),
    ];
    for action in [Action::RunJob, Action::PauseJob, Action::ResumeJob] {
        for job in &jobs {
            let expected = if job.id <= 3 {
                Permission::OperateJobs
            } else {
                Permission::ChangePolicies
            };
            let request = request(action.clone(), &[ActionTarget::Job(job.id)]);
            assert_eq!(
                request.permission(&jobs),
                Ok(expected),
                "{action:?} {:?}",
                job.kind
            );
        }
        // One that is not routine makes all of them so.
        let both = request(action, &[ActionTarget::Job(1), ActionTarget::Job(4)]);
        assert_eq!(both.permission(&jobs), Ok(Permission::ChangePolicies));
    }
    let reschedule = Action::RescheduleJob {
        next_start: Timestamp::UNIX_EPOCH,
    };
    let of_compression = request(reschedule, &[ActionTarget::Job(1)]);
    assert_eq!(of_compression.permission(&jobs), Ok(Permission::ChangePolicies));
    let gone = request(Action::RunJob, &[ActionTarget::Job(9)]);
    assert_eq!(gone.permission(&jobs), Err(UnfitRequest::UnknownJob(9)));
}

#[test]
fn chunks_are_for_those_who_change_policies_and_refreshing_is_operating() {
    let table = TableName::new("public", "metric_hist");
    let chunk = ActionTarget::Chunk {
        table: table.clone(),
        chunk: TableName::new("_timescaledb_internal", "_hyper_1_1_chunk"),
    };
    for action in [
        Action::Compress,
        Action::Decompress,
        Action::Recompress,
        Action::Drop,
        Action::Freeze,
        Action::Unfreeze,
    ] {
        let of = request(action, std::slice::from_ref(&chunk));
        assert_eq!(of.permission(&[]), Ok(Permission::ChangePolicies));
    }
    let refresh = Action::Refresh {
        from: String::new(),
        to: String::new(),
    };
    let of = request(refresh, &[ActionTarget::Aggregate(table)]);
    assert_eq!(of.permission(&[]), Ok(Permission::OperateJobs));
}

#[test]
fn a_target_of_another_kind_is_refused_with_what_is_wanted() {
    let table = ActionTarget::Table(TableName::new("public", "t"));
    for (action, target, wanted) in [
        (Action::Drop, table.clone(), "Select chunks."),
        (Action::RunJob, table.clone(), "Select jobs."),
        (Action::Compress, ActionTarget::Job(1), "Select chunks or tables."),
    ] {
        let message = request(action, &[target]).check().expect_err("unfit").to_string();
        assert!(message.ends_with(wanted), "{message}");
    }
    assert_eq!(request(Action::Compress, &[]).check(), Err(UnfitRequest::Nothing));
    assert_eq!(request(Action::Compress, &[table]).check(), Ok(()));
}

#[test]
fn older_than_is_an_age_a_moment_or_a_value() {
    let days: Interval = "90 days".parse().expect("an interval");
    assert_eq!(
        OlderThan::parse("90 days", TimeAxis::Moments),
        Ok(OlderThan::Age(TimeSpan::Interval(days)))
    );
    let moment = TimePoint::Moment("2026-08-01T00:00:00Z".parse().expect("a moment"));
    for text in ["2026-08-01", "2026-08-01T00:00", "2026-08-01T00:00:00Z"] {
        assert_eq!(
            OlderThan::parse(text, TimeAxis::Moments),
            Ok(OlderThan::Before(moment))
        );
    }
    assert_eq!(
        OlderThan::parse("1_000", TimeAxis::Numbers),
        Ok(OlderThan::Before(TimePoint::Number(1000)))
    );
    for (text, axis) in [
        ("90 days", TimeAxis::Numbers),
        ("-3 days", TimeAxis::Moments),
        ("0 days", TimeAxis::Moments),
        ("6m", TimeAxis::Moments),
        ("", TimeAxis::Moments),
        ("soon", TimeAxis::Moments),
    ] {
        assert!(OlderThan::parse(text, axis).is_err(), "{text}");
    }
}

#[test]
fn sums_leave_out_what_is_skipped_and_say_when_they_do_not_know() {
    let target = |bytes_after, skip| TargetPreview {
        target: ActionTarget::Job(1),
        title: String::new(),
        range: None,
        statement: String::new(),
        skip,
        bytes: Some(10),
        bytes_after,
        rows: Some(2),
    };
    let totals = ActionTotals::of(&[
        target(Some(4), None),
        target(Some(3), None),
        target(None, Some(Skip::Frozen)),
    ]);
    assert_eq!(
        (totals.handled, totals.skipped, totals.bytes, totals.rows),
        (2, 1, 20, 4)
    );
    assert_eq!(totals.bytes_after, Some(7));
    assert_eq!(
        ActionTotals::of(&[target(Some(1), None), target(None, None)]).bytes_after,
        None
    );
}

#[test]
fn counts_are_read_as_people_say_them() {
    let mut counts = TargetCounts::default();
    assert_eq!(counts.to_string(), "nothing");
    counts.add(TargetState::Done, 22);
    counts.add(TargetState::Failed, 1);
    assert_eq!(counts.to_string(), "22 done, 1 failed");
    assert_eq!(counts.total(), 23);
}
