//! The fields of a policy by name: in forms, in configuration, in differences and in what speaks against a plan.

use serde::{Deserialize, Serialize};

use crate::policy::model::PolicyKind;

/// A field of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Length of new chunks.
    ChunkInterval,
    /// Whether chunks may be compressed.
    Compression,
    /// What rows are grouped by.
    SegmentBy,
    /// How they are ordered.
    OrderBy,
    /// The age at which chunks are handled, or whether there is a refresh.
    Threshold(PolicyKind),
    /// What that age is counted from.
    CountedFrom(PolicyKind),
    /// Where the refreshed window begins.
    RefreshStart,
    /// Where it ends.
    RefreshEnd,
    /// Time between two runs.
    Every(PolicyKind),
    /// What fixed times are counted from.
    FixedFrom(PolicyKind),
    /// Time zone of the schedule.
    Timezone(PolicyKind),
    /// Longest time of a run.
    MaxRuntime(PolicyKind),
    /// Whether the job rests.
    Paused(PolicyKind),
    /// When it starts next.
    NextStart(PolicyKind),
    /// The table's owner.
    Owner,
    /// The job's number and owner.
    Job(PolicyKind),
    /// The job's whole configuration.
    Config(PolicyKind),
}

impl Field {
    /// Every field that can be set, in the order of the form.
    pub const SETTABLE: [Self; 29] = {
        use PolicyKind::{Compression as C, Refresh as F, Retention as R};
        [
            Self::ChunkInterval,
            Self::Compression,
            Self::SegmentBy,
            Self::OrderBy,
            Self::Threshold(C),
            Self::CountedFrom(C),
            Self::Every(C),
            Self::FixedFrom(C),
            Self::Timezone(C),
            Self::MaxRuntime(C),
            Self::Paused(C),
            Self::NextStart(C),
            Self::Threshold(R),
            Self::CountedFrom(R),
            Self::Every(R),
            Self::FixedFrom(R),
            Self::Timezone(R),
            Self::MaxRuntime(R),
            Self::Paused(R),
            Self::NextStart(R),
            Self::Threshold(F),
            Self::RefreshStart,
            Self::RefreshEnd,
            Self::Every(F),
            Self::FixedFrom(F),
            Self::Timezone(F),
            Self::MaxRuntime(F),
            Self::Paused(F),
            Self::NextStart(F),
        ]
    };

    /// By its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::SETTABLE.into_iter().find(|field| field.name() == name)
    }

    /// Its name in forms, in configuration and in REST bodies.
    pub fn name(self) -> &'static str {
        use PolicyKind::{Compression as C, Refresh as F, Retention as R};
        match self {
            Self::ChunkInterval => "chunk_interval",
            Self::Compression => "compression",
            Self::SegmentBy => "segment_by",
            Self::OrderBy => "order_by",
            Self::Threshold(C) => "compress_after",
            Self::Threshold(R) => "drop_after",
            Self::Threshold(F) => "refresh",
            Self::CountedFrom(C) => "compress_counted_from",
            Self::CountedFrom(R) => "drop_counted_from",
            Self::CountedFrom(F) => "refresh_counted_from",
            Self::RefreshStart => "refresh_start_offset",
            Self::RefreshEnd => "refresh_end_offset",
            Self::Every(C) => "compress_every",
            Self::Every(R) => "drop_every",
            Self::Every(F) => "refresh_every",
            Self::FixedFrom(C) => "compress_fixed_from",
            Self::FixedFrom(R) => "drop_fixed_from",
            Self::FixedFrom(F) => "refresh_fixed_from",
            Self::Timezone(C) => "compress_timezone",
            Self::Timezone(R) => "drop_timezone",
            Self::Timezone(F) => "refresh_timezone",
            Self::MaxRuntime(C) => "compress_max_runtime",
            Self::MaxRuntime(R) => "drop_max_runtime",
            Self::MaxRuntime(F) => "refresh_max_runtime",
            Self::Paused(C) => "compress_paused",
            Self::Paused(R) => "drop_paused",
            Self::Paused(F) => "refresh_paused",
            Self::NextStart(C) => "compress_next_start",
            Self::NextStart(R) => "drop_next_start",
            Self::NextStart(F) => "refresh_next_start",
            Self::Owner => "owner",
            Self::Job(C) => "compress_job",
            Self::Job(R) => "drop_job",
            Self::Job(F) => "refresh_job",
            Self::Config(C) => "compress_config",
            Self::Config(R) => "drop_config",
            Self::Config(F) => "refresh_config",
        }
    }

    /// As it stands beside its value.
    pub fn label(self) -> String {
        let of = |kind: PolicyKind, what: &str| format!("{}: {what}", kind.title());
        match self {
            Self::ChunkInterval => "Chunk interval".to_owned(),
            Self::Compression => "Compression".to_owned(),
            Self::SegmentBy => "Segment by".to_owned(),
            Self::OrderBy => "Order by".to_owned(),
            Self::Threshold(PolicyKind::Compression) => "Compress after".to_owned(),
            Self::Threshold(PolicyKind::Retention) => "Drop after".to_owned(),
            Self::Threshold(PolicyKind::Refresh) => "Refresh".to_owned(),
            Self::CountedFrom(kind) => of(kind, "age counted from"),
            Self::RefreshStart => "Refresh from".to_owned(),
            Self::RefreshEnd => "Refresh to".to_owned(),
            Self::Every(kind) => of(kind, "runs every"),
            Self::FixedFrom(kind) => of(kind, "fixed times from"),
            Self::Timezone(kind) => of(kind, "time zone"),
            Self::MaxRuntime(kind) => of(kind, "longest run"),
            Self::Paused(kind) => of(kind, "paused"),
            Self::NextStart(kind) => of(kind, "next start"),
            Self::Owner => "Owner".to_owned(),
            Self::Job(kind) => of(kind, "job"),
            Self::Config(kind) => of(kind, "configuration"),
        }
    }
}
