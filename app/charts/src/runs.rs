//! Runs of a job: how long each took, and which failed.

use std::collections::BTreeMap;

use domain::history::{Resolution, Series};
use domain::quantity::day;
use domain::time_axis::{TimeAxis, Window, moment};
use plotters::coord::Shift;

use crate::figure::{
    Drawing, Figure, Key, Mark, Readout, ReadoutLine, Summary, WIDTHS, rounded, write_place,
};
use crate::frame::Frame;
use crate::ink::Ink;
use crate::pen::{Pen, Pixel};
use crate::ticks::value_scale;
use crate::unit::Unit;

/// Most runs that are drawn and read out.
const MOST_RUNS: usize = 480;
/// Most rows of the table.
const TABLE_ROWS: usize = 40;
/// Half the width of a cross, in pixels.
pub(crate) const CROSS: f64 = 3.5;
/// Microseconds in a second: charts count in those, history in seconds.
const MICROS: i64 = 1_000_000;

/// Microseconds in a day.
const DAY: i64 = 86_400 * MICROS;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did its work.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// It has not ended.
    Running,
}

impl Outcome {
    pub(crate) const EACH: [Self; 3] = [Self::Succeeded, Self::Failed, Self::Running];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Running => "running",
        }
    }

    fn ink(self) -> Ink {
        match self {
            Self::Succeeded => Ink::DOT,
            Self::Failed => Ink::FAIL,
            Self::Running => Ink::WAIT,
        }
    }

    /// Its shape at a place.
    pub(crate) fn draw(self, pen: &Pen<'_, Shift>, (x, y): Pixel) {
        if self == Self::Failed {
            pen.line(Ink::FAIL, (x - CROSS, y - CROSS), (x + CROSS, y + CROSS));
            pen.line(Ink::FAIL, (x - CROSS, y + CROSS), (x + CROSS, y - CROSS));
        } else {
            pen.dot(self.ink(), (x, y));
        }
    }
}

/// One run of a job, or several that history holds as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// When it ended, in microseconds since 1970; of one that has not, when it began.
    pub at: i64,
    /// How long it took, or has taken; one that could not even start took 0. Of several, the longest.
    pub duration_ms: f64,
    /// How it ended. Of several, failed where one of them did.
    pub outcome: Outcome,
    /// How many it stands for; 0 where it is known from elsewhere and not counted.
    pub runs: u32,
    /// How many of these failed.
    pub failed: u32,
    /// History that is thinned knows the hour or the day of a run only: how long that is, in microseconds, from `at` on.
    /// 0 where the moment is known.
    pub span: i64,
}

impl Run {
    /// A single run.
    pub fn one(at: i64, duration_ms: f64, outcome: Outcome) -> Self {
        Self {
            at,
            duration_ms,
            outcome,
            runs: 1,
            failed: u32::from(outcome == Outcome::Failed),
            span: 0,
        }
    }

    /// Whether another may be this one, or among those this one stands for: one failed at that time, as exactly as it is
    /// known.
    pub fn may_hold(&self, failure: &Self) -> bool {
        let minute = 60 * MICROS;
        let around = self.at.saturating_sub(minute)..=self.at.saturating_add(self.span.max(minute));
        self.failed > 0 && around.contains(&failure.at)
    }

    /// Where it is drawn: in the middle of the time it may have been.
    pub(crate) fn place(&self) -> i64 {
        self.at.saturating_add(self.span / 2)
    }

    /// When it was, as far as that is known.
    pub(crate) fn when(&self) -> String {
        if self.span >= DAY {
            day(moment(self.at))
        } else {
            write_place(TimeAxis::Moments, self.at)
        }
    }

    /// What history holds of a job's runs: how long they took, and which failed. In the order of time.
    pub fn recorded(seconds: &Series, failures: &Series) -> Vec<Self> {
        let span_of = |series: &Series| match series.resolution {
            Resolution::Raw => 0,
            Resolution::Hour | Resolution::Day => series.step_s.saturating_mul(MICROS),
        };
        let mut runs: BTreeMap<i64, Self> = BTreeMap::new();
        for point in &failures.points {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a sum of ones; `as` stops at the ends"
            )]
            let failed = (point.sum + 0.5).floor() as u32;
            let outcome = if failed > 0 {
                Outcome::Failed
            } else {
                Outcome::Succeeded
            };
            let run = Self {
                runs: point.count,
                failed,
                span: span_of(failures),
                ..Self::one(point.at_s * MICROS, 0.0, outcome)
            };
            runs.insert(point.at_s, run);
        }
        for point in &seconds.points {
            let run = runs.entry(point.at_s).or_insert_with(|| Self {
                span: span_of(seconds),
                ..Self::one(point.at_s * MICROS, 0.0, Outcome::Succeeded)
            });
            run.duration_ms = point.max * 1000.0;
            run.runs = run.runs.max(point.count);
        }
        runs.into_values().collect()
    }
}

/// The legend of charts in which these runs are.
pub(crate) fn legend(runs: &[Run]) -> Vec<Key> {
    Outcome::EACH
        .into_iter()
        .filter(|outcome| runs.iter().any(|run| run.outcome == *outcome))
        .map(|outcome| Key {
            label: outcome.as_str().to_owned(),
            mark: if outcome == Outcome::Failed {
                Mark::Cross
            } else {
                Mark::Dot
            },
            class: outcome.ink().class().to_owned(),
        })
        .collect()
}

/// Where the times end in which runs were; none where every moment is known.
pub(crate) fn ends<'a>(runs: impl Iterator<Item = &'a Run> + Clone) -> Vec<i64> {
    if runs.clone().all(|run| run.span == 0) {
        return Vec::new();
    }
    runs.map(|run| run.at.saturating_add(run.span)).collect()
}

/// `3 of 128 runs failed.`
pub(crate) fn failed_of_all<'a>(runs: impl Iterator<Item = &'a Run>) -> String {
    let (failed, all) = runs.fold((0_u64, 0_u64), |(failed, all), run| {
        (failed + u64::from(run.failed), all + u64::from(run.runs))
    });
    if all == 0 {
        return "No run was seen.".to_owned();
    }
    format!("{failed} of {all} runs failed.")
}

/// At most so many of the runs in a window, oldest first. Of neighbours the failed one stays, else the longest.
pub(crate) fn thinned(runs: &[Run], window: Window, most: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = runs
        .iter()
        .filter(|run| window.holds(run.at))
        .map(|run| Run {
            // The day that is not over ends where the chart does.
            span: run.span.min(window.end.saturating_sub(run.at)).max(0),
            duration_ms: if run.duration_ms.is_finite() {
                run.duration_ms.max(0.0)
            } else {
                0.0
            },
            ..*run
        })
        .collect();
    runs.sort_by_key(Run::place);
    if runs.len() <= most {
        return runs;
    }
    let weight = |run: &Run| (run.outcome == Outcome::Failed, run.duration_ms);
    let group = runs.len().div_ceil(most.max(1));
    runs.chunks(group)
        .filter_map(|group| {
            group
                .iter()
                .copied()
                .reduce(|a, b| if weight(&b) > weight(&a) { b } else { a })
        })
        .collect()
}

/// A chart of runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunChart {
    /// Its title.
    pub title: String,
    /// The runs, in any order.
    pub runs: Vec<Run>,
    /// The part of the axis that is shown.
    pub window: Window,
}

impl RunChart {
    /// Draws it for every width.
    pub fn draw(&self) -> Figure {
        let runs = self.shown(MOST_RUNS);
        Figure {
            title: self.title.clone(),
            drawings: WIDTHS.into_iter().map(|width| self.draw_for(width)).collect(),
            legend: legend(&runs),
            readout: Readout {
                axis: TimeAxis::Moments,
                at: runs.iter().map(|run| run.at).collect(),
                until: ends(runs.iter()),
                lines: Outcome::EACH
                    .into_iter()
                    .map(|outcome| ReadoutLine {
                        name: outcome.as_str().to_owned(),
                        class: outcome.ink().class().to_owned(),
                        unit: Unit::Milliseconds,
                        values: runs
                            .iter()
                            .map(|run| (run.outcome == outcome).then(|| rounded(run.duration_ms)))
                            .collect(),
                    })
                    .collect(),
                names: Vec::new(),
                stacked: false,
            },
            summary: self.summary(&runs),
        }
    }

    fn shown(&self, most: usize) -> Vec<Run> {
        thinned(&self.runs, self.window, most)
    }

    fn draw_for(&self, width: u32) -> Drawing {
        let runs = self.shown(width as usize / 3);
        let height = Frame::height_for(width);
        let frame = Frame {
            width,
            height,
            axis: TimeAxis::Moments,
            window: self.window,
            scale: value_scale(
                Unit::Milliseconds,
                0.0,
                runs.iter().map(|run| run.duration_ms).fold(0.0, f64::max),
                Frame::lines_for(height),
            ),
            above: 0.0,
            // Crosses of runs that took no time reach below the axis.
            below: CROSS,
            is_empty: runs.is_empty(),
        };
        frame.draw(|pen, _, plot| {
            let place = |run: &Run| (plot.x(run.place()), plot.y(run.duration_ms));
            // Those that failed last, above the others.
            for outcome in [Outcome::Succeeded, Outcome::Running, Outcome::Failed] {
                for run in runs.iter().filter(|run| run.outcome == outcome) {
                    outcome.draw(pen, place(run));
                }
            }
        })
    }

    fn summary(&self, runs: &[Run]) -> Summary {
        let mut sentences = vec![failed_of_all(
            self.runs.iter().filter(|run| self.window.holds(run.at)),
        )];
        let ended = || runs.iter().filter(|run| run.outcome == Outcome::Succeeded);
        let shortest = ended().reduce(|a, b| if b.duration_ms < a.duration_ms { b } else { a });
        let longest = ended().reduce(|a, b| if b.duration_ms > a.duration_ms { b } else { a });
        if let (Some(first), Some(last), Some(shortest), Some(longest)) =
            (ended().next(), ended().next_back(), shortest, longest)
        {
            let tell = |run: &Run| format!("{} on {}", Unit::Milliseconds.write(run.duration_ms), run.when());
            sentences.push(format!(
                "Runs that succeeded: first {}, last {}, shortest {}, longest {}.",
                tell(first),
                tell(last),
                tell(shortest),
                tell(longest)
            ));
        }
        Summary {
            sentences,
            columns: vec!["When".to_owned(), "Outcome".to_owned(), "Took".to_owned()],
            rows: self
                .shown(TABLE_ROWS)
                .iter()
                .map(|run| {
                    vec![
                        run.when(),
                        run.outcome.as_str().to_owned(),
                        Unit::Milliseconds.write(run.duration_ms),
                    ]
                })
                .collect(),
        }
    }
}
