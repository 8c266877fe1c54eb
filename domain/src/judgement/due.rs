//! What policies have yet to do with a chunk, for whoever shows chunks one by one: by the rule of the verdicts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::handled::{Found, Rule};
use crate::hypertable::Chunk;
use crate::job::JobKind;
use crate::snapshot::Snapshot;

/// What a policy has yet to do with a chunk that is old enough for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChunkDue {
    /// It is old enough to be compressed.
    Compress,
    /// It should be compressed, and is not.
    CompressOverdue,
    /// It is old enough to be dropped.
    Drop,
    /// It should be gone, and is not.
    DropOverdue,
}

impl ChunkDue {
    /// All there is.
    pub const ALL: [Self; 4] = [
        Self::Compress,
        Self::CompressOverdue,
        Self::Drop,
        Self::DropOverdue,
    ];

    /// What is to be done.
    pub fn work(self) -> &'static str {
        match self {
            Self::Compress | Self::CompressOverdue => "compress",
            Self::Drop | Self::DropOverdue => "drop",
        }
    }

    /// Whether it should have been done.
    pub fn is_overdue(self) -> bool {
        matches!(self, Self::CompressOverdue | Self::DropOverdue)
    }

    /// As a person calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compress => "due: compress",
            Self::CompressOverdue => "overdue: compress",
            Self::Drop => "due: drop",
            Self::DropOverdue => "overdue: drop",
        }
    }
}

/// The rules of every table's policies, in the order of the tables.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DueRules(Vec<Vec<Rule>>);

impl DueRules {
    /// Of a snapshot, as of when its chunks were read.
    pub fn of(snapshot: &Snapshot) -> Self {
        let places: HashMap<_, _> = snapshot
            .hypertables
            .iter()
            .enumerate()
            .map(|(place, table)| ((table.schema.as_str(), table.name.as_str()), place))
            .collect();
        let mut rules = vec![Vec::new(); snapshot.hypertables.len()];
        for job in &snapshot.jobs {
            let handles_chunks = matches!(job.kind, JobKind::Compression | JobKind::Retention);
            let place = job
                .table
                .as_ref()
                .and_then(|table| places.get(&(table.schema.as_str(), table.name.as_str())));
            if let (true, Some(place)) = (handles_chunks, place)
                && let Ok(rule) = Rule::of(job, &snapshot.hypertables[*place], snapshot.sizes_collected_at)
            {
                rules[*place].push(rule);
            }
        }
        Self(rules)
    }

    /// What is yet to be done with a chunk of the table at this place; what is overdue before what is due, and dropping
    /// before compressing.
    pub fn of_chunk(&self, table_index: usize, chunk: &Chunk) -> Option<ChunkDue> {
        let of_rule = |rule: &Rule| match (rule.of_chunk(chunk), rule.kind) {
            (Found::Due, JobKind::Retention) => Some(ChunkDue::Drop),
            (Found::Due, _) => Some(ChunkDue::Compress),
            (Found::Overdue(_), JobKind::Retention) => Some(ChunkDue::DropOverdue),
            (Found::Overdue(_), _) => Some(ChunkDue::CompressOverdue),
            (Found::Nothing | Found::WaitsForRecompression, _) => None,
        };
        let rules = self.0.get(table_index)?;
        rules.iter().filter_map(of_rule).max_by_key(|due| {
            (
                due.is_overdue(),
                matches!(due, ChunkDue::Drop | ChunkDue::DropOverdue),
            )
        })
    }

    /// A number that is another where the rules are others.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}
