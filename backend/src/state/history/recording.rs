//! Writing samples.

use std::sync::LazyLock;

use domain::history::Resolution;

use super::{BulkInsert, insert_all, stored};
use crate::state::{StateError, StateStore};

/// A sample to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewSample {
    pub(crate) series_id: i64,
    /// The beginning of its minute.
    pub(crate) at_s: i64,
    pub(crate) value: f64,
}

/// What is there stays: two consoles that record the same minute leave one sample.
static INSERT_SAMPLES: LazyLock<BulkInsert> = LazyLock::new(|| {
    BulkInsert::new(
        "insert into samples (resolution, at_s, series_id, last_value)",
        4,
        "on conflict (resolution, at_s, series_id) do nothing",
    )
});

impl StateStore {
    /// Writes samples in one transaction: all of them, or none. Returns how many were new.
    pub(crate) async fn insert_samples(&self, samples: &mut [NewSample]) -> Result<u64, StateError> {
        // In one order, that of the key: replicas do not wait for each other in a circle, and pages fill from one end.
        samples.sort_unstable_by_key(|sample| (sample.at_s, sample.series_id));
        let mut transaction = self.begin().await?;
        let inserted = insert_all(&mut transaction, &INSERT_SAMPLES, samples, |query, sample| {
            query
                .bind(stored(Resolution::Raw))
                .bind(sample.at_s)
                .bind(sample.series_id)
                .bind(sample.value)
        })
        .await?;
        transaction.commit().await?;
        Ok(inserted)
    }
}
