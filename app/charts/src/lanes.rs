//! Runs of several jobs on one time axis, each job in a lane of its own.

use domain::time_axis::{TimeAxis, Window};

use crate::figure::{Drawing, Figure, Readout, ReadoutLine, Summary, WIDTHS, rounded};
use crate::frame::Frame;
use crate::label::{TICK_SIZE, fitted};
use crate::runs::{CROSS, Outcome, Run, ends, failed_of_all, legend, thinned};
use crate::ticks::Scale;
use crate::unit::Unit;

/// Most runs of all lanes that are read out.
const MOST_RUNS: usize = 640;
/// Most rows of the table.
const TABLE_ROWS: usize = 60;
/// Height of a lane, in pixels.
const LANE: u32 = 26;
/// Room above the lanes and for the labels of the time axis, in pixels.
const AROUND: u32 = 34;

/// The runs of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// What the job is called.
    pub name: String,
    /// Its runs, in any order.
    pub runs: Vec<Run>,
}

/// A chart of the runs of several jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneChart {
    /// Its title.
    pub title: String,
    /// The jobs, from top to bottom.
    pub lanes: Vec<Lane>,
    /// The part of the axis that is shown.
    pub window: Window,
}

impl LaneChart {
    /// Draws it for every width.
    pub fn draw(&self) -> Figure {
        let runs = self.shown(MOST_RUNS);
        let only: Vec<Run> = runs.iter().map(|(_, run)| *run).collect();
        Figure {
            title: self.title.clone(),
            drawings: WIDTHS.into_iter().map(|width| self.draw_for(width)).collect(),
            legend: legend(&only),
            readout: Readout {
                axis: TimeAxis::Moments,
                at: only.iter().map(|run| run.at).collect(),
                until: ends(only.iter()),
                lines: Outcome::EACH
                    .into_iter()
                    .map(|outcome| ReadoutLine {
                        name: outcome.as_str().to_owned(),
                        // The value axis is the lanes': no dot of a duration belongs on it.
                        class: String::new(),
                        unit: Unit::Milliseconds,
                        values: only
                            .iter()
                            .map(|run| (run.outcome == outcome).then(|| rounded(run.duration_ms)))
                            .collect(),
                    })
                    .collect(),
                names: runs
                    .iter()
                    .map(|(lane, _)| self.lanes[*lane].name.clone())
                    .collect(),
                stacked: false,
            },
            summary: self.summary(),
        }
    }

    /// At most about so many runs with their lanes, oldest first.
    fn shown(&self, most: usize) -> Vec<(usize, Run)> {
        let each = most / self.lanes.len().max(1);
        let mut runs: Vec<(usize, Run)> = self
            .lanes
            .iter()
            .enumerate()
            .flat_map(|(lane, of)| {
                thinned(&of.runs, self.window, each)
                    .into_iter()
                    .map(move |run| (lane, run))
            })
            .collect();
        runs.sort_by_key(|(lane, run)| (run.place(), *lane));
        runs
    }

    fn draw_for(&self, width: u32) -> Drawing {
        let count = u32::try_from(self.lanes.len()).unwrap_or(u32::MAX).clamp(1, 100);
        // Three pixels for a run, in each lane.
        let runs = self.shown(width as usize / 3 * self.lanes.len());
        let room = f64::from(width) * if width < 500 { 0.36 } else { 0.24 };
        // The first lane is the uppermost.
        let level = |lane: usize| {
            let lane = u32::try_from(lane).unwrap_or(u32::MAX).min(count - 1);
            f64::from(count - lane) - 0.5
        };
        let frame = Frame {
            width,
            height: AROUND + count * LANE,
            axis: TimeAxis::Moments,
            window: self.window,
            scale: Scale {
                low: 0.0,
                high: f64::from(count),
                ticks: self
                    .lanes
                    .iter()
                    .enumerate()
                    .map(|(lane, of)| (level(lane), fitted(&of.name, TICK_SIZE, room)))
                    .collect(),
            },
            above: 0.0,
            below: 0.0,
            is_empty: runs.is_empty(),
        };
        frame.draw(|pen, _, plot| {
            let inside = |x: f64| x.max(plot.left + CROSS).min(plot.right - CROSS);
            for outcome in [Outcome::Succeeded, Outcome::Running, Outcome::Failed] {
                for (lane, run) in runs.iter().filter(|(_, run)| run.outcome == outcome) {
                    outcome.draw(pen, (inside(plot.x(run.place())), plot.y(level(*lane))));
                }
            }
        })
    }

    fn summary(&self) -> Summary {
        let sentences = self
            .lanes
            .iter()
            .map(|lane| {
                let runs = lane.runs.iter().filter(|run| self.window.holds(run.at));
                format!("{}: {}", lane.name, failed_of_all(runs))
            })
            .collect();
        Summary {
            sentences,
            columns: ["When", "Job", "Outcome", "Took"].map(str::to_owned).into(),
            rows: self
                .shown(TABLE_ROWS)
                .iter()
                .map(|(lane, run)| {
                    vec![
                        run.when(),
                        self.lanes[*lane].name.clone(),
                        run.outcome.as_str().to_owned(),
                        Unit::Milliseconds.write(run.duration_ms),
                    ]
                })
                .collect(),
        }
    }
}
