//! Growth from recorded history.
//!
//! Days first: their mean levels know nothing of what goes up and down within a day. Then blocks of whole weeks, so that
//! working days and weekends weigh the same in each. The growth is the median slope between the blocks (Theil and Sen),
//! which a few odd ones do not move. Its interval comes from how differently the blocks grew: that holds for a level
//! that wanders as well as for one that is measured with noise, where the usual interval of a regression is far too
//! narrow for the first.

use super::steps::take_out_single_steps;
use super::{Basis, Growth, MONTH_S, Monthly, Trend};
use crate::history::{Sample, Series, bucket};

const DAY_S: i64 = 86_400;
/// Days of history without which nothing is said: a week has its own ups and downs.
pub const ENOUGH_DAYS: u32 = 7;
/// What is older, in days, says nothing about growth now.
const LOOKED_BACK_DAYS: i64 = 84;
/// Blocks are whole weeks from this many days on.
const WEEKS_FROM_DAYS: i64 = 35;
/// Blocks of a history that is shorter.
const SHORT_BLOCKS: i64 = 7;
const FEWEST_BLOCKS: usize = 4;

/// What one day held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    /// Its first sample's moment.
    pub(super) first_s: i64,
    /// The mean moment of its samples.
    middle_s: f64,
    /// Their mean.
    pub(super) level: f64,
}

/// Some days after one another.
#[derive(Debug, Clone, Copy)]
struct Block {
    middle_s: f64,
    level: f64,
}

/// How a level grows, from its samples in the order of time. They need not be evenly spaced, and may have gaps.
pub fn growth(samples: &[Sample]) -> Growth {
    let whole = days(samples);
    let not_enough = |have: usize| Growth::NotEnough {
        have: u32::try_from(have).unwrap_or(u32::MAX),
        need: ENOUGH_DAYS,
    };
    let (Some(last), Some(newest)) = (samples.last(), whole.last()) else {
        return not_enough(0);
    };
    let from_s = newest.first_s - LOOKED_BACK_DAYS * DAY_S;
    let mut recent: Vec<Day> = whole.into_iter().filter(|day| day.first_s > from_s).collect();
    if recent.len() < ENOUGH_DAYS as usize {
        return not_enough(recent.len());
    }
    let left_out = take_out_single_steps(&mut recent);
    let blocks = blocks(&recent);
    if blocks.len() < FEWEST_BLOCKS {
        return not_enough(recent.len().min(ENOUGH_DAYS as usize - 1));
    }
    let from_s = recent[0].first_s;
    // Peaks of the last week, and of after the last step.
    let late_s = last.at_s - 7 * DAY_S;
    let settled_s = left_out.iter().map(|step| step.at_s).max().unwrap_or(i64::MIN);
    let peak = samples
        .iter()
        .filter(|sample| sample.at_s >= late_s.max(settled_s))
        .map(|sample| sample.value)
        .fold(last.value, f64::max);
    Growth::Known(Trend {
        monthly: monthly(&blocks),
        level: last.value,
        peak,
        at_s: last.at_s,
        basis: Basis::History {
            from_s,
            until_s: last.at_s,
            left_out,
        },
        settling: Vec::new(),
    })
}

/// The same from a series of thinned points: their means tell how it grows, the last value and the highest ones of late
/// how near a limit is.
pub fn growth_of_series(series: &Series) -> Growth {
    let means: Vec<Sample> = series
        .points
        .iter()
        .map(|point| Sample {
            at_s: point.at_s + series.step_s / 2,
            value: point.mean(),
        })
        .collect();
    let (Growth::Known(trend), Some(newest)) = (growth(&means), series.points.last()) else {
        return growth(&means);
    };
    let settled_s = match &trend.basis {
        Basis::History { left_out, .. } => left_out.iter().map(|step| step.at_s).max(),
        Basis::Chunks { .. } => None,
    };
    let late_s = newest.at_s - 7 * DAY_S;
    Growth::Known(Trend {
        level: newest.last,
        peak: series
            .points
            .iter()
            .filter(|point| point.at_s >= late_s.max(settled_s.unwrap_or(i64::MIN)))
            .map(|point| point.max)
            .fold(newest.last, f64::max),
        at_s: (newest.at_s + series.step_s).min(series.until_s),
        ..trend
    })
}

fn days(samples: &[Sample]) -> Vec<Day> {
    samples
        .chunk_by(|a, b| bucket(a.at_s, DAY_S) == bucket(b.at_s, DAY_S))
        .map(|of_day| Day {
            first_s: of_day[0].at_s,
            middle_s: mean(of_day.iter().map(|sample| seconds(sample.at_s))),
            level: mean(of_day.iter().map(|sample| sample.value)),
        })
        .collect()
}

/// Blocks end with the newest day; an oldest one that is not whole is left out where there are enough without it.
fn blocks(days: &[Day]) -> Vec<Block> {
    let day_of = |day: &Day| day.first_s.div_euclid(DAY_S);
    let newest = days.last().map_or(0, day_of);
    let span = newest - days.first().map_or(0, day_of) + 1;
    let length = if span >= WEEKS_FROM_DAYS {
        7
    } else {
        span / SHORT_BLOCKS
    };
    let mut blocks: Vec<Block> = days
        .chunk_by(|a, b| (newest - day_of(a)) / length == (newest - day_of(b)) / length)
        // Of a block with gaps, at least half of the days.
        .filter(|of_block| i64::try_from(of_block.len()).is_ok_and(|there| there * 2 >= length))
        .map(|of_block| Block {
            middle_s: mean(of_block.iter().map(|day| day.middle_s)),
            level: mean(of_block.iter().map(|day| day.level)),
        })
        .collect();
    if span % length != 0 && blocks.len() > FEWEST_BLOCKS {
        blocks.remove(0);
    }
    blocks
}

fn monthly(blocks: &[Block]) -> Monthly {
    let mut slopes = Vec::with_capacity(blocks.len() * blocks.len() / 2);
    for (index, earlier) in blocks.iter().enumerate() {
        for later in &blocks[index + 1..] {
            slopes.push((later.level - earlier.level) / (later.middle_s - earlier.middle_s));
        }
    }
    let slope = median(&mut slopes);
    // What each block grew beside the trend, against the time it took: the variance a second of a level that wanders.
    // The means of neighbouring blocks hide a third of it.
    let steps = blocks.windows(2).map(|pair| {
        let took_s = pair[1].middle_s - pair[0].middle_s;
        (pair[1].level - pair[0].level - slope * took_s).powi(2) / took_s
    });
    let freedom = blocks.len() - 2;
    let variance = steps.sum::<f64>() / seconds(i64::try_from(freedom).unwrap_or(1)) * 1.5;
    let span_s = blocks[blocks.len() - 1].middle_s - blocks[0].middle_s;
    let half_width = student(freedom) * (variance / span_s).sqrt();
    Monthly {
        low: (slope - half_width) * MONTH_S,
        likely: slope * MONTH_S,
        high: (slope + half_width) * MONTH_S,
    }
}

/// Student's t for nineteen of twenty: what is promised is nine of ten, and histories are not as tidy as his.
fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 11] = [
        12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201,
    ];
    TABLE[freedom.clamp(1, TABLE.len()) - 1]
}

pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[length / 2],
        length => f64::midpoint(values[length / 2 - 1], values[length / 2]),
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in f64")]
fn seconds(whole: i64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests;
