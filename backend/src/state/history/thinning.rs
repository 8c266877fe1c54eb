//! Thinning: minutes into hours, hours into days, and away with what is too old.
//!
//! It can end anywhere. An hour's points are computed from its minutes alone and what is there already stays, so doing
//! it again, or on two consoles at once, changes nothing. Only when every series of an hour has its point does the
//! progress move on, and only what lies before the progress is ever removed.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::history::{
    HELD_FOR_S, Measure, Nature, Point, Resolution, Sample, Subject, bucket, held, merge, thin,
};
use futures::TryStreamExt;
use jiff::Timestamp;
use sqlx::{AnyConnection, Row};

use super::{BulkInsert, insert_all, stored};
use crate::history::{Limits, SETTLED_AFTER_S};
use crate::state::{StateError, StateStore};

/// What one pass of thinning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Thinned {
    /// Points of an hour or a day that were made.
    pub made: u64,
    /// Samples and points that were too old.
    pub removed: u64,
    /// Series without any sample left that were forgotten.
    pub forgotten: u64,
}

static INSERT_POINTS: LazyLock<BulkInsert> = LazyLock::new(|| {
    BulkInsert::new(
        "insert into samples (resolution, at_s, series_id, last_value, min_value, max_value, sum_value,
           sample_count)",
        8,
        "on conflict (resolution, at_s, series_id) do nothing",
    )
});

/// A series, as thinning needs it.
struct Thinnable {
    id: i64,
    database: String,
    measure: Measure,
}

impl StateStore {
    /// Thins everything that is due, in transactions of bounded size.
    pub async fn thin_history(&self, now: Timestamp, limits: &Limits) -> Result<Thinned, StateError> {
        let now_s = now.as_second();
        let mut thinned = Thinned::default();
        for resolution in [Resolution::Hour, Resolution::Day] {
            while let Some(at_s) = self.next_to_thin(resolution, now_s).await? {
                thinned.made += self.thin_bucket(resolution, at_s, limits).await?;
            }
        }
        for (resolution, kept_s) in [
            (Resolution::Raw, limits.minutes_kept_s),
            (Resolution::Hour, limits.hours_kept_s),
            (Resolution::Day, limits.days_kept_s),
        ] {
            let mut before_s = now_s - kept_s;
            if let Some(coarser) = coarser(resolution) {
                // What has not been thinned yet stays, however old.
                before_s = before_s.min(self.thinned_until(coarser).await?);
            }
            thinned.removed += self.remove_samples(resolution, before_s).await?;
        }
        thinned.forgotten = self
            .remove_series_unseen_since(now_s - limits.days_kept_s)
            .await?;
        Ok(thinned)
    }

    /// Up to where this resolution is made; 0 where nothing was yet.
    pub(super) async fn thinned_until(&self, resolution: Resolution) -> Result<i64, StateError> {
        Ok(
            sqlx::query_scalar("select thinned_until_s from history_progress where resolution = $1")
                .bind(stored(resolution))
                .fetch_optional(&self.pool)
                .await?
                .unwrap_or(0),
        )
    }

    /// The oldest sample from this moment on. The key begins with the resolution and the moment: one look-up.
    pub(super) async fn first_sample(
        &self,
        resolution: Resolution,
        from_s: i64,
    ) -> Result<Option<i64>, StateError> {
        Ok(
            sqlx::query_scalar("select min(at_s) from samples where resolution = $1 and at_s >= $2")
                .bind(stored(resolution))
                .bind(from_s)
                .fetch_one(&self.pool)
                .await?,
        )
    }

    /// The next hour or day that has something to thin and is over; `None` when all is done.
    async fn next_to_thin(&self, resolution: Resolution, now_s: i64) -> Result<Option<i64>, StateError> {
        let step_s = resolution.step_s();
        let from_s = self.thinned_until(resolution).await?;
        let Some(first_s) = self.first_sample(finer(resolution), from_s).await? else {
            return Ok(None);
        };
        let at_s = bucket(first_s, step_s);
        let mut over_s = now_s - SETTLED_AFTER_S;
        if resolution == Resolution::Day {
            // A day is made of its hours, so the last of them must be there, unless there is nothing to make it from.
            let hours_until_s = self.thinned_until(Resolution::Hour).await?;
            let is_waiting = self.first_sample(Resolution::Raw, hours_until_s).await?;
            over_s = over_s.min(is_waiting.unwrap_or(i64::MAX));
        }
        Ok((at_s + step_s <= over_s).then_some(at_s))
    }

    async fn thin_bucket(
        &self,
        resolution: Resolution,
        at_s: i64,
        limits: &Limits,
    ) -> Result<u64, StateError> {
        let mut made = 0;
        let mut after_id = 0;
        loop {
            let batch = self.series_after(after_id, limits.series_at_once).await?;
            let (Some(first), Some(last)) = (batch.first(), batch.last()) else {
                break;
            };
            after_id = last.id;
            let ids = (first.id, last.id);
            let points = match resolution {
                Resolution::Day => self.days_of(at_s, ids).await?,
                _ => self.hours_of(at_s, ids, &batch).await?,
            };
            let mut transaction = self.begin().await?;
            made += insert_all(&mut transaction, &INSERT_POINTS, &points, |query, (id, point)| {
                query
                    .bind(stored(resolution))
                    .bind(point.at_s)
                    .bind(*id)
                    .bind(point.last)
                    .bind(point.min)
                    .bind(point.max)
                    .bind(point.sum)
                    .bind(i64::from(point.count))
            })
            .await?;
            transaction.commit().await?;
        }
        let mut transaction = self.begin().await?;
        move_on(&mut transaction, resolution, at_s + resolution.step_s()).await?;
        transaction.commit().await?;
        Ok(made)
    }

    async fn series_after(&self, id: i64, limit: usize) -> Result<Vec<Thinnable>, StateError> {
        sqlx::query("select id, database_name, measure from series where id > $1 order by id limit $2")
            .bind(id)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| {
                let measure: String = row.try_get("measure")?;
                Ok(Thinnable {
                    id: row.try_get("id")?,
                    database: row.try_get("database_name")?,
                    measure: measure
                        .parse()
                        .map_err(|error| StateError::Unreadable(format!("a series: {error}")))?,
                })
            })
            .collect()
    }

    /// The points of one hour, by series, in the order of their ids.
    async fn hours_of(
        &self,
        hour_s: i64,
        (first_id, last_id): (i64, i64),
        series: &[Thinnable],
    ) -> Result<Vec<(i64, Point)>, StateError> {
        let end_s = hour_s + Resolution::Hour.step_s();
        // From before the hour, too: what was stored then may still have held in it.
        let mut connection = self.connection().await?;
        let mut rows = sqlx::query(
            "select series_id, at_s, last_value from samples
              where resolution = $1 and at_s >= $2 and at_s < $3 and series_id >= $4 and series_id <= $5
              order by series_id, at_s",
        )
        .bind(stored(Resolution::Raw))
        .bind(hour_s - HELD_FOR_S)
        .bind(end_s)
        .bind(first_id)
        .bind(last_id)
        .fetch(&mut *connection);
        let mut samples: HashMap<i64, Vec<Sample>> = HashMap::new();
        while let Some(row) = rows.try_next().await? {
            samples
                .entry(row.try_get("series_id")?)
                .or_default()
                .push(Sample {
                    at_s: row.try_get("at_s")?,
                    value: row.try_get("last_value")?,
                });
        }
        drop(rows);
        drop(connection);
        let mut beats: HashMap<&str, Vec<i64>> = HashMap::new();
        let mut points = Vec::new();
        for one in series {
            let Some(samples) = samples.get(&one.id) else {
                continue;
            };
            let mut samples = samples.clone();
            if one.measure.nature() == Nature::Level {
                if !beats.contains_key(one.database.as_str()) {
                    let moments = self.beats(&one.database, hour_s - HELD_FOR_S, end_s).await?;
                    beats.insert(&one.database, moments);
                }
                samples = held(&samples, &beats[one.database.as_str()]);
            }
            samples.retain(|sample| sample.at_s >= hour_s && sample.at_s < end_s);
            points.extend(
                thin(&samples, Resolution::Hour.step_s())
                    .into_iter()
                    .map(|point| (one.id, point)),
            );
        }
        Ok(points)
    }

    /// The points of one day, by series, in the order of their ids.
    async fn days_of(
        &self,
        day_s: i64,
        (first_id, last_id): (i64, i64),
    ) -> Result<Vec<(i64, Point)>, StateError> {
        let mut connection = self.connection().await?;
        let mut rows = sqlx::query(
            "select series_id, at_s, last_value, min_value, max_value, sum_value, sample_count from samples
              where resolution = $1 and at_s >= $2 and at_s < $3 and series_id >= $4 and series_id <= $5
              order by series_id, at_s",
        )
        .bind(stored(Resolution::Hour))
        .bind(day_s)
        .bind(day_s + Resolution::Day.step_s())
        .bind(first_id)
        .bind(last_id)
        .fetch(&mut *connection);
        let mut hours: Vec<(i64, Point)> = Vec::new();
        while let Some(row) = rows.try_next().await? {
            hours.push((row.try_get("series_id")?, super::reading::point(&row)?));
        }
        Ok(hours
            .chunk_by(|(id, _), (next, _)| id == next)
            .flat_map(|of_one| {
                let id = of_one[0].0;
                let points: Vec<Point> = of_one.iter().map(|(_, point)| *point).collect();
                merge(&points, Resolution::Day.step_s())
                    .into_iter()
                    .map(move |day| (id, day))
            })
            .collect())
    }

    /// The moments of the readings of a database that were recorded, in the order of time.
    pub(super) async fn beats(
        &self,
        database: &str,
        from_s: i64,
        until_s: i64,
    ) -> Result<Vec<i64>, StateError> {
        let reading = self
            .series_id(database, Measure::ReadingSeconds, &Subject::Database)
            .await?;
        let Some(id) = reading else {
            return Ok(Vec::new());
        };
        let points = self.points(id, Resolution::Raw, from_s, until_s).await?;
        Ok(points.into_iter().map(|point| point.at_s).collect())
    }

    /// Removes what is older, a piece of time after the other: no statement takes long, and each stands for itself.
    async fn remove_samples(&self, resolution: Resolution, before_s: i64) -> Result<u64, StateError> {
        let mut removed = 0;
        while let Some(first_s) = self.first_sample(resolution, i64::MIN).await? {
            if first_s >= before_s {
                break;
            }
            removed += sqlx::query("delete from samples where resolution = $1 and at_s >= $2 and at_s < $3")
                .bind(stored(resolution))
                .bind(first_s)
                .bind(before_s.min(first_s + 2 * resolution.step_s()))
                .execute(&self.pool)
                .await?
                .rows_affected();
        }
        Ok(removed)
    }
}

fn finer(resolution: Resolution) -> Resolution {
    match resolution {
        Resolution::Day => Resolution::Hour,
        Resolution::Hour | Resolution::Raw => Resolution::Raw,
    }
}

fn coarser(resolution: Resolution) -> Option<Resolution> {
    match resolution {
        Resolution::Raw => Some(Resolution::Hour),
        Resolution::Hour => Some(Resolution::Day),
        Resolution::Day => None,
    }
}

/// Progress never goes back, whichever of two consoles is faster.
async fn move_on(
    connection: &mut AnyConnection,
    resolution: Resolution,
    until_s: i64,
) -> Result<(), StateError> {
    sqlx::query(
        "insert into history_progress (resolution, thinned_until_s) values ($1, $2)
         on conflict (resolution) do update set thinned_until_s = excluded.thinned_until_s
          where history_progress.thinned_until_s < excluded.thinned_until_s",
    )
    .bind(stored(resolution))
    .bind(until_s)
    .execute(connection)
    .await?;
    Ok(())
}
