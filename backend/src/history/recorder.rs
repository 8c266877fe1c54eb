//! Recording what readings saw. A state store that does not answer costs samples, never a reading: the collector
//! publishes and goes on, and what came in between is not waited for.

use std::collections::{BTreeSet, HashMap};

use domain::database::DatabaseName;
use domain::history::{Measure, Measurement, Nature, Resolution, Subject, UNCHANGED_FOR_S, bucket};
use domain::snapshot::Snapshot;

use super::{Limits, measurements};
use crate::collector::Watched;
use crate::state::history::{NewSample, SeriesKey};
use crate::state::{StateError, StateStore};

/// What was last seen longer ago, in seconds, is no longer remembered.
const REMEMBERED_FOR_S: i64 = 2 * 3_600;

/// Writes samples of one database.
#[derive(Debug)]
pub struct Recorder {
    state: StateStore,
    database: DatabaseName,
    limits: Limits,
    known: HashMap<SeriesKey, Known>,
    refused: usize,
}

/// What is known of a series.
#[derive(Debug, Clone, Copy)]
struct Known {
    id: i64,
    /// The sample stored last: minute and value. `None` after a start, whatever the store holds.
    stored: Option<(i64, f64)>,
    /// The hour in which the store was last told that it is in use.
    noted_s: i64,
}

/// What became of measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recorded {
    /// Samples written that nobody else had written.
    pub samples: u64,
    /// Series that made room for others.
    pub forgotten: usize,
    /// Series that were not made, as there are too many in use.
    pub refused: usize,
}

impl Recorder {
    /// A recorder that knows nothing yet; what another one wrote is gone on with.
    pub fn new(state: StateStore, database: DatabaseName, limits: Limits) -> Self {
        Self {
            state,
            database,
            limits,
            known: HashMap::new(),
            refused: 0,
        }
    }

    /// Writes measurements, in one transaction.
    ///
    /// Of a level, at most one sample a minute, and none while it is as it was, for up to ten minutes. Of an event one
    /// sample a minute: handing in the same event again, or another of the same minute, changes nothing. On failure
    /// nothing is remembered, and handing in the same measurements again is right.
    pub async fn record(&mut self, measurements: &[Measurement]) -> Result<Recorded, StateError> {
        let fitting = || {
            measurements
                .iter()
                .filter(|one| one.sample.value.is_finite() && one.measure.fits(&one.subject))
        };
        let Some(newest_s) = fitting().map(minute).max() else {
            return Ok(Recorded::default());
        };
        let mut recorded = Recorded::default();
        // Once an hour all of them: that notes which are in use, and finds out whether one was forgotten meanwhile.
        let hour_s = bucket(newest_s, Resolution::Hour.step_s());
        let unnoted: BTreeSet<SeriesKey> = fitting()
            .map(|one| (one.measure, one.subject.clone()))
            .filter(|key| self.known.get(key).is_none_or(|known| known.noted_s != hour_s))
            .collect();
        if !unnoted.is_empty() {
            let admitted = self
                .state
                .admit_series(&self.database, &unnoted, newest_s, &self.limits)
                .await?;
            recorded.forgotten = admitted.forgotten;
            recorded.refused = admitted.refused;
            for key in unnoted {
                let before = self.known.remove(&key);
                if let Some(id) = admitted.ids.get(&key).copied() {
                    let stored = before
                        .filter(|known| known.id == id)
                        .and_then(|known| known.stored);
                    let known = Known {
                        id,
                        stored,
                        noted_s: hour_s,
                    };
                    self.known.insert(key, known);
                }
            }
        }

        let mut samples = Vec::new();
        let mut changed = Vec::new();
        for one in fitting() {
            let key = (one.measure, one.subject.clone());
            let Some(known) = self.known.get(&key) else {
                continue;
            };
            let at_s = minute(one);
            if is_due(one, at_s, known.stored) {
                samples.push(NewSample {
                    series_id: known.id,
                    at_s,
                    value: one.sample.value,
                });
                changed.push((key, (at_s, one.sample.value)));
            }
        }
        if !samples.is_empty() {
            recorded.samples = self.state.insert_samples(&mut samples).await?;
        }
        for (key, stored) in changed {
            if let Some(known) = self.known.get_mut(&key) {
                known.stored = Some(stored);
            }
        }
        self.known
            .retain(|_, known| newest_s - known.noted_s <= REMEMBERED_FOR_S);
        self.log_bound(recorded);
        Ok(recorded)
    }

    /// Writes the measurements of a snapshot, unless one of the same minute was written already.
    pub async fn record_snapshot(&mut self, snapshot: &Snapshot) -> Result<Recorded, StateError> {
        let at_s = bucket(snapshot.collected_at.as_second(), Resolution::Raw.step_s());
        let beat = self.known.get(&(Measure::ReadingSeconds, Subject::Database));
        if beat.is_some_and(|known| known.stored.is_some_and(|(last_s, _)| last_s == at_s)) {
            return Ok(Recorded::default());
        }
        self.record(&measurements(snapshot)).await
    }

    fn log_bound(&mut self, recorded: Recorded) {
        let most = self.limits.most_series;
        if recorded.forgotten > 0 {
            tracing::warn!(database = %self.database, series = recorded.forgotten, most, "the history of what was unseen for longest was forgotten, to make room");
        }
        if recorded.refused > self.refused {
            tracing::warn!(database = %self.database, series = recorded.refused, most, "there is no room for the history of everything that is measured");
        }
        self.refused = recorded.refused;
    }
}

fn minute(measurement: &Measurement) -> i64 {
    bucket(measurement.sample.at_s, Resolution::Raw.step_s())
}

/// Whether a sample is to be written, given the one that was written last.
fn is_due(measurement: &Measurement, at_s: i64, stored: Option<(i64, f64)>) -> bool {
    let Some((last_s, value)) = stored else {
        return true;
    };
    // A reading that is recorded leaves this one always: it says that the console was watching.
    let is_beat = measurement.measure == Measure::ReadingSeconds;
    let is_other = value.to_bits() != measurement.sample.value.to_bits();
    let is_level = measurement.measure.nature() == Nature::Level;
    // A clock that was set back is followed.
    let is_over = (at_s - last_s).abs() >= UNCHANGED_FOR_S;
    at_s != last_s && (!is_level || is_beat || is_other || is_over)
}

/// Records what is published of a database, until its collector ends. A store that fails is logged once, and again when
/// it is back, with how many readings went unrecorded.
pub async fn record_observations(mut watched: Watched, mut recorder: Recorder) {
    let mut unrecorded: u64 = 0;
    while watched.changed().await {
        let Some(snapshot) = watched.observation().snapshot else {
            continue;
        };
        match recorder.record_snapshot(&snapshot).await {
            Ok(_) => {
                if unrecorded > 0 {
                    tracing::info!(database = %recorder.database, unrecorded, "history is recorded again");
                }
                unrecorded = 0;
            }
            Err(error) => {
                if unrecorded == 0 {
                    tracing::warn!(database = %recorder.database, %error, "history cannot be recorded");
                }
                unrecorded += 1;
            }
        }
    }
}
