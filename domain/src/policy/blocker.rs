//! What keeps a plan from being applied.

use serde::{Deserialize, Serialize};

use crate::hypertable::TimeSpan;
use crate::policy::field::Field;
use crate::policy::model::{PolicyKind, Threshold};
use crate::quantity::{bytes, counted, duration, thousands};
use crate::table_name::TableName;
use crate::time_axis::TimeAxis;

/// What keeps a plan from being applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocker {
    /// An interval of nothing, or less.
    NotPositive {
        /// Where.
        field: Field,
        /// What it says.
        given: TimeSpan,
    },
    /// A time limit below nothing.
    NegativeRuntime(PolicyKind),
    /// A span that does not belong on the table's time axis.
    WrongUnit {
        /// Where.
        field: Field,
        /// What it says.
        given: TimeSpan,
        /// What the axis is made of.
        axis: TimeAxis,
    },
    /// Integer time that nobody says the now of.
    NoIntegerNow(PolicyKind),
    /// Here the server does not count this policy's age from creation.
    NotByCreation {
        /// Which policy.
        kind: PolicyKind,
        /// Why not.
        reason: NotByCreation,
    },
    /// Chunks would be dropped before they are compressed.
    CompressNotBeforeDrop {
        /// When they are compressed.
        compress: Threshold,
        /// When they are dropped.
        drop: Threshold,
    },
    /// Rows would be dropped that a continuous aggregate still refreshes from: it would lose them, too.
    RetentionInsideRefresh {
        /// The continuous aggregate.
        aggregate: TableName,
        /// Where its window begins.
        start_offset: Option<TimeSpan>,
        /// When rows are dropped.
        drop: Threshold,
    },
    /// A window too small for the server.
    RefreshWindowTooSmall {
        /// Width of a bucket.
        bucket: Option<TimeSpan>,
    },
    /// Only continuous aggregates are refreshed.
    NotAnAggregate,
    /// The console changes a refresh policy only where it is the only one.
    SeveralRefreshPolicies(usize),
    /// A column that the table has not.
    UnknownColumn {
        /// Where.
        field: Field,
        /// Its name.
        column: String,
    },
    /// A column that is named twice.
    RepeatedColumn {
        /// Where.
        field: Field,
        /// Its name.
        column: String,
    },
    /// A column that is to segment and to order.
    SegmentsAndOrders(String),
    /// Segments by time would hold one row each.
    SegmentsByTime(String),
    /// A job of this role cannot start.
    OwnerCannotLogin(String),
    /// The role that would apply it may not.
    RightsMissing {
        /// That role.
        role: String,
        /// The role that owns the table.
        owner: String,
    },
    /// More locks than the server has room for.
    TooManyLocks {
        /// Needed at once.
        locks: u64,
        /// Room for all sessions together.
        slots: u64,
        /// Whether the first purge needs them, or the plan itself.
        by_purge: bool,
    },
    /// Compression cannot be disabled while chunks are compressed.
    CompressedChunks(Decompression),
    /// The edition has no compression.
    EditionWithoutCompression,
    /// The edition has no continuous aggregates.
    EditionWithoutRefresh,
}

/// Why the server does not count an age from creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotByCreation {
    /// It compresses continuous aggregates by the age of their rows.
    Aggregate,
    /// Integer time has an `integer_now_func`, and that is all it looks at.
    IntegerNow,
    /// Its version adds such a policy, but cannot run it.
    Version,
}

impl NotByCreation {
    fn sentence(self) -> &'static str {
        match self {
            Self::Aggregate => {
                "the server compresses a continuous aggregate by the age of its rows, not of its chunks. Count from the end \
                 of a chunk's range."
            }
            Self::IntegerNow => {
                "where integer time has an integer_now_func, the server counts by that alone. Count from the end of a \
                 chunk's range, in the table's own unit."
            }
            Self::Version => {
                "this version of TimescaleDB fails at every run of such a policy. Count from the end of a chunk's range, or \
                 update to 2.26.3 or newer."
            }
        }
    }
}

/// What decompressing a whole table takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decompression {
    /// Compressed chunks.
    pub chunks: u64,
    /// Bytes they have now.
    pub compressed_bytes: u64,
    /// Bytes they had, and will need again.
    pub needed_bytes: u64,
    /// About how long it takes, in milliseconds.
    pub duration_ms: u64,
}

impl Blocker {
    /// What is wrong, and what would be right.
    pub fn sentence(&self) -> String {
        match self {
            Self::NotPositive { field, given } => format!(
                "{}: {given} is not longer than nothing. Use a positive span.",
                field.label()
            ),
            Self::NegativeRuntime(kind) => format!(
                "{}: a run cannot take less than no time. Use a positive interval, or 0 for no limit.",
                Field::MaxRuntime(*kind).label()
            ),
            Self::WrongUnit { field, given, axis } => wrong_unit(*field, *given, *axis),
            Self::NoIntegerNow(kind) => format!(
                "{} needs to know what now is on the table's integer time. Set it with set_integer_now_func, or count \
                 from the chunk's creation.",
                kind.title()
            ),
            Self::NotByCreation { kind, reason } => {
                format!("{}: {}", Field::CountedFrom(*kind).label(), reason.sentence())
            }
            Self::CompressNotBeforeDrop { compress, drop } => format!(
                "Chunks would be compressed after {compress} but dropped after {drop}. Compress earlier, or drop later."
            ),
            Self::RetentionInsideRefresh {
                aggregate,
                start_offset,
                drop,
            } => inside_refresh(aggregate, *start_offset, *drop),
            Self::RefreshWindowTooSmall { bucket } => match bucket {
                Some(bucket) => format!(
                    "The refreshed window has to hold two buckets of {bucket} at least. Begin it earlier, or end it later."
                ),
                None => {
                    "The refreshed window has to begin before it ends. Begin it earlier, or end it later."
                        .to_owned()
                }
            },
            Self::NotAnAggregate => {
                "Only continuous aggregates are refreshed; this is a table. Leave the refresh out.".to_owned()
            }
            Self::SeveralRefreshPolicies(count) => format!(
                "It has {count} refresh policies. The console changes one only where it is the only one; use alter_job."
            ),
            Self::UnknownColumn { field, column } => {
                format!("{}: the table has no column {column:?}.", field.label())
            }
            Self::RepeatedColumn { field, column } => {
                format!("{}: {column:?} is named twice. Name it once.", field.label())
            }
            Self::SegmentsAndOrders(column) => {
                format!("{column:?} cannot both segment and order. Take it out of one of them.")
            }
            Self::SegmentsByTime(column) => format!(
                "Segments by {column:?} would hold one row each, and compress nothing. Order by it instead."
            ),
            Self::OwnerCannotLogin(owner) => format!(
                "A policy's job runs as the table's owner {owner}, who may not log in. Let {owner} log in (ALTER ROLE … \
                 LOGIN), or give the table to a role that may."
            ),
            Self::RightsMissing { role, owner } => format!(
                "The role {role} may not change this table: it belongs to {owner}. Grant {owner} to {role}, or configure \
                 a change_url with a role that has it."
            ),
            Self::TooManyLocks {
                locks,
                slots,
                by_purge,
            } => too_many_locks(*locks, *slots, *by_purge),
            Self::CompressedChunks(decompression) => format!(
                "Compression cannot be disabled while {} compressed. {} Or remove the policy only: what is compressed \
                 stays so.",
                match decompression.chunks {
                    1 => "1 chunk is".to_owned(),
                    chunks => format!("{} are", counted(chunks, "chunk", "chunks")),
                },
                decompression.sentence()
            ),
            Self::EditionWithoutCompression => {
                "The Apache edition has no compression. Leave it off, or use the Community edition \
                 (timescaledb.license = timescale)."
                    .to_owned()
            }
            Self::EditionWithoutRefresh => {
                "The Apache edition has no continuous aggregates. Leave the refresh out.".to_owned()
            }
        }
    }

    /// The field it is about, where it is about one.
    pub fn field(&self) -> Option<Field> {
        Some(match self {
            Self::NotPositive { field, .. }
            | Self::WrongUnit { field, .. }
            | Self::UnknownColumn { field, .. }
            | Self::RepeatedColumn { field, .. } => *field,
            Self::NegativeRuntime(kind) => Field::MaxRuntime(*kind),
            Self::NoIntegerNow(kind) => Field::Threshold(*kind),
            Self::NotByCreation { kind, .. } => Field::CountedFrom(*kind),
            Self::CompressNotBeforeDrop { .. }
            | Self::EditionWithoutCompression
            | Self::CompressedChunks(_) => Field::Compression,
            Self::RetentionInsideRefresh { .. } | Self::TooManyLocks { by_purge: true, .. } => {
                Field::Threshold(PolicyKind::Retention)
            }
            Self::RefreshWindowTooSmall { .. } => Field::RefreshStart,
            Self::NotAnAggregate | Self::SeveralRefreshPolicies(_) | Self::EditionWithoutRefresh => {
                Field::Threshold(PolicyKind::Refresh)
            }
            Self::SegmentsAndOrders(_) | Self::SegmentsByTime(_) | Self::TooManyLocks { .. } => {
                Field::SegmentBy
            }
            Self::OwnerCannotLogin(_) | Self::RightsMissing { .. } => return None,
        })
    }
}

/// Bytes that are decompressed in a millisecond. Measured: 90 MB a second on an idle server; a third of that.
const DECOMPRESSED_BYTES_A_MS: u64 = 30 * 1024;

impl Decompression {
    /// Of so many chunks that have these bytes and had those.
    pub fn of(chunks: u64, compressed_bytes: u64, needed_bytes: u64) -> Self {
        Self {
            chunks,
            compressed_bytes,
            needed_bytes,
            duration_ms: needed_bytes / DECOMPRESSED_BYTES_A_MS,
        }
    }

    /// What it takes, in a sentence.
    pub fn sentence(self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let time = duration(self.duration_ms as f64);
        format!(
            "Decompressing takes their {} to {}, so {} more on disk, and about {time}.",
            bytes(self.compressed_bytes),
            bytes(self.needed_bytes),
            bytes(self.needed_bytes.saturating_sub(self.compressed_bytes)),
        )
    }

    /// The statement that decompresses one chunk; each is best a transaction of its own, because it keeps its locks.
    pub fn statement(chunk: &TableName) -> String {
        format!(
            "SELECT decompress_chunk({}, if_compressed => true)",
            chunk.as_literal()
        )
    }
}

fn wrong_unit(field: Field, given: TimeSpan, axis: TimeAxis) -> String {
    let field = field.label();
    match axis {
        TimeAxis::Moments => format!(
            "{field}: the table's time is a date, {given} is a number. Use an interval, for example 7 days."
        ),
        TimeAxis::Numbers => format!(
            "{field}: the table's time is a number, {given} is an interval. Use a number in the table's own unit."
        ),
    }
}

fn inside_refresh(aggregate: &TableName, start_offset: Option<TimeSpan>, drop: Threshold) -> String {
    match start_offset {
        Some(start) => format!(
            "{aggregate} is refreshed from {start} before now, but rows would be dropped after {drop}: the next refresh \
             would erase them there, too. Drop after {start} or more, or let the refresh start later."
        ),
        None => format!(
            "{aggregate} is refreshed from the oldest row on: what is dropped here would be erased there at the next \
             refresh. Give its refresh a start offset of {drop} or less."
        ),
    }
}

fn too_many_locks(locks: u64, slots: u64, by_purge: bool) -> String {
    let (locks, slots) = (thousands(locks), thousands(slots));
    if by_purge {
        format!(
            "The first run would drop everything that is due in one transaction, which needs about {locks} locks; the \
             server has room for {slots} in all sessions together. Drop the oldest chunks by hand first, keep them for \
             longer at first, or raise max_locks_per_transaction (needs a restart)."
        )
    } else {
        format!(
            "Handing the choice back to the server locks every chunk: about {locks} locks, and the server has room for \
             {slots} in all sessions together. Name the columns instead, or raise max_locks_per_transaction (needs a \
             restart)."
        )
    }
}
