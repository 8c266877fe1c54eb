//! Growth of generated series whose growth is known.

use super::*;
use crate::forecast::{Reach, reach};
use crate::generated::Lcg;

const HOUR_S: i64 = 3_600;
const START_S: i64 = 1_760_000_000;
/// Bytes a month.
const GIGABYTE: f64 = 1_073_741_824.0;

/// One sample an hour for this many days; the level is a function of the time in days.
fn hourly(days: i64, mut level: impl FnMut(f64) -> f64) -> Vec<Sample> {
    (0..days * 24)
        .map(|hour| Sample {
            at_s: START_S + hour * HOUR_S,
            value: level(seconds(hour) / 24.0),
        })
        .collect()
}

fn known(samples: &[Sample]) -> Trend {
    match growth(samples) {
        Growth::Known(trend) => trend,
        not_enough @ Growth::NotEnough { .. } => panic!("{not_enough:?}"),
    }
}

fn daily(monthly: f64) -> f64 {
    monthly / 30.4375
}

/// Share of generated series whose interval covers the truth, and its usual width in `monthly`.
fn coverage(monthly: f64, mut series: impl FnMut(&mut Lcg) -> Vec<Sample>) -> (f64, f64) {
    let rounds = 400;
    let mut covered = 0.0;
    let mut widths = Vec::new();
    for seed in 0..rounds {
        let trend = known(&series(&mut Lcg::new(seed)));
        let Monthly { low, high, .. } = trend.monthly;
        if (low..=high).contains(&monthly) {
            covered += 1.0;
        }
        widths.push((high - low) / GIGABYTE);
    }
    (covered / 400.0, median(&mut widths))
}

fn assert_covers(what: &str, monthly: f64, series: impl FnMut(&mut Lcg) -> Vec<Sample>) {
    let (share, width) = coverage(monthly, series);
    println!("{what}: {share:.3} covered, {width:.3} GB wide");
    assert!(share >= 0.9, "{what}: {share} covered");
}

#[test]
fn a_straight_line_is_known_exactly() {
    for days in [7, 8, 13, 20, 34, 35, 60, 200] {
        let trend = known(&hourly(days, |day| 5.0 * GIGABYTE + day * daily(GIGABYTE)));
        let Monthly { low, likely, high } = trend.monthly;
        for value in [low, likely, high] {
            assert!(
                (value - GIGABYTE).abs() < GIGABYTE * 1e-6,
                "{days} days: {:?}",
                trend.monthly
            );
        }
    }
}

#[test]
fn what_does_not_change_does_not_grow() {
    let trend = known(&hourly(30, |_| GIGABYTE));
    assert_eq!(
        trend.monthly,
        Monthly {
            low: 0.0,
            likely: 0.0,
            high: 0.0
        }
    );
    assert_eq!(reach(&trend, 2.0 * GIGABYTE), Reach::NotWithinFiveYears);
}

#[test]
fn what_shrinks_has_negative_growth() {
    let trend = known(&hourly(30, |day| 50.0 * GIGABYTE - day * daily(GIGABYTE)));
    assert!((trend.monthly.likely + GIGABYTE).abs() < GIGABYTE * 1e-6);
}

#[test]
fn the_interval_covers_the_truth_under_noise() {
    for days in [7, 10, 21, 40, 90] {
        assert_covers(&format!("noise, {days} days"), GIGABYTE, |random| {
            hourly(days, |day| {
                50.0 * GIGABYTE + day * daily(GIGABYTE) + random.normal() * 0.2 * GIGABYTE
            })
        });
    }
}

#[test]
fn the_interval_covers_the_truth_where_every_day_brings_another_amount() {
    for days in [7, 10, 21, 40, 90] {
        assert_covers(&format!("wandering, {days} days"), GIGABYTE, |random| {
            let mut level = 50.0 * GIGABYTE;
            hourly(days, |_| {
                level += daily(GIGABYTE) / 24.0 * (1.0 + 3.0 * random.normal());
                level
            })
        });
    }
}

#[test]
fn the_interval_covers_the_truth_where_weekends_are_quiet() {
    for days in [14, 21, 30, 40, 60, 90] {
        assert_covers(&format!("weekly, {days} days"), GIGABYTE, |random| {
            let first = random.below(7);
            let mut level = 50.0 * GIGABYTE;
            hourly(days, |day| {
                #[expect(clippy::cast_possible_truncation, reason = "a day of the week")]
                let is_weekend = (day as i64 + first) % 7 >= 5;
                // Seven days' growth comes in five.
                if !is_weekend {
                    level += daily(GIGABYTE) * 7.0 / 5.0 / 24.0 * (1.0 + 0.3 * random.normal());
                }
                level
            })
        });
    }
}

#[test]
fn what_retention_removes_again_is_no_growth() {
    // A gigabyte and a half comes every month, and as much goes: once a day, or once a week.
    for (every, days) in [
        (1.0, 10),
        (1.0, 40),
        (7.0, 21),
        (7.0, 40),
        (7.0, 90),
        (14.0, 60),
        (14.0, 90),
    ] {
        assert_covers(
            &format!("retention every {every} days, {days} days"),
            0.0,
            |random| {
                let phase = random.unit() * every;
                hourly(days, |day| {
                    let since = (day + phase) % every;
                    20.0 * GIGABYTE + since * daily(1.5 * GIGABYTE) + random.normal() * 0.005 * GIGABYTE
                })
            },
        );
    }
}

#[test]
fn what_grows_in_spite_of_retention_grows() {
    assert_covers("growing sawtooth", GIGABYTE, |random| {
        let phase = random.unit() * 7.0;
        hourly(60, |day| {
            let since = (day + phase) % 7.0;
            20.0 * GIGABYTE
                + day * daily(GIGABYTE)
                + since * daily(3.0 * GIGABYTE)
                + random.normal() * 0.02 * GIGABYTE
        })
    });
}

#[test]
fn a_backlog_that_was_compressed_is_left_out_and_said_so() {
    assert_covers("one step", GIGABYTE, |random| {
        let when = 5.0 + random.unit() * 30.0;
        hourly(40, |day| {
            let compressed = if day > when { -40.0 * GIGABYTE } else { 0.0 };
            60.0 * GIGABYTE + day * daily(GIGABYTE) + compressed + random.normal() * 0.05 * GIGABYTE
        })
    });
    let trend = known(&hourly(40, |day| {
        60.0 * GIGABYTE + day * daily(GIGABYTE) - if day > 12.5 { 40.0 * GIGABYTE } else { 0.0 }
    }));
    let Basis::History { left_out, .. } = &trend.basis else {
        panic!("{trend:?}")
    };
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    assert!(
        (left_out[0].by + 40.0 * GIGABYTE).abs() < GIGABYTE * 0.1,
        "{left_out:?}"
    );
    assert!(
        (trend.monthly.likely - GIGABYTE).abs() < GIGABYTE * 0.05,
        "{trend:?}"
    );
    assert!(trend.peak < 25.0 * GIGABYTE, "peaks from before it are none");
}

#[test]
fn gaps_do_not_matter() {
    assert_covers("gaps", GIGABYTE, |random| {
        let gap = random.unit() * 30.0;
        let mut samples = hourly(45, |day| {
            50.0 * GIGABYTE + day * daily(GIGABYTE) + random.normal() * 0.2 * GIGABYTE
        });
        samples.retain(|sample| {
            let day = seconds(sample.at_s - START_S) / 86_400.0;
            !(gap..gap + 9.0).contains(&day)
        });
        samples
    });
}

#[test]
fn too_little_history_says_how_much_is_needed() {
    assert_eq!(growth(&[]), Growth::NotEnough { have: 0, need: 7 });
    // The first day begins in the morning.
    assert!(matches!(
        growth(&hourly(5, |day| day)),
        Growth::NotEnough { have: 6, need: 7 }
    ));
    // Two days, and then two a month later.
    let mut samples = hourly(30, |day| day);
    samples.retain(|sample| !(2 * DAY_S..28 * DAY_S).contains(&(sample.at_s - START_S)));
    assert!(matches!(growth(&samples), Growth::NotEnough { need: 7, .. }));
}

#[test]
fn the_same_history_gives_the_same_answer_and_only_the_last_months_count() {
    let mut old = hourly(300, |day| {
        if day < 200.0 {
            day * 10.0 * GIGABYTE
        } else {
            2_000.0 * GIGABYTE
        }
    });
    let trend = known(&old);
    assert_eq!(known(&old), trend);
    assert!(trend.monthly.high.abs() < 1.0, "{trend:?}");
    old.drain(..216 * 24);
    assert_eq!(known(&old).monthly, trend.monthly);
}

#[test]
fn the_date_of_a_limit_lies_around_the_true_one() {
    let mut covered = 0;
    for seed in 0..200 {
        let mut random = Lcg::new(seed);
        let samples = hourly(60, |day| {
            50.0 * GIGABYTE + day * daily(GIGABYTE) + random.normal() * 0.05 * GIGABYTE
        });
        // Reached after eight months.
        let truth_s = START_S + 8 * 2_629_800;
        let Reach::Within {
            earliest_s,
            likely_s: Some(likely_s),
            latest_s: Some(latest_s),
        } = reach(&known(&samples), 58.0 * GIGABYTE)
        else {
            panic!("seed {seed}")
        };
        assert!(earliest_s <= likely_s && likely_s <= latest_s);
        assert!((likely_s - truth_s).abs() < 45 * DAY_S, "seed {seed}: {likely_s}");
        if (earliest_s..=latest_s).contains(&truth_s) {
            covered += 1;
        }
    }
    assert!(covered >= 180, "{covered} of 200");
}
