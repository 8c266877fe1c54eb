//! Fewer points for older times: samples into points, points into coarser points.
//!
//! Nothing is lost but detail: the lowest, the highest and the last value, the sum and the number of samples of a
//! point are those of all samples in it, whether it was made in one step or in several.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// A level that did not change is stored again after this, in seconds.
pub const UNCHANGED_FOR_S: i64 = 600;
/// How long a stored level holds while readings go on, in seconds. Two minutes more than [`UNCHANGED_FOR_S`]: a reading
/// may take its time.
pub const HELD_FOR_S: i64 = UNCHANGED_FOR_S + 120;

/// One value at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Seconds since 1970, UTC.
    pub at_s: i64,
    /// The value, in the measure's unit.
    pub value: f64,
}

/// What was sampled from one moment up to the next point's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Where it begins, in seconds since 1970, UTC.
    pub at_s: i64,
    /// The lowest value.
    pub min: f64,
    /// The highest value.
    pub max: f64,
    /// The last value.
    pub last: f64,
    /// The sum of all values.
    pub sum: f64,
    /// How many there were: of a level one a minute, of an event one each time it happened.
    pub count: u32,
}

impl Point {
    /// The mean of its values. Of a rate a second, times the seconds of `count` minutes, this is how many there were.
    pub fn mean(&self) -> f64 {
        self.sum / f64::from(self.count.max(1))
    }

    /// Where it begins.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_second(self.at_s).unwrap_or_default()
    }

    fn add(&mut self, later: &Self) {
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.last = later.last;
        self.sum += later.sum;
        self.count = self.count.saturating_add(later.count);
    }
}

impl From<Sample> for Point {
    fn from(sample: Sample) -> Self {
        Self {
            at_s: sample.at_s,
            min: sample.value,
            max: sample.value,
            last: sample.value,
            sum: sample.value,
            count: 1,
        }
    }
}

/// Where the bucket of this length begins that a moment lies in, all in seconds.
pub fn bucket(at_s: i64, step_s: i64) -> i64 {
    at_s.div_euclid(step_s) * step_s
}

/// Samples of a level with what was left out put back: one at each of `beats` (the moments of readings) at which the
/// level was seen unchanged. Both in the order of time.
///
/// This is how an unchanged level is told from a console that was not watching: there are no beats while it was not.
pub fn held(samples: &[Sample], beats: &[i64]) -> Vec<Sample> {
    let mut whole = Vec::with_capacity(samples.len().max(beats.len()));
    let mut beats = beats.iter().copied().peekable();
    for (index, sample) in samples.iter().enumerate() {
        while beats.next_if(|beat| *beat <= sample.at_s).is_some() {}
        whole.push(*sample);
        let next_at_s = samples.get(index + 1).map_or(i64::MAX, |next| next.at_s);
        let until_s = next_at_s.min(sample.at_s + HELD_FOR_S + 1);
        while let Some(beat) = beats.next_if(|beat| *beat < until_s) {
            whole.push(Sample {
                at_s: beat,
                value: sample.value,
            });
        }
    }
    whole
}

/// Samples, in the order of time, as points of this many seconds.
pub fn thin(samples: &[Sample], step_s: i64) -> Vec<Point> {
    into_buckets(samples.iter().copied().map(Point::from), step_s)
}

/// Points, in the order of time, as points of this many seconds, which is a multiple of theirs.
pub fn merge(points: &[Point], step_s: i64) -> Vec<Point> {
    into_buckets(points.iter().copied(), step_s)
}

fn into_buckets(points: impl Iterator<Item = Point>, step_s: i64) -> Vec<Point> {
    let mut buckets: Vec<Point> = Vec::new();
    for point in points {
        let at_s = bucket(point.at_s, step_s);
        match buckets.last_mut() {
            Some(last) if last.at_s == at_s => last.add(&point),
            _ => buckets.push(Point { at_s, ..point }),
        }
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::Lcg;

    /// Minutes of a day or more, some of them missing, whole numbers so that sums are exact.
    fn generated(seed: u64) -> Vec<Sample> {
        let mut random = Lcg::new(seed);
        let minutes = 60 + random.below(4_000);
        let start = 1_700_000_000 - 1_700_000_000 % 60 + random.below(100_000) * 60;
        let missing = random.below(10);
        (0..minutes)
            .filter(|_| random.below(10) >= missing)
            .collect::<Vec<_>>()
            .into_iter()
            .map(|minute| Sample {
                at_s: start + minute * 60,
                #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
                value: random.below(1_000_000) as f64 - 1_000.0,
            })
            .collect()
    }

    #[test]
    fn thinning_in_steps_equals_thinning_at_once() {
        for seed in 0..200 {
            let samples = generated(seed);
            let hours = thin(&samples, 3_600);
            assert_eq!(merge(&hours, 86_400), thin(&samples, 86_400), "seed {seed}");
        }
    }

    #[test]
    fn thinning_twice_equals_thinning_once() {
        for seed in 0..200 {
            let once = thin(&generated(seed), 3_600);
            assert_eq!(merge(&once, 3_600), once, "seed {seed}");
        }
    }

    #[test]
    fn thinning_keeps_lowest_highest_last_sum_and_number() {
        for seed in 0..200 {
            let samples = generated(seed);
            let points = thin(&samples, 7_200);
            let total: u32 = points.iter().map(|point| point.count).sum();
            assert_eq!(total as usize, samples.len());
            let sum = |values: Vec<f64>| values.iter().sum::<f64>().to_bits();
            assert_eq!(
                sum(points.iter().map(|point| point.sum).collect()),
                sum(samples.iter().map(|sample| sample.value).collect())
            );
            for point in &points {
                let within: Vec<f64> = samples
                    .iter()
                    .filter(|sample| (point.at_s..point.at_s + 7_200).contains(&sample.at_s))
                    .map(|sample| sample.value)
                    .collect();
                assert!(within.iter().all(|value| (point.min..=point.max).contains(value)));
                assert!(within.contains(&point.min) && within.contains(&point.max));
                assert_eq!(within.last(), Some(&point.last));
            }
            assert!(points.windows(2).all(|pair| pair[0].at_s < pair[1].at_s));
        }
    }

    #[test]
    fn thinning_a_part_and_the_rest_equals_thinning_the_whole() {
        for seed in 0..200 {
            let samples = generated(seed);
            let at_s = bucket(samples[samples.len() / 2].at_s, 3_600);
            let (before, after): (Vec<Sample>, Vec<Sample>) =
                samples.iter().partition(|sample| sample.at_s < at_s);
            let mut parts = thin(&before, 3_600);
            parts.extend(thin(&after, 3_600));
            assert_eq!(parts, thin(&samples, 3_600), "seed {seed}");
        }
    }

    #[test]
    fn leaving_out_what_did_not_change_loses_nothing() {
        for seed in 0..200 {
            let mut random = Lcg::new(seed);
            let (mut whole, mut stored, mut value) = (Vec::<Sample>::new(), Vec::<Sample>::new(), 0.0);
            for minute in 0..600 {
                // The console was away for a while now and then.
                if (random.below(400) == 0) || (300..330).contains(&minute) {
                    continue;
                }
                if random.below(9) == 0 {
                    value += 1.0;
                }
                let sample = Sample {
                    at_s: minute * 60,
                    value,
                };
                whole.push(sample);
                let is_new = stored.last().is_none_or(|last| {
                    last.value.to_bits() != value.to_bits() || sample.at_s - last.at_s >= UNCHANGED_FOR_S
                });
                if is_new {
                    stored.push(sample);
                }
            }
            let beats: Vec<i64> = whole.iter().map(|sample| sample.at_s).collect();
            assert!(stored.len() < whole.len() / 2);
            assert_eq!(held(&stored, &beats), whole, "seed {seed}");
        }
    }

    #[test]
    fn a_level_is_not_held_while_nobody_watched_nor_for_ever() {
        let sample = Sample { at_s: 0, value: 1.0 };
        assert_eq!(held(&[sample], &[]), [sample]);
        let beats: Vec<i64> = (0..100).map(|minute| minute * 60).collect();
        assert_eq!(
            held(&[sample], &beats).last().map(|sample| sample.at_s),
            Some(HELD_FOR_S)
        );
    }
}
