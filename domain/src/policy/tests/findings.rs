//! What speaks against a plan, and what it warns of.

use super::*;
use crate::chunk_status::ChunkStatus;
use crate::hypertable::{Chunk, ChunkRange, CompressionTotals, TableSize, TimePoint};
use crate::snapshot::Edition;

/// Chunks of a day, the oldest begun so many days ago, the older half compressed.
pub(super) fn chunks(days: i64) -> Vec<Chunk> {
    let midnight = |days_ago: i64| {
        let seconds = at("2026-11-23T00:00:00Z").as_second() - days_ago * 86_400;
        TimePoint::Moment(Timestamp::from_second(seconds).expect("in range"))
    };
    (0..days)
        .rev()
        .map(|day| {
            let is_compressed = day >= days / 2;
            Chunk {
                schema: "_timescaledb_internal".into(),
                name: format!("_hyper_1_{day}_chunk"),
                range: Some(ChunkRange {
                    start: midnight(day),
                    end: midnight(day - 1),
                }),
                size: TableSize {
                    heap_bytes: if is_compressed { 100_000 } else { 1_000_000 },
                    ..TableSize::default()
                },
                rows: 1000,
                is_compressed,
                compression: is_compressed.then_some(CompressionTotals {
                    before_bytes: 1_000_000,
                    after_bytes: 100_000,
                }),
                status: ChunkStatus::from_bits(u32::from(is_compressed)),
                ..Chunk::default()
            }
        })
        .collect()
}

fn blockers(current: &Current, facts: &Facts<'_>, change: impl FnOnce(&mut TablePolicy)) -> Vec<Blocker> {
    plan(current, &wish(current, change), facts).blockers
}

fn warnings(current: &Current, facts: &Facts<'_>, change: impl FnOnce(&mut TablePolicy)) -> Vec<Warning> {
    plan(current, &wish(current, change), facts).warnings
}

fn keep(text: &'static str) -> impl FnOnce(&mut TablePolicy) {
    move |policy| retention(policy).threshold = Threshold::After(span(text))
}

fn settings(change: impl FnOnce(&mut CompressionSettings)) -> impl FnOnce(&mut TablePolicy) {
    move |policy| {
        let Compression::On { settings, .. } = &mut policy.compression else {
            panic!("compression is on")
        };
        change(settings);
    }
}

#[test]
fn intervals_of_nothing_are_refused_wherever_they_stand() {
    let facts = Facts::nothing(now());
    for text in ["0 days", "-1 day"] {
        let given = span(text);
        let field = Field::Threshold(PolicyKind::Retention);
        let found = blockers(&kept(), &facts, keep(text));
        assert!(found.contains(&Blocker::NotPositive { field, given }), "{text}");
        let found = blockers(&kept(), &facts, |policy| policy.chunk_interval = Some(given));
        let field = Field::ChunkInterval;
        assert_eq!(found, [Blocker::NotPositive { field, given }]);
        let found = blockers(&kept(), &facts, |policy| {
            retention(policy).schedule.interval = interval(text);
        });
        let field = Field::Every(PolicyKind::Retention);
        assert_eq!(found, [Blocker::NotPositive { field, given }]);
    }
}

#[test]
fn chunks_are_compressed_before_they_are_dropped() {
    let facts = Facts::nothing(now());
    for (text, blocked) in [("7 days", true), ("6 days", true), ("8 days", false)] {
        let found = blockers(&kept(), &facts, keep(text));
        assert_eq!(!found.is_empty(), blocked, "{text}: {found:?}");
    }
}

#[test]
fn what_was_wrong_before_is_warned_of_and_blocks_nothing_else() {
    let mut current = kept();
    let job = current.retention_job.as_mut().expect("a job");
    job.work = Threshold::After(span("3 days"));
    let plan = planned(&current, |policy| policy.chunk_interval = Some(span("2 days")));
    assert!(plan.can_be_applied());
    let standing =
        |warning: &Warning| matches!(warning, Warning::Standing(Blocker::CompressNotBeforeDrop { .. }));
    assert!(plan.warnings.iter().any(standing), "{:?}", plan.warnings);
}

#[test]
fn retention_stays_out_of_what_an_aggregate_refreshes() {
    let mut facts = Facts::nothing(now());
    let start = |start_offset| Dependent {
        view: TableName::new("public", "metrics_hourly"),
        windows: vec![RefreshWindow {
            start_offset,
            end_offset: Some(span("1 hour")),
        }],
    };
    for (start_offset, text, blocked) in [
        (Some(span("30 days")), "29 days", true),
        (Some(span("30 days")), "30 days", false),
        (None, "300 days", true),
    ] {
        facts.dependents = vec![start(start_offset)];
        let found = blockers(&kept(), &facts, keep(text));
        assert_eq!(!found.is_empty(), blocked, "{text}: {found:?}");
    }
    // The same from the other side: an aggregate that would refresh from dropped rows.
    let mut facts = Facts::nothing(now());
    facts.source_drops = Some(Threshold::After(span("10 days")));
    let found = blockers(&aggregate(), &facts, |policy| {
        policy.refresh.as_mut().expect("a refresh").window.start_offset = Some(span("11 days"));
    });
    assert!(matches!(
        found.as_slice(),
        [Blocker::RetentionInsideRefresh { .. }]
    ));
}

#[test]
fn a_refreshed_window_holds_two_buckets() {
    let facts = Facts::nothing(now());
    for (text, blocked) in [("3 hours", false), ("2 hours 59 minutes", true), ("1 hour", true)] {
        let found = blockers(&aggregate(), &facts, |policy| {
            policy.refresh.as_mut().expect("a refresh").window.start_offset = Some(span(text));
        });
        assert_eq!(!found.is_empty(), blocked, "{text}: {found:?}");
    }
    let refresh = aggregate().policy().refresh;
    let found = blockers(&bare(), &facts, |policy| policy.refresh = refresh);
    assert_eq!(found, [Blocker::NotAnAggregate]);
}

#[test]
fn a_unit_that_is_not_the_tables_is_refused() {
    let facts = Facts::nothing(now());
    let found = blockers(&kept(), &facts, |policy| {
        retention(policy).threshold = Threshold::After(TimeSpan::Number(90));
    });
    assert!(
        matches!(found.as_slice(), [Blocker::WrongUnit { .. }]),
        "{found:?}"
    );

    let integers = Current {
        time_axis: TimeAxis::Numbers,
        chunk_interval: Some(TimeSpan::Number(100)),
        ..bare()
    };
    let policy = |number| {
        move |policy: &mut TablePolicy| {
            policy.retention = Some(AgePolicy {
                threshold: Threshold::After(TimeSpan::Number(number)),
                schedule: schedule(PolicyKind::Retention),
            });
        }
    };
    let mut facts = Facts::nothing(now());
    facts.has_integer_now_func = Some(false);
    let found = blockers(&integers, &facts, policy(90));
    assert_eq!(found, [Blocker::NoIntegerNow(PolicyKind::Retention)]);
    // Milliseconds where the table counts seconds.
    facts.has_integer_now_func = Some(true);
    facts.integer_now = Some(now().as_second());
    let found = warnings(&integers, &facts, policy(90 * 86_400_000));
    assert!(
        found.contains(&Warning::NeverDue(PolicyKind::Retention)),
        "{found:?}"
    );
}

#[test]
fn an_age_by_creation_is_refused_where_the_server_would_fail_at_it() {
    let by_creation = |kind: PolicyKind| {
        move |policy: &mut TablePolicy| {
            let by_age = AgePolicy {
                threshold: Threshold::CreatedBefore(interval("60 days")),
                schedule: schedule(kind),
            };
            if kind == PolicyKind::Retention {
                policy.retention = Some(by_age);
            } else {
                policy.compression = Compression::On {
                    settings: CompressionSettings::default(),
                    policy: Some(by_age),
                };
            }
        }
    };
    let integers = Current {
        time_axis: TimeAxis::Numbers,
        chunk_interval: Some(TimeSpan::Number(100)),
        ..bare()
    };
    let mut facts = Facts::nothing(now());
    let (compression, retention) = (PolicyKind::Compression, PolicyKind::Retention);
    let expect = |current: &Current, facts: &Facts<'_>, kind, reason: Option<NotByCreation>| {
        let expected: Vec<_> = reason
            .map(|reason| Blocker::NotByCreation { kind, reason })
            .into_iter()
            .collect();
        assert_eq!(blockers(current, facts, by_creation(kind)), expected);
    };
    expect(&aggregate(), &facts, compression, Some(NotByCreation::Aggregate));
    expect(&bare(), &facts, retention, None);
    facts.has_integer_now_func = Some(true);
    expect(&integers, &facts, retention, Some(NotByCreation::IntegerNow));
    expect(&integers, &facts, compression, Some(NotByCreation::IntegerNow));
    facts.has_integer_now_func = Some(false);
    expect(&integers, &facts, retention, None);
    facts.capabilities = Capabilities::of_version("2.19.3");
    expect(&bare(), &facts, retention, Some(NotByCreation::Version));
    expect(&bare(), &facts, compression, None);
    facts.edition = Edition::Apache;
    expect(&bare(), &facts, retention, None);
}

#[test]
fn who_may_not_change_the_table_is_told_who_may() {
    let mut facts = Facts::nothing(now());
    facts.applicant = Some(Applicant {
        role: "tidemark".to_owned(),
        may_change: false,
    });
    let found = blockers(&kept(), &facts, keep("60 days"));
    assert_eq!(
        found,
        [Blocker::RightsMissing {
            role: "tidemark".to_owned(),
            owner: "mes_app".to_owned()
        }]
    );
    assert_eq!(blockers(&kept(), &facts, |_| {}), []);
}

#[test]
fn a_new_job_needs_an_owner_who_may_log_in() {
    let mut facts = Facts::nothing(now());
    facts.owner_can_login = Some(false);
    let add = |policy: &mut TablePolicy| policy.retention = Some(after(PolicyKind::Retention, "90 days"));
    let owner = Blocker::OwnerCannotLogin("mes_app".to_owned());
    let found = warnings(&kept(), &facts, keep("100 days"));
    assert_eq!(found, [Warning::Standing(owner.clone())]);
    assert_eq!(blockers(&bare(), &facts, add), [owner]);
}

#[test]
fn a_first_purge_has_to_fit_into_locks_and_time() {
    let chunks = chunks(400);
    let mut facts = Facts::nothing(now());
    facts.chunks = &chunks;
    facts.indexes = Some(1);
    // 400 chunks, 30 of them kept and one that ends tomorrow: 200 compressed with 8 locks, 169 others with 4.
    facts.lock_slots = Some(200 * 8 + 169 * 4);
    assert_eq!(blockers(&kept(), &facts, keep("30 days")), []);
    facts.lock_slots = Some(200 * 8 + 169 * 4 - 1);
    let found = blockers(&kept(), &facts, keep("30 days"));
    assert!(
        matches!(found.as_slice(), [Blocker::TooManyLocks { by_purge: true, .. }]),
        "{found:?}"
    );
    let change = |limit: &'static str| {
        move |policy: &mut TablePolicy| {
            let policy = retention(policy);
            policy.threshold = Threshold::After(span("30 days"));
            policy.schedule.max_runtime = interval(limit);
        }
    };
    let slow = |warning: &Warning| matches!(warning, Warning::FirstPurgeSlow { .. });
    assert!(warnings(&kept(), &facts, change("5 seconds")).iter().any(slow));
    assert!(!warnings(&kept(), &facts, change("10 seconds")).iter().any(slow));
    assert!(!warnings(&kept(), &facts, change("0 seconds")).iter().any(slow));
}

#[test]
fn other_settings_leave_old_chunks_and_disabling_needs_them_decompressed() {
    let chunks = chunks(40);
    let mut facts = Facts::nothing(now());
    facts.chunks = &chunks;
    let found = warnings(&kept(), &facts, settings(|of| of.segment_by = SegmentBy::Nothing));
    assert_eq!(found, [Warning::OldChunksKeepSettings(20)]);
    let found = blockers(&kept(), &facts, |policy| policy.compression = Compression::Off);
    let [Blocker::CompressedChunks(decompression)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (
            decompression.chunks,
            decompression.compressed_bytes,
            decompression.needed_bytes
        ),
        (20, 2_000_000, 20_000_000)
    );
    // Without its policy it may stay enabled.
    let found = blockers(&kept(), &facts, |policy| {
        let Compression::On { policy, .. } = &mut policy.compression else {
            panic!("compression is on")
        };
        *policy = None;
    });
    assert_eq!(found, []);
}

#[test]
fn columns_have_to_be_there_once_and_in_one_place() {
    let mut facts = Facts::nothing(now());
    let columns = ["ts", "metric_def_id", "value"];
    facts.columns = Some(columns.iter().map(|&column| column.to_owned()).collect());
    let segments = |columns: &[&str]| SegmentBy::Columns(columns.iter().map(|&of| of.to_owned()).collect());
    let found = |segment_by: SegmentBy, order: &[&str]| {
        let order: Vec<_> = order.iter().map(|column| descending(column)).collect();
        blockers(
            &kept(),
            &facts,
            settings(move |of| {
                of.segment_by = segment_by;
                of.order_by = order;
            }),
        )
    };
    assert_eq!(found(segments(&["value"]), &["metric_def_id"]), []);
    assert_eq!(
        found(segments(&["line"]), &["ts"]),
        [Blocker::UnknownColumn {
            field: Field::SegmentBy,
            column: "line".to_owned()
        }]
    );
    assert_eq!(
        found(segments(&["value", "value"]), &["ts"]),
        [Blocker::RepeatedColumn {
            field: Field::SegmentBy,
            column: "value".to_owned()
        }]
    );
    assert_eq!(
        found(segments(&["value"]), &["value"]),
        [Blocker::SegmentsAndOrders("value".to_owned())]
    );
    assert_eq!(
        found(segments(&["ts"]), &["ts"]),
        [Blocker::SegmentsByTime("ts".to_owned())]
    );
}

#[test]
fn an_edition_without_compression_says_so() {
    let mut facts = Facts::nothing(now());
    facts.edition = Edition::Apache;
    let found = blockers(&bare(), &facts, |policy| {
        policy.compression = Compression::On {
            settings: CompressionSettings::default(),
            policy: None,
        };
    });
    assert_eq!(found, [Blocker::EditionWithoutCompression]);
}

#[test]
fn the_name_is_typed_for_whatever_deletes_more_and_for_nothing_else() {
    let mut paused = kept();
    paused.retention_job.as_mut().expect("a job").schedule.paused = true;
    let add = |policy: &mut TablePolicy| policy.retention = Some(after(PolicyKind::Retention, "90 days"));
    let resume = |policy: &mut TablePolicy| retention(policy).schedule.paused = false;
    for (plan, needed) in [
        (planned(&bare(), add), true),
        (planned(&kept(), keep("60 days")), true),
        (planned(&paused, resume), true),
        (planned(&kept(), keep("120 days")), false),
        (planned(&paused, keep("60 days")), false),
        (planned(&kept(), |policy| policy.retention = None), false),
        (
            planned(&kept(), |policy| policy.chunk_interval = Some(span("1 hour"))),
            false,
        ),
    ] {
        assert_eq!(plan.needs_typed_name, needed, "{:?}", plan.steps);
        assert_eq!(plan.is_allowed_by(""), !needed);
        assert_eq!(plan.warnings.contains(&Warning::DeletesForGood), needed);
        assert!(plan.is_allowed_by("metric_hist") && plan.is_allowed_by(" public.metric_hist "));
        assert!(!needed || !plan.is_allowed_by("metric"));
    }
}

#[test]
fn a_run_that_is_cancelled_or_begins_at_once_is_said() {
    let mut current = kept();
    current.retention_job.as_mut().expect("a job").is_running = true;
    let found = planned(&current, |policy| policy.retention = None).warnings;
    assert_eq!(
        found,
        [Warning::CancelsRun {
            kind: PolicyKind::Retention,
            job_id: 1001
        }]
    );
    let mut desired = wish(&bare(), |policy| {
        policy.retention = Some(after(PolicyKind::Retention, "90 days"));
    });
    let at_once = Warning::RunsAtOnce(PolicyKind::Retention);
    let facts = Facts::nothing(now());
    assert!(!plan(&bare(), &desired, &facts).warnings.contains(&at_once));
    desired.next_starts.retention = Some(now());
    assert!(plan(&bare(), &desired, &facts).warnings.contains(&at_once));
}

#[test]
fn what_cannot_be_handed_back_to_the_server_stays_and_is_said() {
    let mut facts = Facts::nothing(now());
    facts.capabilities.resets_compression_settings = false;
    let desired = wish(&kept(), settings(|of| of.segment_by = SegmentBy::ServerChooses));
    let plan = plan(&kept(), &desired, &facts);
    assert!(plan.is_empty());
    assert_eq!(plan.warnings, [Warning::ChoiceStays(Field::SegmentBy)]);
}

#[test]
fn what_nobody_can_date_waits_for_a_person() {
    let chunks = [Chunk {
        range: Some(ChunkRange {
            start: TimePoint::Number(0),
            end: TimePoint::Number(3600),
        }),
        ..Chunk::default()
    }];
    let current = Current {
        time_axis: TimeAxis::Numbers,
        chunk_interval: Some(TimeSpan::Number(3600)),
        ..bare()
    };
    let keeps = |facts: &Facts<'_>| {
        let desired = wish(&current, |policy| {
            policy.retention = Some(AgePolicy {
                threshold: Threshold::After(TimeSpan::Number(7200)),
                schedule: schedule(PolicyKind::Retention),
            });
        });
        plan(&current, &desired, facts)
    };
    let mut facts = Facts {
        chunks: &chunks,
        has_integer_now_func: Some(true),
        ..Facts::nothing(now())
    };
    let plan = keeps(&facts);
    assert_eq!((plan.first_dropped.chunks, plan.undated), (0, 1));
    assert!(crate::declared::is_held_back(&plan, false));
    assert!(!crate::declared::is_held_back(&plan, true));
    // What is due now is known, whatever the unit.
    facts.integer_now = Some(5000);
    assert!(!crate::declared::is_held_back(&keeps(&facts), false));
    facts.integer_now = Some(50_000);
    assert!(crate::declared::is_held_back(&keeps(&facts), false));
}
