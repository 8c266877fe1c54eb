//! What people write, and what they are told about it.

use super::*;

fn read(current: &Current, facts: &Facts<'_>, fields: &[(Field, &str)]) -> Result<Desired, Vec<String>> {
    let mut written = PolicyFields::default();
    for (field, text) in fields {
        written.set(*field, *text);
    }
    parse(&written, current, facts).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn on_dates(fields: &[(Field, &str)]) -> Result<TablePolicy, Vec<String>> {
    read(&bare(), &Facts::nothing(now()), fields).map(|desired| desired.policy)
}

const C: PolicyKind = PolicyKind::Compression;
const R: PolicyKind = PolicyKind::Retention;

#[test]
fn a_form_becomes_a_policy() {
    let policy = on_dates(&[
        (Field::ChunkInterval, "1h"),
        (Field::Compression, "on"),
        (Field::SegmentBy, "-"),
        (Field::OrderBy, "ts DESC"),
        (Field::Threshold(C), "1 week"),
        (Field::Threshold(R), "1 mon"),
        (Field::CountedFrom(R), "creation"),
        (Field::Every(R), "06:00:00"),
        (Field::FixedFrom(R), "2026-11-01T02:00:00Z"),
        (Field::Timezone(R), "Europe/Berlin"),
        (Field::MaxRuntime(R), ""),
        (Field::Paused(R), "yes"),
    ]);
    let Ok(policy) = policy else { panic!("{policy:?}") };
    assert_eq!(policy.chunk_interval, Some(span("1 hour")));
    assert_eq!(
        policy.compression,
        Compression::On {
            settings: CompressionSettings {
                segment_by: SegmentBy::Nothing,
                order_by: vec![descending("ts")],
            },
            policy: Some(AgePolicy {
                threshold: Threshold::After(span("7 days")),
                schedule: Schedule::default_for(C, Some(span("1 hour"))),
            }),
        }
    );
    assert_eq!(
        policy.retention,
        Some(AgePolicy {
            threshold: Threshold::CreatedBefore(interval("1 month")),
            schedule: Schedule {
                interval: interval("6 hours"),
                fixed: true,
                initial_start: Some(at("2026-11-01T02:00:00Z")),
                timezone: Some("Europe/Berlin".to_owned()),
                max_runtime: Interval::default(),
                paused: true,
            },
        })
    );
}

#[test]
fn a_form_that_is_sent_as_it_is_changes_nothing() {
    for current in [bare(), kept()] {
        let fields = PolicyFields::of(&current.policy()).with_usual_schedules(current.chunk_interval);
        let facts = Facts::nothing(now());
        let desired = parse(&fields, &current, &facts).expect("it is what there is");
        assert_eq!(plan(&current, &desired, &facts).steps, [], "{fields:?}");
    }
}

#[test]
fn a_new_policy_gets_the_schedule_the_form_offers() {
    let offered = PolicyFields::of(&bare().policy()).with_usual_schedules(bare().chunk_interval);
    let mut fields: Vec<(Field, &str)> = Field::SETTABLE
        .into_iter()
        .filter_map(|field| Some((field, offered.get(field)?)))
        .collect();
    fields.push((Field::Threshold(R), "90 days"));
    let policy = on_dates(&fields).expect("a policy");
    let schedule = policy.retention.expect("retention").schedule;
    assert_eq!(schedule, Schedule::default_for(R, bare().chunk_interval));
}

#[test]
fn what_is_not_said_stays() {
    let desired = read(
        &kept(),
        &Facts::nothing(now()),
        &[(Field::Threshold(R), "60 days")],
    );
    let expected = wish(&kept(), |policy| {
        retention(policy).threshold = Threshold::After(span("60 days"));
    });
    assert_eq!(desired, Ok(expected));
    let never = read(&kept(), &Facts::nothing(now()), &[(Field::Threshold(R), "never")]);
    assert_eq!(never.map(|desired| desired.policy.retention), Ok(None));
    let start = read(&kept(), &Facts::nothing(now()), &[(Field::NextStart(R), "now")]);
    assert_eq!(
        start.map(|desired| desired.next_starts.retention),
        Ok(Some(now()))
    );
}

#[test]
fn every_wrong_field_is_told_what_would_be_right() {
    let errors = on_dates(&[
        (Field::ChunkInterval, "7"),
        (Field::SegmentBy, "a,,b"),
        (Field::Threshold(C), "6m"),
        (Field::Threshold(R), "-1 day"),
        (Field::Every(R), "2000 years"),
        (Field::FixedFrom(R), "tomorrow"),
        (Field::Timezone(R), "Europe Berlin"),
        (Field::Paused(R), "perhaps"),
    ]);
    assert_eq!(
        errors,
        Err([
            "chunk_interval: \"7\" has no unit; write for example \"7 days\" or \"7 hours\"",
            "segment_by: \"a,,b\" has a comma without a column beside it",
            "compress_after: \"6m\" could mean minutes or months; write for example \"6 min\" or \"6 months\"",
            "drop_after: -1 day is not longer than nothing; write a positive one",
            "drop_every: \"2000 years\" is longer than 1000 years; write a shorter interval",
            "drop_fixed_from: \"tomorrow\" is not a moment; write for example \"2026-11-22T02:00:00Z\"",
            "drop_timezone: \"Europe Berlin\" is not a time zone; write for example \"Europe/Berlin\", or nothing for UTC",
            "drop_paused: \"perhaps\" is neither yes nor no; write \"on\" or \"off\"",
        ]
        .map(str::to_owned).to_vec())
    );
}

#[test]
fn integer_time_wants_numbers_and_says_how_many() {
    let current = Current {
        time_axis: TimeAxis::Numbers,
        chunk_interval: Some(TimeSpan::Number(100)),
        ..bare()
    };
    let mut facts = Facts::nothing(now());
    let drop = |facts: &Facts<'_>, text| read(&current, facts, &[(Field::Threshold(R), text)]);
    let number = drop(&facts, "7_776_000").map(|desired| desired.policy.retention.map(|of| of.threshold));
    assert_eq!(number, Ok(Some(Threshold::After(TimeSpan::Number(7_776_000)))));
    assert_eq!(
        drop(&facts, "90 days"),
        Err(vec![
            "drop_after: \"90 days\" is not a number; the table's time is one: write how many of its units, for example \
             604800 for 7 days where it counts seconds"
                .to_owned()
        ])
    );
    facts.integer_now = Some(now().as_second() * 1000);
    assert_eq!(
        drop(&facts, "90 days"),
        Err(vec![
            "drop_after: the table's time is a number; \"90 days\" is 7776000000 in its unit, milliseconds"
                .to_owned()
        ])
    );
}

#[test]
fn a_text_without_end_is_no_interval() {
    let text = "1 day ".repeat(1000);
    let errors = on_dates(&[(Field::Threshold(R), &text)]).expect_err("too long");
    assert_eq!(
        errors,
        ["drop_after: this is too long for an interval; write for example \"7 days\""]
    );
}

#[test]
fn a_field_nobody_knows_is_an_error() {
    let fields: PolicyFields = serde_json::from_str(r#"{"drop_aftr": "90 days"}"#).expect("fields");
    let errors = parse(&fields, &bare(), &Facts::nothing(now())).expect_err("no such field");
    assert_eq!(errors[0].name, "drop_aftr");
    assert!(
        errors[0]
            .message
            .starts_with("there is no such field; use chunk_interval, compression,")
    );
}

#[test]
fn every_field_is_found_by_its_name() {
    for field in Field::SETTABLE {
        assert_eq!(Field::from_name(field.name()), Some(field));
        assert!(!field.label().is_empty());
    }
    assert_eq!(Field::from_name("owner"), None, "is not set here");
}

#[test]
fn what_is_there_and_could_not_be_written_is_in_nobodys_way() {
    let mut current = kept();
    if let Some(job) = &mut current.retention_job {
        job.work = Threshold::After(span("0 days"));
    }
    let mut fields = PolicyFields::of(&current.policy());
    fields.set(Field::ChunkInterval, "2 days");
    let facts = Facts::nothing(now());
    let desired = parse(&fields, &current, &facts).expect("left alone");
    assert_eq!(desired.policy.chunk_interval, Some(span("2 days")));
    assert_eq!(desired.policy.retention, current.policy().retention);
    fields.set(Field::Threshold(R), "-1 days");
    assert!(parse(&fields, &current, &facts).is_err());
}
