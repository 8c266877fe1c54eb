//! What would be compressed and dropped, and when.

use super::findings::chunks;
use super::*;
use crate::chunk_status::ChunkStatus;
use crate::hypertable::{Chunk, ChunkRange, CompressionTotals, TimePoint};

fn policy(compress: &str, drop: &str) -> TablePolicy {
    TablePolicy {
        compression: Compression::On {
            settings: CompressionSettings::default(),
            policy: Some(after(PolicyKind::Compression, compress)),
        },
        retention: Some(after(PolicyKind::Retention, drop)),
        ..TablePolicy::default()
    }
}

fn runs() -> FirstRuns {
    FirstRuns {
        compression: Some(later("1 hour")),
        retention: Some(later("2 hours")),
    }
}

fn facts(chunks: &[Chunk]) -> Facts<'_> {
    Facts {
        chunks,
        indexes: Some(2),
        compression: Some(CompressionTotals {
            before_bytes: 1_000,
            after_bytes: 100,
        }),
        ..Facts::nothing(now())
    }
}

#[test]
fn a_chunk_is_handled_by_the_first_run_after_it_is_due() {
    let chunks = chunks(40);
    let outlook = Outlook::of(&policy("7 days", "30 days"), runs(), &facts(&chunks));
    // Chunk n began n days ago, at midnight, and ended n - 1 days ago. Runs are at 13:00 and 01:00, and at 14:00.
    let fate = |day: usize| outlook.fates[39 - day];
    assert_eq!(fate(31).dropped_at, Some(at("2026-11-23T14:00:00Z")));
    assert_eq!(fate(30).dropped_at, Some(at("2026-11-24T14:00:00Z")));
    assert_eq!(fate(0).dropped_at, Some(at("2026-12-24T14:00:00Z")));
    assert_eq!(fate(8).compressed_at, Some(at("2026-11-23T13:00:00Z")));
    assert_eq!(fate(7).compressed_at, Some(at("2026-11-24T01:00:00Z")));
    assert_eq!(fate(20).compressed_at, None, "is compressed already");

    assert_eq!(outlook.first_dropped.chunks, 9);
    assert_eq!(outlook.first_dropped.freed_bytes, Some(900_000));
    assert_eq!(outlook.first_dropped.rows, 9000);
    assert_eq!(
        outlook.oldest_kept_first,
        Some(TimePoint::Moment(at("2026-10-24T00:00:00Z")))
    );
    assert_eq!(outlook.oldest_kept, None, "all of them are gone after 90 days");
    assert_eq!(outlook.dropped.chunks, 40);

    // A tenth of each is left, and a page for each of two indexes.
    assert_eq!(outlook.first_compressed.chunks, 12);
    assert_eq!(
        outlook.first_compressed.freed_bytes,
        Some(12 * (1_000_000 - 100_000 - 2 * 8192))
    );
    let days: Vec<_> = outlook.days.iter().map(|day| day.day.to_string()).collect();
    assert_eq!(days[..2], ["2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"]);
    assert_eq!(outlook.days[1].compressed.chunks, 1);
    assert_eq!(outlook.days[1].dropped.chunks, 1);
}

#[test]
fn the_end_of_a_range_is_due_exactly_at_its_age() {
    let chunks = chunks(3);
    let mut runs = FirstRuns {
        compression: None,
        retention: Some(at("2026-11-24T00:00:00Z")),
    };
    let outlook = |runs| Outlook::of(&policy("1 hour", "1 day"), runs, &facts(&chunks));
    // Yesterday's chunk ended at midnight today: a day later it is dropped.
    assert_eq!(outlook(runs).first_dropped.chunks, 2);
    runs.retention = Some(at("2026-11-23T23:59:59Z"));
    assert_eq!(outlook(runs).first_dropped.chunks, 1);
}

#[test]
fn frozen_and_foreign_chunks_are_left_alone_and_partial_ones_are_compressed_again() {
    let mut chunks = chunks(40);
    chunks[0].status = ChunkStatus::from_bits(5);
    chunks[1].range = None;
    chunks[15].status = ChunkStatus::from_bits(9);
    let outlook = Outlook::of(&policy("7 days", "30 days"), runs(), &facts(&chunks));
    assert_eq!(outlook.fates[0], Fate::default());
    assert_eq!(outlook.fates[1], Fate::default());
    assert!(outlook.fates[15].compressed_at.is_some());
    assert_eq!(outlook.first_dropped.chunks, 7);
    assert_eq!(outlook.oldest_kept, chunks[0].range.map(|range| range.start));
}

#[test]
fn what_was_never_compressed_has_no_estimate_and_what_is_paused_has_no_runs() {
    let chunks = chunks(40);
    let mut facts = facts(&chunks);
    facts.compression = None;
    let outlook = Outlook::of(&policy("7 days", "30 days"), runs(), &facts);
    assert_eq!(outlook.first_compressed.freed_bytes, None);
    let outlook = Outlook::of(&policy("7 days", "30 days"), FirstRuns::default(), &facts);
    assert_eq!((outlook.dropped.chunks, outlook.compressed.chunks), (0, 0));
    assert!(outlook.fates.iter().all(|fate| *fate == Fate::default()));
}

#[test]
fn by_creation_the_clock_counts() {
    let mut chunks = chunks(3);
    chunks[0].created_at = Some(at("2026-09-01T00:00:00Z"));
    chunks[1].created_at = Some(at("2026-11-20T00:00:00Z"));
    let mut policy = policy("1 hour", "1 day");
    policy.retention.as_mut().expect("retention").threshold = Threshold::CreatedBefore(interval("30 days"));
    let outlook = Outlook::of(&policy, runs(), &facts(&chunks));
    assert_eq!(outlook.fates[0].dropped_at, Some(later("2 hours")));
    assert_eq!(outlook.fates[1].dropped_at, Some(at("2026-12-20T14:00:00Z")));
    assert_eq!((outlook.fates[2].dropped_at, outlook.undated), (None, 1));
}

#[test]
fn integer_time_is_dated_only_where_its_unit_is_certain() {
    let hour = 3600;
    let number_chunk = |end: i64| Chunk {
        range: Some(ChunkRange {
            start: TimePoint::Number(end - hour),
            end: TimePoint::Number(end),
        }),
        ..Chunk::default()
    };
    let policy = TablePolicy {
        retention: Some(AgePolicy {
            threshold: Threshold::After(TimeSpan::Number(2 * hour)),
            schedule: schedule(PolicyKind::Retention),
        }),
        ..TablePolicy::default()
    };
    for (integer_now, dated) in [(now().as_second(), true), (1_000_000, false)] {
        let chunks = [
            number_chunk(integer_now - 3 * hour),
            number_chunk(integer_now + hour),
        ];
        let mut facts = facts(&chunks);
        facts.integer_now = Some(integer_now);
        let outlook = Outlook::of(&policy, runs(), &facts);
        assert_eq!(outlook.fates[0].dropped_at, Some(later("2 hours")), "due already");
        // Due in three hours, just too late for the first run.
        let next = dated.then(|| at("2026-11-24T14:00:00Z"));
        assert_eq!(outlook.fates[1].dropped_at, next);
        assert_eq!(outlook.undated, u64::from(!dated));
    }
}

#[test]
fn a_plan_tells_of_its_first_runs() {
    let chunks = chunks(40);
    let desired = wish(&kept(), |policy| {
        retention(policy).threshold = Threshold::After(span("30 days"));
    });
    let plan = plan(&kept(), &desired, &facts(&chunks));
    assert_eq!(plan.first_dropped.chunks, 9);
    let sentences: Vec<_> = plan.effects.iter().map(Effect::sentence).collect();
    assert_eq!(
        sentences,
        [
            "Retention keeps its job 1001, its statistics and its next start: 23 Nov 2026 17:00 UTC.",
            "The run at 23 Nov 2026 17:00 UTC drops 9 chunks: 879 kB and about 9,000 rows are gone. The oldest chunk that \
             is kept begins at 24 Oct 2026 00:00 UTC.",
        ]
    );
}

#[test]
fn twenty_thousand_chunks_are_foretold_at_once() {
    let chunks = chunks(20_000);
    let facts = facts(&chunks);
    let outlook = Outlook::of(&policy("7 days", "30 days"), runs(), &facts);
    assert_eq!(outlook.dropped.chunks, 20_000);
    assert_eq!(outlook.first_dropped.chunks, 20_000 - 31);
}
