//! Which series there are. Their number is bounded: the one unseen for longest makes room for a new one.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use domain::database::DatabaseName;
use domain::history::{Measure, Subject};
use sqlx::{AnyConnection, Row};

use super::{BulkInsert, insert_all};
use crate::history::{IN_USE_FOR_S, Limits};
use crate::state::{StateError, StateStore};

/// What a series is of, within one database.
pub(crate) type SeriesKey = (Measure, Subject);

/// What became of the series that were wanted.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    /// The ids of those that are there now.
    pub(crate) ids: HashMap<SeriesKey, i64>,
    /// How many made room.
    pub(crate) forgotten: usize,
    /// How many are not there, as all others are in use.
    pub(crate) refused: usize,
}

static INSERT_SERIES: LazyLock<BulkInsert> = LazyLock::new(|| {
    BulkInsert::new(
        "insert into series (database_name, measure, schema_name, object_name, seen_at_s)",
        5,
        "on conflict (database_name, measure, schema_name, object_name)
         do update set seen_at_s = excluded.seen_at_s where series.seen_at_s < excluded.seen_at_s",
    )
});

/// Schema and name, as they are stored.
pub(super) fn names(subject: &Subject) -> (String, String) {
    match subject {
        Subject::Database => (String::new(), String::new()),
        Subject::Table { schema, name } => (schema.clone(), name.clone()),
        Subject::Job { id } => (String::new(), id.to_string()),
        Subject::Query { name } => (String::new(), name.clone()),
    }
}

/// The series' ids of one database, by what stands in the table.
async fn ids(
    connection: &mut AnyConnection,
    database: &DatabaseName,
) -> Result<HashMap<(String, String, String), i64>, StateError> {
    sqlx::query("select id, measure, schema_name, object_name from series where database_name = $1")
        .bind(database.as_str())
        .fetch_all(connection)
        .await?
        .iter()
        .map(|row| {
            let key = (
                row.try_get("measure")?,
                row.try_get("schema_name")?,
                row.try_get("object_name")?,
            );
            Ok((key, row.try_get("id")?))
        })
        .collect()
}

impl StateStore {
    /// Finds these series, or makes them, as far as the bound allows.
    pub(crate) async fn admit_series(
        &self,
        database: &DatabaseName,
        wanted: &BTreeSet<SeriesKey>,
        now_s: i64,
        limits: &Limits,
    ) -> Result<Admitted, StateError> {
        let mut transaction = self.begin().await?;
        let there = ids(&mut transaction, database).await?;
        let stored = |(measure, subject): &SeriesKey| {
            let (schema, name) = names(subject);
            (measure.as_str().to_owned(), schema, name)
        };
        let (known, new): (Vec<_>, Vec<_>) = wanted.iter().partition(|key| there.contains_key(&stored(key)));
        let count: i64 = sqlx::query_scalar("select count(*) from series")
            .fetch_one(&mut *transaction)
            .await?;
        let count = usize::try_from(count).unwrap_or(0);
        let excess = (count + new.len()).saturating_sub(limits.most_series);
        let forgotten = forget_unseen(&mut transaction, excess, now_s - IN_USE_FOR_S).await?;
        let room = (limits.most_series + forgotten).saturating_sub(count);
        let refused = new.len().saturating_sub(room);
        let mut admitted: Vec<SeriesKey> = known
            .into_iter()
            .chain(new.into_iter().take(room))
            .cloned()
            .collect();
        // Those that are there too, which notes that they were seen. In one order: two replicas that do this at the
        // same time do not wait for each other in a circle.
        admitted.sort_unstable();
        insert_all(&mut transaction, &INSERT_SERIES, &admitted, |query, key| {
            let (measure, schema, name) = stored(key);
            query
                .bind(database.as_str().to_owned())
                .bind(measure)
                .bind(schema)
                .bind(name)
                .bind(now_s)
        })
        .await?;
        let there = ids(&mut transaction, database).await?;
        transaction.commit().await?;
        Ok(Admitted {
            ids: admitted
                .into_iter()
                .filter_map(|key| there.get(&stored(&key)).map(|id| (key, *id)))
                .collect(),
            forgotten,
            refused,
        })
    }

    /// The id of a series, if there is one.
    pub(super) async fn series_id(
        &self,
        database: &str,
        measure: Measure,
        subject: &Subject,
    ) -> Result<Option<i64>, StateError> {
        let (schema, name) = names(subject);
        Ok(sqlx::query_scalar(
            "select id from series
              where database_name = $1 and measure = $2 and schema_name = $3 and object_name = $4",
        )
        .bind(database.to_owned())
        .bind(measure.as_str())
        .bind(schema)
        .bind(name)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Removes the series not seen since: no sample of theirs is left. Returns how many.
    pub(super) async fn remove_series_unseen_since(&self, before_s: i64) -> Result<u64, StateError> {
        Ok(sqlx::query("delete from series where seen_at_s < $1")
            .bind(before_s)
            .execute(&self.pool)
            .await?
            .rows_affected())
    }
}

/// Removes this many series, the longest unseen first, of those not seen since; returns how many went. Their samples go
/// with age: a removed series' id is never given again, so they belong to nothing.
async fn forget_unseen(
    connection: &mut AnyConnection,
    excess: usize,
    before_s: i64,
) -> Result<usize, StateError> {
    if excess == 0 {
        return Ok(0);
    }
    let removed = sqlx::query(
        "delete from series where id in
           (select id from series where seen_at_s < $1 order by seen_at_s, id limit $2)",
    )
    .bind(before_s)
    .bind(i64::try_from(excess).unwrap_or(i64::MAX))
    .execute(connection)
    .await?
    .rows_affected();
    Ok(usize::try_from(removed).unwrap_or(usize::MAX))
}
