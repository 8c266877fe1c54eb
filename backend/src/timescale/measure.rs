//! Bytes of chunks whose catalog statistics lag behind, measured a bounded number at a time.
//!
//! Measuring opens the relation, and a session keeps about 25 kB of memory in the server for each relation it ever
//! opened. So one reading measures at most [`RELATIONS_PER_READING`], a session that has opened
//! [`RELATIONS_PER_SESSION`] is replaced, and what was measured is remembered until the statistics catch up.

use std::collections::{BTreeMap, HashMap};

use domain::hypertable::TableSize;
use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;
use sqlx::{FromRow, Row};

/// At most this many relations are measured in one reading: about half a second.
const RELATIONS_PER_READING: usize = 1000;
/// A session that opened this many relations holds about 25 MB in the server and is replaced.
pub(super) const RELATIONS_PER_SESSION: usize = 1000;

#[derive(Debug, Clone, Copy)]
struct Measurement {
    size: TableSize,
    /// Counts readings; the lowest is measured again first.
    measured_in: u64,
}

/// Measurements of unsettled chunks, kept from reading to reading.
#[derive(Debug, Default)]
pub(super) struct Measurements {
    known: HashMap<Oid, Measurement>,
    reading: u64,
}

#[derive(FromRow)]
struct Unsettled {
    hypertable_id: i32,
    relation: Oid,
}

/// What the unsettled chunks of one hypertable add to it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct UnsettledSize {
    measured: TableSize,
    measured_chunks: u64,
    chunks: u64,
}

impl UnsettledSize {
    /// The measured chunks, and for those not measured yet the mean of the measured.
    pub(super) fn estimate(self) -> TableSize {
        let scale = |bytes: u64| match self.measured_chunks {
            0 => 0,
            measured => {
                let scaled = u128::from(bytes) * u128::from(self.chunks) / u128::from(measured);
                u64::try_from(scaled).unwrap_or(u64::MAX)
            }
        };
        TableSize {
            heap_bytes: scale(self.measured.heap_bytes),
            index_bytes: scale(self.measured.index_bytes),
            toast_bytes: scale(self.measured.toast_bytes),
        }
    }
}

impl Measurements {
    /// The measured bytes of an unsettled chunk, where it was measured.
    pub(super) fn of(&self, relation: Oid) -> Option<TableSize> {
        self.known.get(&relation).map(|known| known.size)
    }

    /// Lists the unsettled chunks, measures the most urgent of them and adds up what is known, by hypertable.
    /// Returns also how many relations this opened in the session.
    pub(super) async fn update(
        &mut self,
        connection: &mut PgConnection,
    ) -> Result<(BTreeMap<i32, UnsettledSize>, usize), sqlx::Error> {
        self.reading += 1;
        let unsettled: Vec<Unsettled> = sqlx::query_as(include_str!("sql/unsettled.sql"))
            .fetch_all(&mut *connection)
            .await?;
        let current: HashMap<Oid, Measurement> = unsettled
            .iter()
            .filter_map(|chunk| {
                self.known
                    .get(&chunk.relation)
                    .map(|known| (chunk.relation, *known))
            })
            .collect();
        self.known = current;

        let mut due: Vec<Oid> = unsettled.iter().map(|chunk| chunk.relation).collect();
        due.sort_by_key(|relation| self.known.get(relation).map_or(0, |known| known.measured_in));
        due.truncate(RELATIONS_PER_READING);
        if !due.is_empty() {
            self.measure(connection, &due).await?;
        }

        let mut sums: BTreeMap<i32, UnsettledSize> = BTreeMap::new();
        for chunk in &unsettled {
            let sum = sums.entry(chunk.hypertable_id).or_default();
            sum.chunks += 1;
            if let Some(known) = self.known.get(&chunk.relation) {
                sum.measured_chunks += 1;
                sum.measured.heap_bytes += known.size.heap_bytes;
                sum.measured.index_bytes += known.size.index_bytes;
                sum.measured.toast_bytes += known.size.toast_bytes;
            }
        }
        Ok((sums, due.len()))
    }

    async fn measure(&mut self, connection: &mut PgConnection, relations: &[Oid]) -> Result<(), sqlx::Error> {
        let rows = match sqlx::query(include_str!("sql/measure.sql"))
            .bind(relations)
            .fetch_all(connection)
            .await
        {
            Ok(rows) => rows,
            // A chunk is being dropped or rewritten: what was known stays, the next reading tries again.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55P03") => {
                tracing::debug!("measuring chunks waited for a lock and was put off");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for row in rows {
            let bytes = |column: &str| -> Result<Option<u64>, sqlx::Error> {
                Ok(row
                    .try_get::<Option<i64>, _>(column)?
                    .and_then(|bytes| u64::try_from(bytes).ok()))
            };
            // NULL: dropped between the two statements.
            if let (Some(heap_bytes), Some(index_bytes), Some(toast_bytes)) =
                (bytes("heap_bytes")?, bytes("index_bytes")?, bytes("toast_bytes")?)
            {
                let size = TableSize {
                    heap_bytes,
                    index_bytes,
                    toast_bytes,
                };
                self.known.insert(
                    row.try_get("relation")?,
                    Measurement {
                        size,
                        measured_in: self.reading,
                    },
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_not_measured_yet_count_as_the_mean_of_the_measured() {
        let measured = TableSize {
            heap_bytes: 100,
            index_bytes: 50,
            toast_bytes: 0,
        };
        let sum = UnsettledSize {
            measured,
            measured_chunks: 2,
            chunks: 6,
        };
        assert_eq!(
            sum.estimate(),
            TableSize {
                heap_bytes: 300,
                index_bytes: 150,
                toast_bytes: 0
            }
        );
        assert_eq!(
            UnsettledSize {
                chunks: 3,
                ..UnsettledSize::default()
            }
            .estimate(),
            TableSize::default()
        );
    }
}
