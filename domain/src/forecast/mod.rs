//! How something grows, and when it reaches a limit.
//!
//! Either from recorded history ([`growth`]) or, while there is none, from what chunks hold ([`growth_by_chunks`]).
//! Nothing here is random: the same history gives the same answer.

mod chunks;
mod limit;
mod steps;
mod trend;

pub use chunks::{ChunkBytes, TableChunks, growth_of_tables};
pub use limit::{LOOKED_AHEAD_S, Plateau, Reach, plateau, reach};
pub use steps::Step;
pub use trend::{ENOUGH_DAYS, growth, growth_of_series};

use serde::{Deserialize, Serialize};

/// A month, in seconds: a twelfth of 365.25 days.
pub const MONTH_S: f64 = 2_629_800.0;

/// What something grows by in a month, in the measure's unit; negative where it shrinks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Monthly {
    /// In nine of ten cases it is not less than this…
    pub low: f64,
    /// The best guess.
    pub likely: f64,
    /// …nor more than this.
    pub high: f64,
}

/// What a forecast rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Recorded history.
    History {
        /// Where the part begins that was looked at, in seconds since 1970, UTC.
        from_s: i64,
        /// Where it ends.
        until_s: i64,
        /// Steps that happened once and are no growth: a backlog that was compressed, a bulk load.
        left_out: Vec<Step>,
    },
    /// What chunks hold now, by their place on the time axis: what a month of data takes.
    Chunks {
        /// How many chunks it rests on.
        chunks: usize,
    },
}

/// How something grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// Growth.
    pub monthly: Monthly,
    /// The last value there is.
    pub level: f64,
    /// The highest value of late: a table that is emptied now and then reaches a limit with its peaks.
    pub peak: f64,
    /// When it had the last value, in seconds since 1970, UTC.
    pub at_s: i64,
    /// What this rests on.
    pub basis: Basis,
    /// Growth that ends, in the order of time: of tables whose retention will drop, or drops already, as much as comes
    /// in.
    pub settling: Vec<Settling>,
}

/// Growth that ends at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settling {
    /// When, in seconds since 1970, UTC.
    pub at_s: i64,
    /// How much of the growth ends.
    pub monthly: Monthly,
}

impl Monthly {
    /// Without what ends. What grew does not shrink by that.
    fn without(self, ends: Self) -> Self {
        let rest = |whole: f64, ends: f64| {
            if whole > 0.0 {
                (whole - ends).max(0.0)
            } else {
                whole
            }
        };
        Self {
            low: rest(self.low, ends.low),
            likely: rest(self.likely, ends.likely),
            high: rest(self.high, ends.high),
        }
    }

    /// Both together.
    fn with(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            likely: self.likely + other.likely,
            high: self.high + other.high,
        }
    }
}

impl Trend {
    /// Growth from each moment on, the first of them now: what has settled by then is taken off.
    pub fn paces(&self) -> Vec<(i64, Monthly)> {
        let mut ended = Monthly {
            low: 0.0,
            likely: 0.0,
            high: 0.0,
        };
        let mut paces = vec![(self.at_s, self.monthly)];
        for settling in &self.settling {
            ended = ended.with(settling.monthly);
            let pace = self.monthly.without(ended);
            match paces.last_mut() {
                Some(last) if settling.at_s <= last.0 => last.1 = pace,
                _ => paces.push((settling.at_s, pace)),
            }
        }
        paces
    }
}

/// How something grows, as far as it can be said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// It can.
    Known(Trend),
    /// There is too little to say anything.
    NotEnough {
        /// Days of history there are, gaps not counted; for chunks: how many there are.
        have: u32,
        /// How many are needed.
        need: u32,
    },
}
