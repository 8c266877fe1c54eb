use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::chunk_status::ChunkStatus;
use crate::continuous_aggregate::{ContinuousAggregate, RefreshPolicy};
use crate::hypertable::{Chunk, ChunkRange};
use crate::interval::Interval;
use crate::job::{JobStatistics, NextStart, PolicyThreshold, RunOutcome};
use crate::job_error::JobError;
use crate::quantity::minute;
use crate::server_health::RunningWorkers;
use crate::snapshot::{HypertableChunks, example};
use crate::visible::{Hidden, Visible};

const DAY: i64 = 86_400;

/// Noon of a day in 2026, a whole number of days after 1970.
fn now() -> Timestamp {
    Timestamp::from_second(20_500 * DAY + DAY / 2).expect("in range")
}

fn ago(seconds: i64) -> Timestamp {
    now()
        .checked_sub(SignedDuration::from_secs(seconds))
        .expect("in range")
}

fn moment(days_ago: i64) -> TimePoint {
    // Midnight, as chunks are cut.
    TimePoint::Moment(ago(days_ago * DAY + DAY / 2))
}

/// A chunk of one day that began so many days ago.
fn day_chunk(days_ago: i64, status: u32) -> Chunk {
    Chunk {
        schema: "_timescaledb_internal".into(),
        name: format!("_hyper_1_{days_ago}_chunk"),
        range: Some(ChunkRange {
            start: moment(days_ago),
            end: moment(days_ago - 1),
        }),
        rows: 10,
        is_compressed: status & 1 != 0,
        status: ChunkStatus::from_bits(status),
        ..Chunk::default()
    }
}

fn number_chunk(start: i64) -> Chunk {
    Chunk {
        schema: "_timescaledb_internal".into(),
        name: format!("_hyper_1_{start}_chunk"),
        range: Some(ChunkRange {
            start: TimePoint::Number(start),
            end: TimePoint::Number(start + 100),
        }),
        rows: 10,
        ..Chunk::default()
    }
}

fn days(days: i64) -> TimeSpan {
    TimeSpan::Interval(Interval::new(0, days, 0))
}

/// A job that ran an hour ago, succeeded and starts again in time.
fn job(kind: JobKind, after: TimeSpan) -> Job {
    Job {
        id: 1000,
        application_name: "Policy [1000]".into(),
        kind,
        procedure_schema: "_timescaledb_functions".into(),
        procedure: "policy".into(),
        owner: "mes_app".into(),
        owner_can_login: true,
        schedule_interval: Interval::new(0, 1, 0),
        max_runtime: Interval::new(0, 0, 0),
        max_retries: -1,
        retry_period: Interval::new(0, 0, 300_000_000),
        scheduled: true,
        fixed_schedule: false,
        initial_start: None,
        timezone: None,
        config: None,
        table: Some(TableName::new("public", "oee_calculations")),
        continuous_aggregate: None,
        next_start: NextStart::At(ago(-23 * 3600)),
        is_running: Visible::Shown(false),
        statistics: Some(JobStatistics {
            last_start: Some(ago(3600)),
            last_finish: Some(ago(3590)),
            last_success: Some(ago(3590)),
            last_outcome: Some(RunOutcome::Succeeded),
            last_duration_us: Some(10_000_000),
            total_runs: 10,
            total_successes: 10,
            ..JobStatistics::default()
        }),
        errors: Visible::Shown(Vec::new()),
        threshold: Some(PolicyThreshold {
            after,
            from_creation: false,
        }),
    }
}

fn failed(job: Job, failures: u64, sqlstate: &str, message: &str) -> Job {
    let statistics = job.statistics.unwrap_or_default();
    Job {
        statistics: Some(JobStatistics {
            last_outcome: Some(RunOutcome::Failed),
            consecutive_failures: failures,
            total_failures: failures,
            ..statistics
        }),
        errors: Visible::Shown(vec![JobError {
            started_at: Some(ago(3600)),
            finished_at: Some(ago(3590)),
            sqlstate: Some(sqlstate.into()),
            message: message.into(),
            failing_chunk: crate::job_error::failing_chunk(message),
        }]),
        ..job
    }
}

fn snapshot(jobs: Vec<Job>, chunks: Vec<Chunk>) -> Snapshot {
    Snapshot {
        sizes_collected_at: now(),
        jobs,
        hypertables: Arc::new(vec![Hypertable {
            schema: "public".into(),
            name: "oee_calculations".into(),
            chunk_interval: Some(days(1)),
            range: chunks
                .first()
                .and_then(|chunk| chunk.range)
                .zip(chunks.last().and_then(|chunk| chunk.range))
                .map(|(first, last)| ChunkRange {
                    start: first.start,
                    end: last.end,
                }),
            ..Hypertable::default()
        }]),
        chunks: Arc::new(vec![HypertableChunks {
            schema: "public".into(),
            table: "oee_calculations".into(),
            chunks,
        }]),
        ..example::empty()
    }
}

fn verdict(jobs: Vec<Job>, chunks: Vec<Chunk>) -> TableVerdict {
    judge(&snapshot(jobs, chunks), now()).tables()[0].clone()
}

fn retention(keep: i64) -> Job {
    job(JobKind::Retention, days(keep))
}

#[test]
fn a_table_without_policies_is_told_apart_from_an_edition_without_them() {
    assert_eq!(verdict(Vec::new(), Vec::new()).light, Light::NoPolicy);
    let mut apache = snapshot(Vec::new(), Vec::new());
    apache.server.edition = Edition::Apache;
    assert_eq!(judge(&apache, now()).tables()[0].light, Light::NotOffered);
}

#[test]
fn a_chunk_is_overdue_only_once_the_job_had_its_chance() {
    // A chunk that began n days ago ended n - 1 days and twelve hours ago; it is due after 7 days and overdue a day,
    // twice the run and five minutes later.
    for (began, overdue) in [(7, 0), (8, 0), (9, 1), (10, 1)] {
        let of = verdict(vec![retention(7)], vec![day_chunk(began, 0), day_chunk(0, 0)]);
        assert_eq!(of.policies[0].overdue.chunks, overdue, "{began}");
        assert_eq!(
            of.light,
            if overdue == 0 { Light::OnTime } else { Light::Late },
            "{began}"
        );
    }
}

#[test]
fn the_edge_of_the_grace_is_exact() {
    let mut policy = retention(7);
    // Due half a day ago (7 days after its end): overdue exactly when schedule + 2 x 10 s + 5 min fit into that.
    let room = DAY / 2 - 20 - 300;
    for (schedule, overdue) in [(room, 1), (room + 1, 0)] {
        policy.schedule_interval = Interval::new(0, 0, schedule * 1_000_000);
        let of = verdict(vec![policy.clone()], vec![day_chunk(8, 0)]);
        assert_eq!(of.policies[0].overdue.chunks, overdue, "{schedule}");
    }
}

#[test]
fn a_green_job_with_overdue_chunks_is_late_and_names_them() {
    let chunks: Vec<Chunk> = (5..=40).rev().map(|day| day_chunk(day, 0)).collect();
    let of = verdict(vec![job(JobKind::Compression, days(7))], chunks);
    assert_eq!(of.light, Light::Late);
    let policy = &of.policies[0];
    assert_eq!(policy.overdue.chunks, 32);
    assert_eq!(policy.overdue.oldest.len(), NAMED_CHUNKS);
    assert_eq!(policy.overdue.oldest[0].name, "_hyper_1_40_chunk");
    assert_eq!(
        policy.reason,
        "Compression of oee_calculations is late: 32 chunks (0 B) are not compressed, due for 32 days at most."
    );
    assert_eq!(of.oldest_kept, Some(moment(40)));
}

#[test]
fn compressed_frozen_and_later_filled_chunks_are_not_overdue() {
    let of = verdict(
        vec![job(JobKind::Compression, days(7))],
        vec![
            day_chunk(40, 1),
            day_chunk(39, 4),
            day_chunk(38, 9),
            day_chunk(37, 3),
        ],
    );
    assert_eq!(of.light, Light::OnTime);
    assert_eq!(of.policies[0].overdue.wait_for_recompression, 2);
    assert_eq!(
        of.reason,
        "2 chunks got rows after compression and wait to be compressed again."
    );
    let of = verdict(vec![retention(7)], vec![day_chunk(40, 4)]);
    assert_eq!(
        of.policies[0].overdue.chunks, 0,
        "retention leaves frozen chunks alone"
    );
    let of = verdict(vec![retention(7)], vec![day_chunk(40, 1)]);
    assert_eq!(
        of.policies[0].overdue.chunks, 1,
        "retention drops compressed chunks"
    );
}

#[test]
fn an_owner_without_login_fails_with_the_reason() {
    let policy = Job {
        owner_can_login: false,
        ..failed(
            retention(90),
            3,
            "28000",
            "role \"mes_app\" is not permitted to log in",
        )
    };
    let of = verdict(vec![policy], vec![day_chunk(1, 0)]);
    assert_eq!(of.light, Light::Failing);
    assert_eq!(
        of.reason,
        "Retention of oee_calculations fails. Its owner mes_app may not log in, so the job cannot start (28000)."
    );
    assert!(of.advice.expect("advice").contains("ALTER ROLE"));
}

#[test]
fn one_failure_with_nothing_overdue_is_late_and_more_of_them_fail() {
    let once = failed(retention(90), 1, "40P01", "deadlock detected");
    let of = verdict(vec![once.clone()], vec![day_chunk(1, 0)]);
    assert_eq!(of.light, Light::Late);
    assert!(of.reason.contains("failed once"), "{}", of.reason);
    assert!(of.reason.contains("(40P01)"), "{}", of.reason);
    assert!(of.reason.ends_with("Nothing is overdue yet."), "{}", of.reason);

    let of = verdict(vec![once], vec![day_chunk(200, 0)]);
    assert_eq!(of.light, Light::Failing, "with something overdue");
    assert!(of.reason.ends_with(" 1 chunk is overdue."), "{}", of.reason);

    let twice = failed(
        retention(90),
        2,
        "55P03",
        "canceling statement due to lock timeout on \"_hyper_1_3_chunk\"",
    );
    let of = verdict(vec![twice], vec![day_chunk(1, 0)]);
    assert_eq!(of.light, Light::Failing);
    assert!(
        of.reason.contains("It fails on _hyper_1_3_chunk."),
        "{}",
        of.reason
    );
}

#[test]
fn a_failure_whose_reason_is_hidden_says_what_would_show_it() {
    let hidden = Job {
        errors: Visible::Hidden(Hidden::JobErrors),
        ..failed(retention(90), 4, "XX000", "")
    };
    let of = verdict(vec![hidden], Vec::new());
    assert_eq!(of.light, Light::Failing);
    assert_eq!(
        of.reason,
        "Retention of oee_calculations fails. The console's role may not see why."
    );
    assert_eq!(of.advice.as_deref(), Some(Hidden::JobErrors.remedy()));
}

#[test]
fn a_paused_policy_is_paused_and_says_what_waits() {
    let policy = Job {
        scheduled: false,
        next_start: NextStart::Never,
        ..retention(7)
    };
    let of = verdict(vec![policy], vec![day_chunk(30, 0), day_chunk(29, 0)]);
    assert_eq!(of.light, Light::Paused);
    assert_eq!(
        of.reason,
        "Retention of oee_calculations is paused. 2 chunks are overdue."
    );
}

#[test]
fn a_policy_that_never_ran_says_what_its_first_run_will_do() {
    let policy = Job {
        statistics: None,
        next_start: NextStart::NotYet,
        ..retention(7)
    };
    let of = verdict(vec![policy], vec![day_chunk(400, 0)]);
    assert_eq!(
        (of.light, of.reason.as_str()),
        (
            Light::OnTime,
            "1 chunk (0 B) is older than 7 days; the first run drops it."
        )
    );
}

#[test]
fn minus_infinity_is_normal_while_a_process_is_at_work_and_stuck_without_one() {
    let begun = |seconds| {
        let policy = retention(90);
        let statistics = policy.statistics.unwrap_or_default();
        Job {
            next_start: NextStart::RunningOrStuck,
            statistics: Some(JobStatistics {
                last_start: Some(ago(seconds)),
                last_finish: None,
                last_outcome: None,
                ..statistics
            }),
            ..policy
        }
    };
    for (seconds, is_running, light) in [
        (7200, Visible::Shown(true), Light::OnTime),
        (600, Visible::Shown(false), Light::OnTime),
        (7200, Visible::Shown(false), Light::Failing),
        (7200, Visible::Hidden(Hidden::OtherSessions), Light::OnTime),
        (2 * DAY, Visible::Hidden(Hidden::OtherSessions), Light::Failing),
    ] {
        let policy = Job {
            is_running,
            ..begun(seconds)
        };
        assert_eq!(
            verdict(vec![policy], Vec::new()).light,
            light,
            "{seconds} {is_running:?}"
        );
    }
    let patient = Job {
        max_runtime: Interval::new(0, 0, 3 * 3_600_000_000),
        ..begun(7200)
    };
    assert_eq!(
        verdict(vec![patient], Vec::new()).light,
        Light::OnTime,
        "max_runtime"
    );
}

#[test]
fn a_job_whose_time_has_passed_blames_the_workers_that_are_all_in_use() {
    let policy = Job {
        next_start: NextStart::At(ago(3600)),
        ..retention(90)
    };
    let mut of = snapshot(vec![policy], Vec::new());
    of.health.workers.running = Visible::Shown(RunningWorkers {
        schedulers: 4,
        jobs: 12,
        parallel: 0,
        all: 20,
    });
    let table = judge(&of, now()).tables()[0].clone();
    assert_eq!(table.light, Light::Late);
    assert_eq!(
        table.reason,
        "Retention of oee_calculations should have started 1 h ago and has not: all 16 background workers of TimescaleDB are in use."
    );
    let soon = Job {
        next_start: NextStart::At(ago(200)),
        ..retention(90)
    };
    assert_eq!(verdict(vec![soon], Vec::new()).light, Light::OnTime);
}

#[test]
fn integer_time_is_judged_by_its_own_now_with_a_chunk_of_grace() {
    let policy = job(JobKind::Retention, TimeSpan::Number(1000));
    let mut of = snapshot(vec![policy], vec![number_chunk(0), number_chunk(100)]);
    let mut with_now = |now_is: Option<Visible<i64>>| {
        let table = &mut Arc::make_mut(&mut of.hypertables)[0];
        table.chunk_interval = Some(TimeSpan::Number(100));
        table.integer_now = now_is;
        judge(&of, now()).tables()[0].clone()
    };
    for (now_is, overdue) in [(1100, 0), (1199, 0), (1200, 1), (1299, 1), (1300, 2)] {
        let table = with_now(Some(Visible::Shown(now_is)));
        assert_eq!(table.policies[0].overdue.chunks, overdue, "{now_is}");
    }
    let table = with_now(Some(Visible::Shown(1300)));
    assert_eq!(table.policies[0].lag, Some(TimeSpan::Number(200)));
    let table = with_now(Some(Visible::Hidden(Hidden::NowFunctionRefused)));
    assert_eq!(table.light, Light::Unknown);
    assert_eq!(with_now(None).light, Light::Unknown);
    // The ends of the number line overflow nothing.
    for extreme in [i64::MIN, i64::MAX] {
        with_now(Some(Visible::Shown(extreme)));
    }
}

#[test]
fn a_policy_by_creation_counts_from_the_chunks_creation() {
    let policy = Job {
        threshold: Some(PolicyThreshold {
            after: days(7),
            from_creation: true,
        }),
        ..retention(7)
    };
    let created = |seconds| Chunk {
        created_at: Some(ago(seconds)),
        ..day_chunk(400, 0)
    };
    assert_eq!(
        verdict(vec![policy.clone()], vec![created(DAY)]).light,
        Light::OnTime
    );
    assert_eq!(verdict(vec![policy], vec![created(30 * DAY)]).light, Light::Late);
}

#[test]
fn the_worst_policy_decides_the_tables_light() {
    let second = Job {
        id: 1001,
        scheduled: false,
        ..job(JobKind::Compression, days(7))
    };
    let of = verdict(vec![retention(90), second], vec![day_chunk(1, 0)]);
    assert_eq!((of.light, of.policies.len()), (Light::Paused, 2));
    let both = verdict(
        vec![
            retention(90),
            Job {
                id: 1001,
                ..job(JobKind::Compression, days(7))
            },
        ],
        vec![day_chunk(1, 0)],
    );
    assert_eq!(both.reason, "2 policies are on time.");
}

fn builtin(kind: JobKind) -> Job {
    Job {
        id: 3,
        table: None,
        threshold: None,
        ..failed(
            job(kind, days(1)),
            9,
            "0A000",
            "not supported under the current \"apache\" license",
        )
    }
}

#[test]
fn the_false_alarm_of_the_apache_edition_is_left_out_and_real_ones_are_not() {
    let mut apache = snapshot(
        vec![builtin(JobKind::JobHistoryRetention), builtin(JobKind::Telemetry)],
        Vec::new(),
    );
    apache.server.edition = Edition::Apache;
    assert!(judge(&apache, now()).other_jobs().is_empty());

    let community = snapshot(
        vec![builtin(JobKind::JobHistoryRetention), builtin(JobKind::Custom)],
        Vec::new(),
    );
    let judged = judge(&community, now());
    assert_eq!(judged.other_jobs().len(), 2);
    assert_eq!(judged.worst(), Some(Light::Failing));
}

fn refreshed(watermark_hours_ago: i64, newest_chunk_days_ago: i64) -> TableVerdict {
    let materialization = TableName::new("_timescaledb_internal", "_materialized_hypertable_5");
    let refresh = Job {
        kind: JobKind::Refresh,
        table: Some(materialization.clone()),
        continuous_aggregate: Some(TableName::new("public", "oee_hourly")),
        schedule_interval: Interval::new(0, 0, 3_600_000_000),
        next_start: NextStart::At(ago(-60)),
        threshold: None,
        ..job(JobKind::Refresh, days(1))
    };
    let mut of = snapshot(vec![refresh], vec![day_chunk(newest_chunk_days_ago, 0)]);
    of.continuous_aggregates = vec![ContinuousAggregate {
        view: TableName::new("public", "oee_hourly"),
        owner: "mes_app".into(),
        source: TableName::new("public", "oee_calculations"),
        materialization: materialization.clone(),
        materialized_only: true,
        compression_enabled: false,
        finalized: true,
        bucket_width: Some(TimeSpan::Interval(Interval::new(0, 0, 3_600_000_000))),
        watermark: Some(TimePoint::Moment(ago(watermark_hours_ago * 3600))),
        refresh: vec![RefreshPolicy {
            job_id: 1000,
            start_offset: Some(days(30)),
            end_offset: Some(TimeSpan::Interval(Interval::new(0, 0, 3_600_000_000))),
        }],
    }];
    Arc::make_mut(&mut of.hypertables).push(Hypertable {
        schema: materialization.schema.clone(),
        name: materialization.name.clone(),
        materializes: Some(TableName::new("public", "oee_hourly")),
        ..Hypertable::default()
    });
    Arc::make_mut(&mut of.chunks).push(HypertableChunks::default());
    judge(&of, now()).tables()[1].clone()
}

#[test]
fn a_continuous_aggregate_is_late_only_where_its_source_surely_has_newer_rows() {
    // Today's chunk began twelve hours ago: up to there rows are certain.
    assert_eq!(refreshed(2, 0).light, Light::OnTime);
    assert_eq!(refreshed(13, 0).light, Light::OnTime);
    let late = refreshed(30, 0);
    assert_eq!(late.light, Light::Late);
    assert_eq!(late.display_name, "oee_hourly");
    assert!(
        late.reason.starts_with("Refresh of oee_hourly is late: 1 day"),
        "{}",
        late.reason
    );
    // The source stopped three days ago, and everything up to then is there.
    assert_eq!(refreshed(3 * 24 - 12, 3).light, Light::OnTime);
    // What is older than the window is none of the policy's business.
    assert_eq!(refreshed(24 * 100, 60).light, Light::OnTime);
}

#[test]
fn of_thousands_of_tables_each_has_its_own_jobs_and_each_job_is_found() {
    const TABLES: i32 = 3_000;
    // Names and numbers that no order of the snapshot follows.
    let shuffled = |index: i32| index * 1_009 % TABLES;
    let table = |index: i32| TableName::new("public", format!("t{}", shuffled(index)));
    let mut of = snapshot(Vec::new(), Vec::new());
    of.hypertables = Arc::new(
        (0..TABLES)
            .map(|index| Hypertable {
                schema: table(index).schema,
                name: table(index).name,
                ..Hypertable::default()
            })
            .collect(),
    );
    of.chunks = Arc::new(vec![HypertableChunks::default(); 3_000]);
    // Jobs of the last table first; one in a hundred is paused.
    of.jobs = (0..TABLES)
        .rev()
        .flat_map(|index| [(1, JobKind::Compression), (2, JobKind::Retention)].map(|kind| (index, kind)))
        .map(|(index, (place, kind))| Job {
            id: 1_000 + shuffled(index) * 2 + place,
            table: Some(table(index)),
            scheduled: index % 100 != 0 || place == 1,
            ..job(kind, days(7))
        })
        .chain([Job {
            id: 3,
            table: None,
            ..job(JobKind::Custom, days(1))
        }])
        .collect();

    let judgement = judge(&of, now());
    assert_eq!(judgement.tables().len(), 3_000);
    for index in 0..TABLES {
        let verdict = judgement.of_table(&table(index)).expect("judged");
        assert_eq!(verdict.table, table(index));
        let first = 1_000 + shuffled(index) * 2 + 1;
        let ids: Vec<i32> = verdict.policies.iter().map(|policy| policy.job_id).collect();
        assert_eq!(ids, [first, first + 1], "{index}");
        for (id, kind) in [(first, JobKind::Compression), (first + 1, JobKind::Retention)] {
            let of_job = judgement.of_job(id).expect("judged");
            assert_eq!((of_job.job_id, of_job.kind), (id, kind));
        }
        let light = if index % 100 == 0 {
            Light::Paused
        } else {
            Light::OnTime
        };
        assert_eq!(verdict.light, light, "{index}");
    }
    assert_eq!(judgement.of_job(3).map(|job| job.kind), Some(JobKind::Custom));
    assert_eq!(judgement.of_job(4), None);
    assert_eq!(judgement.of_table(&TableName::new("public", "none")), None);
}

#[test]
fn chunks_are_judged_for_the_moment_they_were_read() {
    let mut of = snapshot(vec![retention(90)], vec![day_chunk(80, 0)]);
    let in_a_month = now()
        .checked_add(SignedDuration::from_hours(30 * 24))
        .expect("in range");
    let overdue = |of: &Snapshot| judge(of, in_a_month).tables()[0].policies[0].overdue.chunks;
    assert_eq!(overdue(&of), 0, "nobody knows whether it is still there");
    of.sizes_collected_at = in_a_month;
    assert_eq!(overdue(&of), 1);
}

#[test]
fn what_is_due_and_not_overdue_is_counted_with_the_run_that_handles_it() {
    let policy = Job {
        next_start: NextStart::At(ago(-6 * 3_600)),
        ..retention(90)
    };
    let of = verdict(vec![policy], vec![day_chunk(91, 0), day_chunk(90, 0)]);
    assert_eq!(of.light, Light::OnTime);
    assert_eq!(
        of.reason,
        format!(
            "1 chunk (0 B) is older than 90 days; the next run ({} UTC) drops it.",
            minute(ago(-6 * 3_600))
        )
    );
    assert_eq!(of.policies[0].due.chunks, 1);
}

#[test]
fn what_is_said_of_single_chunks_is_what_the_verdict_counts() {
    let frozen = ChunkStatus::from_bits(4);
    let mut chunks: Vec<Chunk> = (0..120)
        .rev()
        .map(|day| day_chunk(day, u32::from(day > 10)))
        .collect();
    // Rows after compression, frozen, and created long after its range.
    chunks[5].status = ChunkStatus::from_bits(9);
    chunks[6].status = frozen;
    chunks[90].status = ChunkStatus::from_bits(9);
    chunks[110].status = frozen;
    for (index, chunk) in chunks.iter_mut().enumerate() {
        chunk.created_at = Some(ago(if index % 2 == 0 { DAY } else { 200 * DAY }));
    }
    let by_creation = |of: Job| Job {
        threshold: Some(PolicyThreshold {
            after: days(90),
            from_creation: true,
        }),
        ..of
    };
    let never_ran = |of: Job| Job {
        statistics: None,
        ..of
    };
    let patient = |of: Job| Job {
        schedule_interval: Interval::new(0, 14, 0),
        ..of
    };
    for (case, policy, expected) in [
        ("retention", retention(90), (1, 27)),
        ("retention by creation", by_creation(retention(90)), (0, 60)),
        ("retention that never ran", never_ran(retention(90)), (28, 0)),
        ("patient retention", patient(retention(90)), (14, 14)),
        ("compression", job(JobKind::Compression, days(7)), (1, 1)),
        (
            "patient compression",
            patient(job(JobKind::Compression, days(7))),
            (2, 0),
        ),
        ("reorder", job(JobKind::Reorder, days(7)), (0, 0)),
    ] {
        let of = snapshot(vec![policy], chunks.clone());
        let rules = DueRules::of(&of);
        let found = || {
            let chunks = of.chunks[0].chunks.iter();
            chunks.filter_map(|chunk| rules.of_chunk(0, chunk))
        };
        let overdue = found().filter(|due| due.is_overdue()).count() as u64;
        let due = found().filter(|due| !due.is_overdue()).count() as u64;
        let verdict = judge(&of, now()).tables()[0].policies[0].clone();
        assert_eq!(
            (due, overdue),
            (verdict.due.chunks, verdict.overdue.chunks),
            "{case}"
        );
        assert_eq!((due, overdue), expected, "{case}");
    }
}
