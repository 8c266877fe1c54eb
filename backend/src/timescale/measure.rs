//! Bytes of chunks whose catalog statistics lag behind, measured a bounded number at a time.
//!
//! Measuring opens the relation, and a session keeps about 25 kB of memory in the server for each relation it ever
//! opened. So one reading measures at most [`RELATIONS_PER_READING`], a session that has opened
//! [`RELATIONS_PER_SESSION`] is replaced, and what was measured is remembered until the statistics catch up.

use std::collections::HashMap;

use domain::hypertable::TableSize;
use sqlx::Row;
use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;

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

/// What the unsettled chunks of one hypertable add to it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct UnsettledSize {
    measured: TableSize,
    measured_chunks: u64,
    chunks: u64,
}

impl UnsettledSize {
    /// What the chunks that were not measured yet come to, taken for the mean of the measured; `None` while none was.
    pub(super) fn of_the_unmeasured(self) -> Option<TableSize> {
        let unmeasured = self.chunks - self.measured_chunks;
        let scale = |bytes: u64| -> Option<u64> {
            let scaled =
                (u128::from(bytes) * u128::from(unmeasured)).checked_div(u128::from(self.measured_chunks))?;
            Some(u64::try_from(scaled).unwrap_or(u64::MAX))
        };
        Some(TableSize {
            heap_bytes: scale(self.measured.heap_bytes)?,
            index_bytes: scale(self.measured.index_bytes)?,
            toast_bytes: scale(self.measured.toast_bytes)?,
        })
    }
}

impl Measurements {
    /// The measured bytes of an unsettled chunk, where it was measured.
    pub(super) fn of(&self, relation: Oid) -> Option<TableSize> {
        self.known.get(&relation).map(|known| known.size)
    }

    /// Measures the most urgent of the unsettled chunks (hypertable and relation) and adds up what is known, by
    /// hypertable. Returns also how many relations this opened in the session.
    pub(super) async fn update(
        &mut self,
        connection: &mut PgConnection,
        unsettled: &[(i32, Oid)],
    ) -> Result<(HashMap<i32, UnsettledSize>, usize), sqlx::Error> {
        self.reading += 1;
        let current: HashMap<Oid, Measurement> = unsettled
            .iter()
            .filter_map(|(_, relation)| self.known.get(relation).map(|known| (*relation, *known)))
            .collect();
        self.known = current;

        let mut due: Vec<Oid> = unsettled.iter().map(|(_, relation)| *relation).collect();
        due.sort_by_key(|relation| self.known.get(relation).map_or(0, |known| known.measured_in));
        due.truncate(RELATIONS_PER_READING);
        if !due.is_empty() {
            self.measure(connection, &due).await?;
        }

        let mut sums: HashMap<i32, UnsettledSize> = HashMap::new();
        for (hypertable, relation) in unsettled {
            let sum = sums.entry(*hypertable).or_default();
            sum.chunks += 1;
            if let Some(known) = self.known.get(relation) {
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
            sum.of_the_unmeasured(),
            Some(TableSize {
                heap_bytes: 200,
                index_bytes: 100,
                toast_bytes: 0
            })
        );
        let unmeasured = UnsettledSize {
            chunks: 3,
            ..UnsettledSize::default()
        };
        assert_eq!(unmeasured.of_the_unmeasured(), None);
    }
}
