//! For any policy there is and any that is wanted.

use proptest::prelude::*;

use super::server::Server;
use super::*;

fn spans() -> impl Strategy<Value = TimeSpan> {
    prop_oneof![
        (1_i64..400).prop_map(|days| TimeSpan::Interval(Interval::new(0, days, 0))),
        (1_i64..100).prop_map(|hours| TimeSpan::Interval(Interval::new(0, 0, hours * 3_600_000_000))),
        (1_i64..24).prop_map(|months| TimeSpan::Interval(Interval::new(months, 0, 0))),
    ]
}

fn intervals() -> impl Strategy<Value = Interval> {
    spans().prop_map(|span| match span {
        TimeSpan::Interval(interval) => interval,
        TimeSpan::Number(_) => Interval::default(),
    })
}

/// Within 60 days around now.
fn moments() -> impl Strategy<Value = Timestamp> {
    (-86_400_i64..86_400)
        .prop_map(|minutes| Timestamp::from_second(now().as_second() + minutes * 60).expect("in range"))
}

prop_compose! {
    fn schedules()(
        interval in intervals(),
        fixed: bool,
        initial_start in proptest::option::of(moments()),
        timezone in proptest::option::of(prop_oneof!["Europe/Berlin", "UTC"]),
        limit in proptest::option::of(intervals()),
        paused: bool,
    ) -> Schedule {
        Schedule {
            interval,
            fixed,
            initial_start,
            timezone,
            max_runtime: limit.unwrap_or_default(),
            paused,
        }
    }
}

prop_compose! {
    fn ages()(
        threshold in prop_oneof![
            spans().prop_map(Threshold::After),
            intervals().prop_map(Threshold::CreatedBefore),
        ],
        schedule in schedules().boxed(),
    ) -> AgePolicy {
        AgePolicy { threshold, schedule }
    }
}

fn settings() -> BoxedStrategy<CompressionSettings> {
    let column = || prop_oneof!["line", "meter", "a \"b\", c"];
    let segment_by = prop_oneof![
        Just(SegmentBy::ServerChooses),
        Just(SegmentBy::Nothing),
        proptest::collection::vec(column(), 1..3).prop_map(SegmentBy::Columns),
    ];
    let order = (prop_oneof!["value", "bucket", "ts"], any::<bool>(), any::<bool>()).prop_map(
        |(column, descending, nulls_first)| OrderBy {
            column,
            descending,
            nulls_first,
        },
    );
    (segment_by, proptest::collection::vec(order, 0..3))
        .prop_map(|(segment_by, order_by)| CompressionSettings { segment_by, order_by })
        .boxed()
}

prop_compose! {
    fn refreshes()(
        start_offset in proptest::option::of(spans()),
        end_offset in proptest::option::of(spans()),
        schedule in schedules().boxed(),
    ) -> Refresh {
        Refresh { window: RefreshWindow { start_offset, end_offset }, schedule }
    }
}

fn policies(has_refresh: bool) -> BoxedStrategy<TablePolicy> {
    let compression = prop_oneof![
        Just(Compression::Off),
        (settings(), proptest::option::of(ages().boxed()))
            .prop_map(|(settings, policy)| Compression::On { settings, policy }),
    ];
    (
        proptest::option::of(spans()),
        compression,
        proptest::option::of(ages().boxed()),
        proptest::option::of(refreshes().boxed()),
    )
        .prop_map(
            move |(chunk_interval, compression, retention, refresh)| TablePolicy {
                chunk_interval,
                compression,
                retention,
                refresh: refresh.filter(|_| has_refresh),
            },
        )
        .boxed()
}

fn next_starts() -> BoxedStrategy<NextStarts> {
    let start = || proptest::option::weighted(0.3, moments());
    (start(), start(), start())
        .prop_map(|(compression, retention, refresh)| NextStarts {
            compression,
            retention,
            refresh,
        })
        .boxed()
}

/// When an actual job starts next: usually in the future, or long ago where it was paused.
fn starts() -> impl Strategy<Value = NextStart> {
    prop_oneof![
        4 => (1_i64..86_400).prop_map(|minutes| {
            NextStart::At(Timestamp::from_second(now().as_second() + minutes * 60).expect("in range"))
        }),
        1 => moments().prop_map(NextStart::At),
        1 => Just(NextStart::NotYet),
    ]
}

/// A server with any policy, and what somebody wants of it.
fn situations() -> BoxedStrategy<(Box<Server>, Box<Desired>)> {
    (any::<bool>(), any::<bool>())
        .prop_flat_map(|(is_aggregate, can_reset)| {
            (
                policies(is_aggregate),
                proptest::array::uniform3(starts()),
                policies(is_aggregate),
                next_starts(),
            )
                .prop_map(move |(there, starts, policy, next_starts)| {
                    let current = actual(is_aggregate, can_reset, &there, starts);
                    let mut facts = Facts::nothing(now());
                    facts.capabilities.resets_compression_settings = can_reset;
                    let desired = Desired { policy, next_starts };
                    (Box::new(Server::of(&current, facts)), Box::new(desired))
                })
        })
        .boxed()
}

/// What a server would have that was given this policy.
fn actual(is_aggregate: bool, can_reset: bool, there: &TablePolicy, starts: [NextStart; 3]) -> Current {
    let base = if is_aggregate { aggregate() } else { bare() };
    let actual_job = |id: i32, policy: &AgePolicy, next_start: NextStart| {
        let mut schedule = policy.schedule.clone();
        if schedule.fixed {
            schedule.initial_start.get_or_insert(now());
        }
        let mut job = job(id, policy.threshold, schedule);
        job.next_start = next_start;
        job
    };
    let mut compression = there.compression.settings().cloned();
    if let Some(settings) = &mut compression {
        // The server has written down what it chose, and every order has the time column in it.
        if (!can_reset || is_aggregate) && settings.order_by.is_empty() {
            settings.order_by.push(descending(&base.time_column));
        }
        if (!can_reset || is_aggregate) && settings.segment_by == SegmentBy::ServerChooses {
            settings.segment_by = SegmentBy::Nothing;
        }
        let has_time = settings.order_by.iter().any(|of| of.column == base.time_column);
        if !settings.order_by.is_empty() && !has_time {
            settings.order_by.push(descending(&base.time_column));
        }
    }
    let refresh = there.refresh.as_ref().map(|refresh| {
        let policy = AgePolicy {
            threshold: Threshold::After(span("1 day")),
            schedule: refresh.schedule.clone(),
        };
        let as_age = actual_job(1002, &policy, starts[2]);
        let mut refresh_job = job(1002, refresh.window, as_age.schedule);
        refresh_job.next_start = starts[2];
        refresh_job
    });
    Current {
        chunk_interval: there.chunk_interval.or(base.chunk_interval),
        compression_job: there
            .compression
            .policy()
            .map(|policy| actual_job(1000, policy, starts[0])),
        retention_job: there
            .retention
            .as_ref()
            .map(|policy| actual_job(1001, policy, starts[1])),
        compression,
        refresh_jobs: refresh.into_iter().collect(),
        ..base
    }
}

/// Without what means nothing where starts are not fixed.
fn comparable(mut policy: TablePolicy) -> TablePolicy {
    let clean = |schedule: &mut Schedule| {
        if !schedule.fixed {
            schedule.initial_start = None;
        }
    };
    if let Compression::On {
        policy: Some(policy), ..
    } = &mut policy.compression
    {
        clean(&mut policy.schedule);
    }
    if let Some(policy) = &mut policy.retention {
        clean(&mut policy.schedule);
    }
    if let Some(refresh) = &mut policy.refresh {
        clean(&mut refresh.schedule);
    }
    // Kept in microseconds.
    if let Some(TimeSpan::Interval(length)) = policy.chunk_interval {
        let length = Interval::from_microseconds(length.approximate_microseconds());
        policy.chunk_interval = Some(TimeSpan::Interval(length));
    }
    policy
}

fn schedules_of(policy: &TablePolicy, kind: PolicyKind) -> Option<&Schedule> {
    match kind {
        PolicyKind::Compression => policy.compression.policy().map(|policy| &policy.schedule),
        PolicyKind::Retention => policy.retention.as_ref().map(|policy| &policy.schedule),
        PolicyKind::Refresh => policy.refresh.as_ref().map(|refresh| &refresh.schedule),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn applying_a_plan_reaches_what_was_wanted((mut server, desired) in situations()) {
        let before = server.read();
        let plan = plan(&before, &desired, &server.facts);
        server.apply(&plan);
        let found = server.read();
        let mut rows = differences(&found.policy(), &plan.desired.policy);
        // What cannot be handed back to the server stays, and the plan says so.
        rows.retain(|row| !plan.warnings.contains(&Warning::ChoiceStays(row.field)));
        let chosen = !server.facts.capabilities.resets_compression_settings || found.aggregate.is_some();
        rows.retain(|row| !(chosen && row.desired == "server's choice"));
        prop_assert_eq!(rows, Vec::new());
        for kind in PolicyKind::ALL {
            let wanted = plan.desired.next_starts.of(kind);
            let (Some(wanted), Some(job)) = (wanted, server.job(kind)) else { continue };
            let NextStart::At(next) = job.next_start else { panic!("no next start") };
            // A moment in the past means the next one by the schedule.
            prop_assert!(next == wanted || wanted < now() && next >= now());
        }
    }

    #[test]
    fn planning_again_gives_an_empty_plan((mut server, desired) in situations()) {
        let plan_of = |server: &Server| plan(&server.read(), &desired, &server.facts);
        let first = plan_of(&server);
        server.apply(&first);
        let again = plan_of(&server);
        prop_assert!(again.is_empty(), "{:?}", again.steps);
        prop_assert!(!again.needs_typed_name, "nothing is deleted that was not before");
    }

    #[test]
    fn the_inverse_restores_settings_schedules_next_starts_and_time_zones((mut server, desired) in situations()) {
        let before = server.clone();
        let current = before.read();
        let there = plan(&current, &desired, &server.facts);
        server.apply(&there);
        let back = plan(&server.read(), &there.inverse, &server.facts);
        server.apply(&back);
        let found = server.read();
        prop_assert_eq!(comparable(found.policy()), comparable(current.policy()));
        for kind in PolicyKind::ALL {
            let (Some(was), Some(is)) = (before.job(kind), server.job(kind)) else { continue };
            match (was.next_start, is.next_start) {
                (NextStart::NotYet, _) => {}
                // What has passed comes again by its schedule.
                (NextStart::At(was), NextStart::At(is)) if was < now() => prop_assert!(is == was || is >= now()),
                (was, is) => prop_assert_eq!(is, was, "{:?}", kind),
            }
            if was.id == is.id {
                prop_assert_eq!(&was.config, &is.config);
                prop_assert_eq!(was.runs, is.runs);
            } else {
                let is_said = |effect: &Effect| {
                    let sentence = effect.sentence();
                    matches!(effect, Effect::NewJob { kind: of, .. } if *of == kind)
                        && sentence.contains("a number of its own and no statistics")
                };
                prop_assert!(back.effects.iter().any(is_said), "{:?}", back.effects);
            }
        }
    }

    #[test]
    fn a_plan_holds_nothing_for_what_did_not_change((server, desired) in situations()) {
        let current = server.read();
        let plan = plan(&current, &desired, &server.facts);
        let (was, wanted) = (current.policy(), &plan.desired.policy);
        for planned in &plan.steps {
            match &planned.step {
                Step::SetChunkInterval(to) => {
                    prop_assert_ne!(Some(to.sort_key()), was.chunk_interval.map(TimeSpan::sort_key));
                }
                Step::AddPolicy(add) => prop_assert!(schedules_of(&was, add.kind).is_none()),
                Step::RemovePolicy { kind, .. } => prop_assert!(schedules_of(wanted, *kind).is_none()),
                Step::AlterPolicy(alter) => {
                    let was = schedules_of(&was, alter.kind).expect("a schedule");
                    prop_assert_ne!(alter.interval, Some(was.interval));
                    prop_assert_ne!(alter.max_runtime, Some(was.max_runtime));
                    prop_assert_ne!(alter.paused, Some(was.paused));
                    if let Some(Starts::FixedFrom(from)) = alter.starts {
                        prop_assert!(!was.fixed || was.initial_start != Some(from));
                    }
                    prop_assert!(alter.starts != Some(Starts::AfterEnd) || was.fixed);
                    prop_assert!(alter.config.is_none_or(|change| change.from != change.to));
                    let changes = alter.interval.is_some()
                        || alter.max_runtime.is_some()
                        || alter.paused.is_some()
                        || alter.starts.is_some()
                        || alter.config.is_some()
                        || alter.timezone != was.timezone
                        || alter.next_start != NextStartChange::Kept;
                    prop_assert!(changes, "{:?}", alter);
                }
                Step::SetCompression(change) => {
                    let settings = was.compression.settings().expect("compression");
                    prop_assert_ne!(change.segment_by.as_ref(), Some(&settings.segment_by));
                    prop_assert_ne!(change.order_by.as_ref(), Some(&settings.order_by));
                    prop_assert_ne!(change, &SettingsChange::default());
                }
                Step::ResetCompression { segment_by, order_by, .. } => {
                    let settings = was.compression.settings().expect("compression");
                    prop_assert!(segment_by | order_by);
                    prop_assert!(!segment_by || settings.segment_by != SegmentBy::ServerChooses);
                    prop_assert!(!order_by || !settings.order_by.is_empty());
                }
                Step::EnableCompression(_) => prop_assert!(was.compression == Compression::Off),
                Step::DisableCompression => prop_assert!(wanted.compression == Compression::Off),
                Step::ConsoleRetention { .. } => prop_assert!(false, "the server has jobs"),
            }
        }
        let nothing = Desired { policy: was, next_starts: NextStarts::default() };
        let plan = super::plan(&current, &nothing, &server.facts);
        prop_assert!(plan.is_empty(), "{:?}", plan.steps);
    }

    #[test]
    fn no_job_starts_within_seconds_that_would_not_have((mut server, mut desired) in situations()) {
        desired.next_starts = NextStarts::default();
        let before = server.clone();
        let plan = plan(&server.read(), &desired, &server.facts);
        server.apply(&plan);
        for kind in PolicyKind::ALL {
            let Some(job) = server.job(kind).filter(|job| !job.schedule.paused) else { continue };
            let was_active = before.job(kind).filter(|was| was.id == job.id && !was.schedule.paused);
            if was_active.is_some_and(|was| was.next_start == job.next_start) {
                continue;
            }
            let NextStart::At(next) = job.next_start else { panic!("{:?}", job.next_start) };
            // Fixed times may be near; intervals here are an hour at least.
            let earliest = if job.schedule.fixed { now() } else { later("1 minute") };
            prop_assert!(next >= earliest, "{:?} {:?}", kind, plan.steps);
        }
    }

    #[test]
    fn alter_table_comes_last_but_for_the_policy_that_needs_it((server, desired) in situations()) {
        let plan = plan(&server.read(), &desired, &server.facts);
        let is_alter = |planned: &PlannedStep| planned.sql.as_deref().is_some_and(|sql| sql.starts_with("ALTER"));
        let mut after = plan.steps.iter().skip_while(|planned| !is_alter(planned)).filter(|planned| !is_alter(planned));
        let enables = plan.steps.iter().any(|planned| matches!(planned.step, Step::EnableCompression(_)));
        prop_assert!(after.all(|planned| enables && planned.step.kind() == Some(PolicyKind::Compression)));
    }

    #[test]
    fn what_a_form_begins_with_reads_back((server, _) in situations()) {
        let current = server.read();
        let read = parse(&PolicyFields::of(&current.policy()), &current, &server.facts);
        prop_assert_eq!(read.map(|desired| comparable(desired.policy)), Ok(comparable(current.policy())));
    }
}
