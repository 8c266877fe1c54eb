//! Reading a series over a range.

use domain::history::{
    HELD_FOR_S, Measure, Nature, Point, Range, Resolution, Sample, Series, Subject, bucket, held, merge, thin,
};
use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::stored;
use crate::state::{StateError, StateStore};

/// Minutes are read back this far at most, in seconds: were thinning to fail for long, a page would still come.
const MOST_MINUTES_S: i64 = 3 * 86_400;

/// A row of samples; what has no lowest value is a single sample.
pub(super) fn point(row: &AnyRow) -> Result<Point, StateError> {
    let last: f64 = row.try_get("last_value")?;
    Ok(Point {
        at_s: row.try_get("at_s")?,
        min: row.try_get::<Option<f64>, _>("min_value")?.unwrap_or(last),
        max: row.try_get::<Option<f64>, _>("max_value")?.unwrap_or(last),
        last,
        sum: row.try_get::<Option<f64>, _>("sum_value")?.unwrap_or(last),
        count: row
            .try_get::<Option<i64>, _>("sample_count")?
            .map_or(1, |count| u32::try_from(count).unwrap_or(u32::MAX)),
    })
}

impl StateStore {
    /// A series over a range up to now, in the range's resolution; without points where nothing was recorded.
    pub async fn read_series(
        &self,
        database: &str,
        measure: Measure,
        subject: &Subject,
        range: Range,
        now: Timestamp,
    ) -> Result<Series, StateError> {
        let now_s = now.as_second();
        let resolution = range.resolution();
        let start_s = match range.length_s() {
            Some(length_s) => now_s - length_s,
            None => self.beginning().await?.unwrap_or(now_s),
        };
        let step_s = match measure.nature() {
            // What happens now and then needs no merging to fit onto a chart, and each time counts.
            Nature::Event => range.step_s(now_s - start_s).min(resolution.step_s()),
            Nature::Level => range.step_s(now_s - start_s),
        };
        let start_s = bucket(start_s, step_s);
        let span = start_s..now_s;
        let Some(id) = self.series_id(database, measure, subject).await? else {
            return Ok(Series::new(measure, resolution, step_s, step_s, span, Vec::new()));
        };
        // Days as far as there are, then hours, then minutes: what is not thinned yet is thinned here.
        let (hours_until_s, days_until_s) = match resolution {
            Resolution::Raw => (start_s, start_s),
            Resolution::Hour => (self.thinned_until(Resolution::Hour).await?, start_s),
            Resolution::Day => (
                self.thinned_until(Resolution::Hour).await?,
                self.thinned_until(Resolution::Day).await?,
            ),
        };
        let days_until_s = days_until_s.max(start_s);
        let minutes_from_s = hours_until_s.max(days_until_s).max(now_s - MOST_MINUTES_S);
        let mut points = self.points(id, Resolution::Day, start_s, days_until_s).await?;
        points.extend(
            self.points(id, Resolution::Hour, days_until_s, hours_until_s)
                .await?,
        );
        let (minutes, pace_s) = self
            .minutes(database, id, measure, minutes_from_s, now_s + 1)
            .await?;
        points.extend(minutes);
        let points = merge(&points, step_s);
        Ok(Series::new(measure, resolution, step_s, pace_s, span, points))
    }

    /// When the oldest thing that is kept was recorded.
    async fn beginning(&self) -> Result<Option<i64>, StateError> {
        let mut first: Option<i64> = None;
        for resolution in [Resolution::Day, Resolution::Hour, Resolution::Raw] {
            let at_s = self.first_sample(resolution, i64::MIN).await?;
            first = first.into_iter().chain(at_s).min();
        }
        Ok(first)
    }

    /// Samples as points of a minute, a level's with what was left out put back, and the usual time from one reading to
    /// the next, in seconds.
    async fn minutes(
        &self,
        database: &str,
        id: i64,
        measure: Measure,
        from_s: i64,
        until_s: i64,
    ) -> Result<(Vec<Point>, i64), StateError> {
        let step_s = Resolution::Raw.step_s();
        if measure.nature() == Nature::Event {
            return Ok((self.points(id, Resolution::Raw, from_s, until_s).await?, step_s));
        }
        let samples: Vec<Sample> = self
            .points(id, Resolution::Raw, bucket(from_s - HELD_FOR_S, step_s), until_s)
            .await?
            .iter()
            .map(|point| Sample {
                at_s: point.at_s,
                value: point.last,
            })
            .collect();
        let beats = self
            .beats(database, bucket(from_s - HELD_FOR_S, step_s), until_s)
            .await?;
        let mut whole = held(&samples, &beats);
        whole.retain(|sample| sample.at_s >= from_s);
        let mut intervals: Vec<i64> = beats.windows(2).map(|pair| pair[1] - pair[0]).collect();
        intervals.sort_unstable();
        let pace_s = intervals.get(intervals.len() / 2).copied().unwrap_or(step_s);
        Ok((thin(&whole, step_s), pace_s))
    }

    /// What is kept of a series in one resolution, from this moment up to, and without, that one.
    ///
    /// Looks up each moment by the whole key, which costs the same however many other series there are: 1,440 look-ups
    /// for a day of minutes, 365 for a year of days.
    pub(super) async fn points(
        &self,
        series_id: i64,
        resolution: Resolution,
        from_s: i64,
        until_s: i64,
    ) -> Result<Vec<Point>, StateError> {
        let step_s = resolution.step_s();
        let from_s = bucket(from_s + step_s - 1, step_s);
        if from_s >= until_s {
            return Ok(Vec::new());
        }
        sqlx::query(
            "with recursive moments (moment_s) as (
               select cast($1 as bigint)
               union all select moment_s + $2 from moments where moment_s + $2 < $3
             )
             select s.at_s, s.last_value, s.min_value, s.max_value, s.sum_value, s.sample_count
               from moments m cross join samples s
              where s.resolution = $4 and s.at_s = m.moment_s and s.series_id = $5 order by s.at_s",
        )
        .bind(from_s)
        .bind(step_s)
        .bind(until_s)
        .bind(stored(resolution))
        .bind(series_id)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(point)
        .collect()
    }
}
