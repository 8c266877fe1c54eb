//! Steps: what changes a level at once, and does not come back.

use serde::{Deserialize, Serialize};

use super::trend::{Day, median};

/// A change at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The first moment after it, in seconds since 1970, UTC.
    pub at_s: i64,
    /// By how much, in the measure's unit.
    pub by: f64,
}

/// A change from one day to the next is a step where it differs this many times more from the usual change than usual
/// changes do.
const UNUSUAL: f64 = 6.0;
/// A step of at least this share of another's height is of its kind.
const SAME_KIND: f64 = 1.0 / 3.0;

/// Takes out the steps that have no second of their kind, and returns them. Drops that come again and again, as those of
/// retention do, are part of how a table grows and stay.
///
/// What stays is laid beside the level of the last day.
pub(super) fn take_out_single_steps(days: &mut [Day]) -> Vec<Step> {
    let changes: Vec<f64> = days
        .windows(2)
        .map(|pair| pair[1].level - pair[0].level)
        .collect();
    let usual = median(&mut changes.clone());
    let spread = median(
        &mut changes
            .iter()
            .map(|change| (change - usual).abs())
            .collect::<Vec<_>>(),
    );
    let height = days.iter().map(|day| day.level.abs()).fold(0.0, f64::max);
    // Where changes are all alike, anything would be unusual: less than a hundredth of the level is none.
    let unusual = (UNUSUAL * spread).max(height / 100.0);
    // Neighbouring days of one direction are one step: a backlog is compressed over a night or two.
    let mut steps: Vec<(std::ops::Range<usize>, f64)> = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let by = change - usual;
        if by.abs() <= unusual {
            continue;
        }
        match steps.last_mut() {
            Some((run, total)) if run.end == index && (*total > 0.0) == (by > 0.0) => {
                run.end = index + 1;
                *total += by;
            }
            _ => steps.push((index..index + 1, by)),
        }
    }
    let single: Vec<(std::ops::Range<usize>, f64)> = steps
        .iter()
        .enumerate()
        .filter(|(place, (_, by))| {
            !steps.iter().enumerate().any(|(other, (_, total))| {
                other != *place && (*total > 0.0) == (*by > 0.0) && total.abs() >= by.abs() * SAME_KIND
            })
        })
        .map(|(_, step)| step.clone())
        .collect();
    for (run, _) in &single {
        for index in run.clone() {
            let by = changes[index] - usual;
            for day in &mut days[..=index] {
                day.level += by;
            }
        }
    }
    single
        .into_iter()
        .map(|(run, by)| Step {
            at_s: days[run.end].first_s,
            by,
        })
        .collect()
}
