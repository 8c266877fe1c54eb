//! What the pages about one hypertable show.

use serde::{Deserialize, Serialize};

use crate::continuous_aggregate::ContinuousAggregate;
use crate::hypertable::Hypertable;
use crate::job::Job;
use crate::judgement::TableVerdict;
use crate::reading::Seen;
use crate::table_name::TableName;

/// One hypertable with all that belongs to it, its chunks left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePage {
    /// The hypertable.
    pub table: Hypertable,
    /// Whether its policies do their work.
    pub verdict: TableVerdict,
    /// Its jobs, by number.
    pub jobs: Vec<Job>,
    /// Continuous aggregates that are made from it.
    pub sources: Vec<ContinuousAggregate>,
    /// The continuous aggregate whose results lie in it.
    pub materializes: Option<ContinuousAggregate>,
}

impl TablePage {
    /// A hypertable by name, or by the name of the continuous aggregate whose results lie in it; `None` where there is
    /// none.
    pub fn of(seen: Seen<'_>, name: &TableName) -> Option<Self> {
        let snapshot = seen.snapshot;
        let by_view = snapshot
            .hypertables
            .iter()
            .find(|table| table.materializes.as_ref() == Some(name));
        let table = snapshot.hypertable(name).or(by_view)?;
        let name = table.table_name();
        Some(Self {
            verdict: seen.judgement.of_table(&name)?.clone(),
            jobs: snapshot
                .jobs
                .iter()
                .filter(|job| job.table.as_ref() == Some(&name))
                .cloned()
                .collect(),
            sources: snapshot
                .continuous_aggregates
                .iter()
                .filter(|aggregate| aggregate.source == name)
                .cloned()
                .collect(),
            materializes: snapshot
                .continuous_aggregates
                .iter()
                .find(|aggregate| aggregate.materialization == name)
                .cloned(),
            table: table.clone(),
        })
    }
}
