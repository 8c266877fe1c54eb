//! A snapshot's jobs, tables and refresh policies by what they are looked up by, found out once: with thousands of each,
//! going through all of them for every one would take seconds.

use std::collections::HashMap;

use crate::continuous_aggregate::{ContinuousAggregate, RefreshPolicy};
use crate::hypertable::{Chunk, Hypertable};
use crate::job::Job;
use crate::snapshot::Snapshot;
use crate::table_name::TableName;

/// Schema and name.
type Name<'a> = (&'a str, &'a str);

pub(super) struct Lookup<'a> {
    jobs: HashMap<Name<'a>, Vec<&'a Job>>,
    tables: HashMap<Name<'a>, (&'a Hypertable, &'a [Chunk])>,
    refreshes: HashMap<i32, (&'a ContinuousAggregate, &'a RefreshPolicy)>,
}

impl<'a> Lookup<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let mut jobs: HashMap<Name<'a>, Vec<&'a Job>> = HashMap::new();
        for job in &snapshot.jobs {
            if let Some(table) = &job.table {
                jobs.entry((&table.schema, &table.name)).or_default().push(job);
            }
        }
        let tables = snapshot.hypertables.iter().zip(snapshot.chunks.iter());
        let aggregates = snapshot.continuous_aggregates.iter();
        Self {
            jobs,
            tables: tables
                .map(|(table, of)| {
                    let name = (table.schema.as_str(), table.name.as_str());
                    (name, (table, of.chunks.as_slice()))
                })
                .collect(),
            refreshes: aggregates
                .flat_map(|aggregate| {
                    let policies = aggregate.refresh.iter();
                    policies.map(move |policy| (policy.job_id, (aggregate, policy)))
                })
                .collect(),
        }
    }

    /// The jobs of a hypertable, by number.
    pub(super) fn jobs_of<'b>(&'b self, table: &'b Hypertable) -> &'b [&'a Job] {
        let name = (table.schema.as_str(), table.name.as_str());
        self.jobs.get(&name).map_or(&[], Vec::as_slice)
    }

    /// A hypertable and its chunks, by their place on the time axis.
    pub(super) fn table(&self, name: &TableName) -> Option<(&'a Hypertable, &'a [Chunk])> {
        self.tables
            .get(&(name.schema.as_str(), name.name.as_str()))
            .copied()
    }

    /// What a job refreshes, and its policy.
    pub(super) fn refreshed_by(&self, job: &Job) -> Option<(&'a ContinuousAggregate, &'a RefreshPolicy)> {
        self.refreshes.get(&job.id).copied()
    }
}
