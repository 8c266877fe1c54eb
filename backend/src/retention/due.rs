//! Which chunks are due, and in which transactions they are dropped. A dry run and a real one ask the same.

use std::collections::HashMap;

use domain::hypertable::{TimePoint, TimeSpan};
use domain::policy::Threshold;
use domain::retention_run::{ChunkSum, DropBatch, DryRun, DueChunk};
use domain::table_name::TableName;
use sqlx::postgres::types::Oid;

use crate::actions::ActionRefused;
use crate::timescale::ConnectionUrl;
use crate::timescale::operated::{
    Measured, OperatedChunk, OperatedTable, interval_ago, measure_chunks, number_ago, read_operated_chunks,
    read_operated_table,
};
use crate::timescale::operation::OperationSession;

/// One transaction takes at most this part of the locks the server has room for: other sessions need some, too, and what
/// ends soon is soon out of the way.
const LOCK_SHARE: u64 = 32;
/// However many locks there are, a transaction that drops more takes too long.
const CHUNKS_A_BATCH: usize = 500;

/// What the age of a chunk is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CountedFrom {
    RangeEnd,
    Creation,
}

impl CountedFrom {
    /// The place that says whether a chunk is due.
    fn place(self, chunk: &OperatedChunk) -> Option<i64> {
        match self {
            Self::RangeEnd => Some(chunk.range_end),
            Self::Creation => chunk.created_us,
        }
    }

    /// As retention of the server has it: a range that ends at the cutoff is due, a chunk created at it is not.
    fn is_due(self, chunk: &OperatedChunk, cutoff: i64) -> bool {
        self.place(chunk).is_some_and(|place| match self {
            Self::RangeEnd => place <= cutoff,
            Self::Creation => place < cutoff,
        })
    }

    /// Drops what is due up to a place, and nothing else.
    fn statement(self, table: &OperatedTable, place: i64) -> String {
        let relation = table.named().as_literal();
        match self {
            Self::RangeEnd => format!(
                "SELECT drop_chunks({relation}, older_than => {})",
                table.literal(place)
            ),
            Self::Creation => {
                let before = place.saturating_add(1);
                let moment = jiff::Timestamp::from_microsecond(before).map_or_else(
                    |_| format!("_timescaledb_functions.to_timestamp({before})"),
                    |at| format!("TIMESTAMPTZ '{at}'"),
                );
                format!("SELECT drop_chunks({relation}, created_before => {moment})")
            }
        }
    }
}

/// What is due of a table now, in the transactions in which it is dropped.
pub(super) async fn find_due(
    url: &ConnectionUrl,
    session: &mut OperationSession,
    table: &TableName,
    threshold: Threshold,
) -> Result<DryRun, ActionRefused> {
    let refused = |error: sqlx::Error| ActionRefused::of(&error);
    let connection = &mut session.connection;
    let of = read_operated_table(connection, table)
        .await
        .map_err(refused)?
        .ok_or_else(|| ActionRefused::UnknownTable(table.clone()))?;
    let unfit = |what: &str| ActionRefused::Unfit(format!("The policy of {table} does not fit it: {what}"));
    let (from, cutoff, point) = match threshold {
        Threshold::CreatedBefore(interval) => {
            let cutoff = interval_ago(connection, interval).await.map_err(refused)?;
            let moment = jiff::Timestamp::from_microsecond(cutoff).unwrap_or(jiff::Timestamp::MIN);
            (CountedFrom::Creation, cutoff, TimePoint::Moment(moment))
        }
        Threshold::After(TimeSpan::Interval(interval)) if !of.is_integer => {
            let cutoff = interval_ago(connection, interval).await.map_err(refused)?;
            let moment = jiff::Timestamp::from_microsecond(cutoff).unwrap_or(jiff::Timestamp::MIN);
            (CountedFrom::RangeEnd, cutoff, TimePoint::Moment(moment))
        }
        Threshold::After(TimeSpan::Number(number)) if of.is_integer => {
            if of.now_is_untrusted {
                return Err(unfit(
                    "what now is says a function of somebody who is no superuser, and the console changes things as one. \
                     Configure a change_url with the table's owner.",
                ));
            }
            let cutoff = number_ago(connection, &of, number).await.map_err(refused)?;
            (CountedFrom::RangeEnd, cutoff, TimePoint::Number(cutoff))
        }
        Threshold::After(_) => {
            return Err(unfit(
                "its age is in another unit than its time. Set the policy anew.",
            ));
        }
    };
    let chunks = read_operated_chunks(connection, &session.server, &of)
        .await
        .map_err(refused)?;
    let is_old = |chunk: &&OperatedChunk| from.is_due(chunk, cutoff);
    let mut due: Vec<&OperatedChunk> = chunks
        .iter()
        .filter(is_old)
        .filter(|chunk| !chunk.is_left_alone())
        .collect();
    due.sort_by_key(|chunk| (from.place(chunk), chunk.range_start, chunk.chunk_id));
    let measured = measure_chunks(url, &due).await.map_err(refused)?;
    let lock_slots = session.server.lock_slots();
    let locks_a_batch = (lock_slots / LOCK_SHARE).max(1);
    let batches = batches(&of, from, &due, &measured, locks_a_batch);
    let is_kept = |chunk: &&OperatedChunk| !is_old(chunk) || chunk.is_left_alone();
    Ok(DryRun {
        table: table.clone(),
        cutoff: point,
        due: batches
            .iter()
            .fold(ChunkSum::default(), |sum, batch| sum.plus(batch.sum())),
        batches,
        skipped: chunks
            .iter()
            .filter(is_old)
            .filter(|chunk| chunk.is_left_alone())
            .count() as u64,
        oldest_kept: oldest(&of, chunks.iter().filter(is_kept)),
        locks_a_batch,
        lock_slots,
    })
}

/// Where the oldest of these chunks begins.
fn oldest<'a>(of: &OperatedTable, chunks: impl Iterator<Item = &'a OperatedChunk>) -> Option<TimePoint> {
    chunks
        .filter(|chunk| !chunk.is_tiered)
        .map(|chunk| chunk.range_start)
        .min()
        .and_then(|start| of.point(start))
}

/// Where the oldest chunk begins that is there now.
pub(super) async fn oldest_there(
    session: &mut OperationSession,
    table: &TableName,
) -> Result<Option<TimePoint>, sqlx::Error> {
    let Some(of) = read_operated_table(&mut session.connection, table).await? else {
        return Ok(None);
    };
    let chunks = read_operated_chunks(&mut session.connection, &session.server, &of).await?;
    Ok(oldest(&of, chunks.iter()))
}

/// As many as there are locks for in each transaction. Chunks that end at the same place (or were created at the same
/// moment) are dropped together: `drop_chunks` does not tell them apart.
fn batches(
    of: &OperatedTable,
    from: CountedFrom,
    due: &[&OperatedChunk],
    measured: &HashMap<Oid, Measured>,
    locks_a_batch: u64,
) -> Vec<DropBatch> {
    let mut batches: Vec<DropBatch> = Vec::new();
    let mut chunks: Vec<DueChunk> = Vec::new();
    let mut locks = 0;
    let mut last = None;
    for same in due.chunk_by(|a, b| from.place(a) == from.place(b)) {
        let same_chunks: Vec<DueChunk> = same
            .iter()
            // One that was dropped meanwhile is not there to be measured.
            .filter_map(|chunk| measured.get(&chunk.relation).map(|measured| (chunk, measured)))
            .map(|(chunk, measured)| DueChunk {
                name: chunk.name(),
                range: chunk.range(of),
                bytes: measured.bytes,
                rows: measured.rows,
                locks: measured.locks,
            })
            .collect();
        let more: u64 = same_chunks.iter().map(|chunk| chunk.locks).sum();
        let is_full = locks + more > locks_a_batch || chunks.len() + same_chunks.len() > CHUNKS_A_BATCH;
        if is_full
            && !chunks.is_empty()
            && let Some(place) = last
        {
            batches.push(DropBatch {
                chunks: std::mem::take(&mut chunks),
                statement: from.statement(of, place),
            });
            locks = 0;
        }
        locks += more;
        chunks.extend(same_chunks);
        last = same.last().and_then(|chunk| from.place(chunk));
    }
    if !chunks.is_empty()
        && let Some(place) = last
    {
        batches.push(DropBatch {
            chunks,
            statement: from.statement(of, place),
        });
    }
    batches
}
