//! What a chart draws.

use serde::{Deserialize, Serialize};

use super::{Measure, Nature, Point, Sample};

/// How finely something was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// As it was sampled, at most once a minute.
    Raw,
    /// One point an hour.
    Hour,
    /// One point a day, in UTC.
    Day,
}

impl Resolution {
    /// Seconds from one point to the next.
    pub fn step_s(self) -> i64 {
        match self {
            Self::Raw => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// A span in which nothing was recorded: a line breaks here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The last point before it, in seconds since 1970, UTC.
    pub from_s: i64,
    /// The first point after it, or where the series ends.
    pub until_s: i64,
}

/// One measure of one subject over a span of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What it shows.
    pub measure: Measure,
    /// How finely what it was made from is kept.
    pub resolution: Resolution,
    /// Seconds from one point to the next.
    pub step_s: i64,
    /// Where the span begins that was asked for, in seconds since 1970, UTC; history may begin later.
    pub from_s: i64,
    /// Where it ends.
    pub until_s: i64,
    /// The points, in the order of time, at most one a step.
    pub points: Vec<Point>,
    /// Where nothing was recorded. An event, which is no level, has none: that nothing happened is no gap.
    pub gaps: Vec<Gap>,
}

impl Series {
    /// A series of these points, with the gaps between them found. Readings that come slower than the points (`pace_s`
    /// from one to the next) make no gaps.
    pub fn new(
        measure: Measure,
        resolution: Resolution,
        step_s: i64,
        pace_s: i64,
        span: std::ops::Range<i64>,
        points: Vec<Point>,
    ) -> Self {
        let gaps = match measure.nature() {
            Nature::Event => Vec::new(),
            Nature::Level => gaps(&points, step_s.max(pace_s), span.end),
        };
        Self {
            measure,
            resolution,
            step_s,
            from_s: span.start,
            until_s: span.end,
            points,
            gaps,
        }
    }

    /// The last value of each point: what a forecast is made from.
    pub fn levels(&self) -> Vec<Sample> {
        self.points
            .iter()
            .map(|point| Sample {
                at_s: point.at_s,
                value: point.last,
            })
            .collect()
    }

    /// The runs of points without a gap between them: each is one line.
    pub fn segments(&self) -> impl Iterator<Item = &[Point]> {
        self.points
            .chunk_by(|_, next| self.gaps.iter().all(|gap| gap.until_s != next.at_s))
    }
}

/// A missing span of more than two and a half times what is expected is a gap: one point that is late is none.
fn gaps(points: &[Point], expected_s: i64, until_s: i64) -> Vec<Gap> {
    let is_gap = |from_s: i64, to_s: i64| (to_s - from_s) * 2 > expected_s * 5;
    let mut gaps: Vec<Gap> = points
        .windows(2)
        .filter(|pair| is_gap(pair[0].at_s, pair[1].at_s))
        .map(|pair| Gap {
            from_s: pair[0].at_s,
            until_s: pair[1].at_s,
        })
        .collect();
    if let Some(last) = points.last()
        && is_gap(last.at_s, until_s)
    {
        gaps.push(Gap {
            from_s: last.at_s,
            until_s,
        });
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::thin;

    fn series(measure: Measure, hours: &[i64], until_hour: i64) -> Series {
        let samples: Vec<Sample> = hours
            .iter()
            .map(|hour| Sample {
                at_s: hour * 3_600,
                value: 1.0,
            })
            .collect();
        let points = thin(&samples, 3_600);
        Series::new(
            measure,
            Resolution::Hour,
            3_600,
            60,
            0..until_hour * 3_600,
            points,
        )
    }

    #[test]
    fn a_gap_is_more_than_two_and_a_half_steps_and_breaks_the_line() {
        let series = series(Measure::Rows, &[0, 1, 3, 4, 7, 8], 9);
        assert_eq!(
            series.gaps,
            [Gap {
                from_s: 4 * 3_600,
                until_s: 7 * 3_600
            }],
            "one missing point is none, two are"
        );
        assert_eq!(series.segments().map(<[Point]>::len).collect::<Vec<_>>(), [4, 2]);
    }

    #[test]
    fn a_series_that_ended_ends_with_a_gap() {
        let series = series(Measure::Rows, &[0, 1], 9);
        assert_eq!(
            series.gaps,
            [Gap {
                from_s: 3_600,
                until_s: 9 * 3_600
            }]
        );
        assert_eq!(series.segments().count(), 1);
    }

    #[test]
    fn that_no_job_ran_is_no_gap() {
        let series = series(Measure::JobSeconds, &[0, 8], 20);
        assert!(series.gaps.is_empty());
        assert_eq!(series.segments().count(), 1);
    }

    #[test]
    fn nothing_recorded_has_neither_points_nor_gaps() {
        let series = series(Measure::Rows, &[], 9);
        assert!(series.gaps.is_empty());
        assert_eq!(series.segments().count(), 0);
    }
}
