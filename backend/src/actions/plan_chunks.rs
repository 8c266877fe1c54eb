//! What an action would do to chunks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::action::{Action, ActionTarget, ActionWarning, OlderThan, Skip, TargetPreview};
use domain::hypertable::TimeSpan;
use domain::policy::Decompression;
use domain::quantity::rounded;
use domain::table_name::TableName;
use domain::time_axis::TimeAxis;
use sqlx::postgres::types::Oid;

use super::plan::{Known, Planned, PlannedTarget, Planner};
use super::refused::ActionRefused;
use crate::timescale::operated::{
    Measured, OperatedChunk, OperatedTable, interval_ago, measure_chunks, read_operated_chunks,
    read_operated_table,
};
use crate::timescale::operation::OperatedServer;

/// More chunks than this are not measured: their bytes are those of the last reading.
const MOST_MEASURED: usize = 2_000;
/// An index of a compressed chunk keeps an empty page.
const EMPTY_INDEX_BYTES: u64 = 8192;

/// Which chunks of a table are selected.
enum Selected {
    All,
    Some(BTreeSet<TableName>),
}

pub(super) async fn targets(planner: &mut Planner<'_>) -> Result<Vec<PlannedTarget>, ActionRefused> {
    let mut tables: BTreeMap<&TableName, Selected> = BTreeMap::new();
    for target in &planner.request.targets {
        match target {
            ActionTarget::Table(table) => {
                tables.insert(table, Selected::All);
            }
            ActionTarget::Chunk { table, chunk } => {
                let selected = tables
                    .entry(table)
                    .or_insert_with(|| Selected::Some(BTreeSet::new()));
                if let Selected::Some(chunks) = selected {
                    chunks.insert(chunk.clone());
                }
            }
            ActionTarget::Aggregate(_) | ActionTarget::Job(_) => {}
        }
    }
    let mut targets = Vec::new();
    for (table, selected) in tables {
        targets.extend(of_table(planner, table, selected).await?);
    }
    if targets.is_empty() {
        return Err(ActionRefused::NothingToDo(
            match &planner.request.action {
                Action::DropOlderThan { .. } => "no chunk is that old.",
                _ => "no chunk of it wants this.",
            }
            .to_owned(),
        ));
    }
    warn(planner, &targets);
    Ok(targets)
}

async fn of_table(
    planner: &mut Planner<'_>,
    table: &TableName,
    selected: Selected,
) -> Result<Vec<PlannedTarget>, ActionRefused> {
    let refused = |error: sqlx::Error| ActionRefused::of(&error);
    let action = &planner.request.action;
    let connection = &mut planner.session.connection;
    let of = read_operated_table(connection, table)
        .await
        .map_err(refused)?
        .ok_or_else(|| ActionRefused::UnknownTable(table.clone()))?;
    let of = Arc::new(of);
    let cutoff = match action {
        Action::DropOlderThan { older_than } => Some(
            match OlderThan::parse(older_than, of.axis()).map_err(ActionRefused::Unfit)? {
                OlderThan::Age(TimeSpan::Interval(interval)) => {
                    interval_ago(connection, interval).await.map_err(refused)?
                }
                OlderThan::Age(TimeSpan::Number(number))
                | OlderThan::Before(domain::hypertable::TimePoint::Number(number)) => number,
                OlderThan::Before(point) => TimeAxis::ticks(point),
            },
        ),
        _ => None,
    };
    let chunks = read_operated_chunks(connection, &planner.session.server, &of)
        .await
        .map_err(refused)?;
    let mut missing = match &selected {
        Selected::All => BTreeSet::new(),
        Selected::Some(names) => names.clone(),
    };
    let mut wanted: Vec<(&OperatedChunk, Option<Skip>)> = Vec::new();
    for chunk in &chunks {
        let skip = skip(action, &of, chunk);
        match &selected {
            Selected::Some(names) if !names.contains(&chunk.name()) => continue,
            Selected::Some(_) => {
                missing.remove(&chunk.name());
            }
            // What stays because it is frozen is told; the rest of what does not fit is not what was meant.
            Selected::All if cutoff.is_some_and(|cutoff| chunk.range_end > cutoff) => continue,
            Selected::All if skip.is_some() && !(cutoff.is_some() && skip == Some(Skip::Frozen)) => continue,
            Selected::All => {}
        }
        wanted.push((chunk, skip));
    }
    let sizes = sizes(planner, table, &wanted).await?;
    let ratio = ratio(&chunks);
    let mut sharing: HashMap<(i64, i64), u32> = HashMap::with_capacity(chunks.len());
    for chunk in &chunks {
        *sharing.entry((chunk.range_start, chunk.range_end)).or_default() += 1;
    }
    let mut targets: Vec<PlannedTarget> = wanted
        .into_iter()
        .map(|(chunk, skip)| {
            let size = sizes.get(&chunk.relation).copied();
            // Ranges never overlap: chunks share one, or they do not touch.
            let alone = sharing.get(&(chunk.range_start, chunk.range_end)) == Some(&1);
            PlannedTarget {
                preview: TargetPreview {
                    target: ActionTarget::Chunk {
                        table: table.clone(),
                        chunk: chunk.name(),
                    },
                    title: chunk.name().name,
                    range: chunk.range(&of),
                    statement: statement(action, &planner.session.server, &of, chunk, alone),
                    skip,
                    bytes: size.map(|size| size.bytes),
                    bytes_after: size.and_then(|size| bytes_after(action, &of, chunk, size.bytes, ratio)),
                    rows: size.map(|size| size.rows),
                },
                known: Known::Chunk {
                    table: Arc::clone(&of),
                    chunk: Box::new(chunk.clone()),
                },
            }
        })
        .collect();
    targets.extend(missing.into_iter().map(|chunk| {
        PlannedTarget::gone(&ActionTarget::Chunk {
            table: table.clone(),
            chunk,
        })
    }));
    Ok(targets)
}

/// Measured, or where that is too much, by the last reading.
async fn sizes(
    planner: &Planner<'_>,
    table: &TableName,
    wanted: &[(&OperatedChunk, Option<Skip>)],
) -> Result<HashMap<Oid, Measured>, ActionRefused> {
    let chunks: Vec<&OperatedChunk> = wanted.iter().map(|(chunk, _)| *chunk).collect();
    if chunks.len() <= MOST_MEASURED {
        return measure_chunks(planner.url, &chunks)
            .await
            .map_err(|error| ActionRefused::of(&error));
    }
    let known: HashMap<(&str, &str), _> = planner
        .snapshot
        .map_or(&[][..], |snapshot| snapshot.chunks_of(table))
        .iter()
        .map(|chunk| ((chunk.schema.as_str(), chunk.name.as_str()), chunk))
        .collect();
    Ok(chunks
        .into_iter()
        .filter_map(|chunk| {
            let name = chunk.name();
            let of = known.get(&(name.schema.as_str(), name.name.as_str()))?;
            let size = Measured {
                bytes: of.size.total_bytes(),
                rows: of.rows,
                locks: 0,
            };
            Some((chunk.relation, size))
        })
        .collect())
}

/// Why an action leaves a chunk alone.
pub(super) fn skip(action: &Action, of: &OperatedTable, chunk: &OperatedChunk) -> Option<Skip> {
    let status = chunk.status();
    if chunk.is_tiered {
        return Some(Skip::Tiered);
    }
    let is_frozen = status.is_frozen();
    match action {
        Action::Unfreeze => (!is_frozen).then_some(Skip::NotFrozen),
        _ if is_frozen => Some(Skip::Frozen),
        Action::Compress if !of.compression_enabled => Some(Skip::CompressionOff),
        Action::Compress => {
            (chunk.is_compressed() && !status.wants_recompression()).then_some(Skip::AlreadyCompressed)
        }
        Action::Decompress => (!chunk.is_compressed()).then_some(Skip::NotCompressed),
        Action::Recompress if !chunk.is_compressed() => Some(Skip::NotCompressed),
        Action::Recompress => {
            (!status.wants_recompression() && !chunk.settings_differ).then_some(Skip::UpToDate)
        }
        _ => None,
    }
}

fn statement(
    action: &Action,
    server: &OperatedServer,
    of: &OperatedTable,
    chunk: &OperatedChunk,
    alone: bool,
) -> String {
    let name = chunk.name().as_literal();
    match action {
        Action::Compress if server.has_columnstore => {
            format!("CALL convert_to_columnstore({name}, if_not_columnstore => true)")
        }
        Action::Compress => format!("SELECT compress_chunk({name}, if_not_compressed => true)"),
        // Of a chunk with later rows the server compresses these by the chunk's own settings and leaves the rest as it is
        // (2.29): where the settings changed, both are wanted.
        Action::Recompress if chunk.settings_differ && chunk.status().wants_recompression() => format!(
            "{};\n{}",
            statement(&Action::Decompress, server, of, chunk, alone),
            statement(&Action::Compress, server, of, chunk, alone)
        ),
        Action::Recompress if server.has_columnstore => {
            format!("CALL convert_to_columnstore({name}, if_not_columnstore => true, recompress => true)")
        }
        Action::Recompress => {
            format!("SELECT compress_chunk({name}, if_not_compressed => true, recompress => true)")
        }
        Action::Decompress if server.has_columnstore => {
            format!("CALL convert_to_rowstore({name}, if_columnstore => true)")
        }
        Action::Decompress => Decompression::statement(&chunk.name()),
        Action::Freeze => format!("SELECT _timescaledb_functions.freeze_chunk({name})"),
        Action::Unfreeze => format!("SELECT _timescaledb_functions.unfreeze_chunk({name})"),
        // Tells continuous aggregates that their rows are gone; but takes all chunks of the range.
        _ if alone => format!(
            "SELECT drop_chunks({}, older_than => {}, newer_than => {})",
            of.named().as_literal(),
            of.literal(chunk.range_end),
            of.literal(chunk.range_start)
        ),
        _ => format!("SELECT _timescaledb_functions.drop_chunk({name})"),
    }
}

/// What is left of a chunk's bytes once it is compressed, by what was achieved so far.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn ratio(chunks: &[OperatedChunk]) -> Option<f64> {
    let (before, after) = chunks
        .iter()
        .filter_map(OperatedChunk::compression)
        .fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    (before > 0).then(|| after as f64 / before as f64)
}

fn bytes_after(
    action: &Action,
    of: &OperatedTable,
    chunk: &OperatedChunk,
    bytes: u64,
    ratio: Option<f64>,
) -> Option<u64> {
    match action {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        Action::Compress if !chunk.is_compressed() => {
            Some(rounded(bytes as f64 * ratio?) + of.indexes() * EMPTY_INDEX_BYTES)
        }
        Action::Decompress => chunk.compression().map(|(before, _)| before.max(bytes)),
        Action::Drop | Action::DropOlderThan { .. } => Some(0),
        Action::Freeze | Action::Unfreeze => Some(bytes),
        _ => None,
    }
}

fn warn(planner: &mut Planner<'_>, targets: &[PlannedTarget]) {
    let handled = || targets.iter().filter(|target| target.preview.skip.is_none());
    let mut tables: Vec<&Arc<OperatedTable>> = handled()
        .filter_map(|target| match &target.known {
            Known::Chunk { table, .. } => Some(table),
            _ => None,
        })
        .collect();
    tables.dedup_by_key(|table| table.id);
    let chunks = handled().count() as u64;
    let sum = |of: fn(&TargetPreview) -> Option<u64>| {
        handled().filter_map(|target| of(&target.preview)).sum::<u64>()
    };
    match planner.request.action {
        Action::Drop | Action::DropOlderThan { .. } if chunks > 0 => {
            planner.warnings.push(ActionWarning::DropsData {
                chunks,
                bytes: sum(|target| target.bytes),
                rows: sum(|target| target.rows),
            });
            let views: Vec<TableName> = tables.iter().flat_map(|table| table.aggregates()).collect();
            if !views.is_empty() {
                planner.warnings.push(ActionWarning::ErasesFromAggregates(views));
            }
        }
        Action::Decompress if chunks > 0 => {
            let decompression = Decompression::of(
                chunks,
                sum(|target| target.bytes),
                sum(|target| target.bytes_after.or(target.bytes)),
            );
            planner.warnings.push(ActionWarning::Decompresses(decompression));
            for table in tables {
                let has_policy = planner
                    .snapshot
                    .and_then(|snapshot| snapshot.hypertable(&table.table))
                    .is_some_and(|table| table.compress_after.is_some());
                if has_policy {
                    planner
                        .warnings
                        .push(ActionWarning::PolicyCompressesAgain(table.named()));
                }
            }
        }
        _ => {}
    }
}

impl Planned {
    /// `24 chunks of metric_hist`, `job 1003`: what a title goes on with.
    pub(super) fn of_what(&self) -> String {
        let handled: Vec<&PlannedTarget> = self
            .targets
            .iter()
            .filter(|target| target.preview.skip.is_none())
            .collect();
        let mut tables: Vec<TableName> = handled
            .iter()
            .filter_map(|target| match &target.known {
                Known::Chunk { table, .. } => Some(table.named()),
                _ => None,
            })
            .collect();
        tables.sort();
        tables.dedup();
        match (handled.as_slice(), tables.as_slice()) {
            ([one], [table]) => format!("{} of {table}", one.preview.title),
            ([one], _) => one.preview.title.clone(),
            (many, [table]) => format!("{} chunks of {table}", many.len()),
            (many, []) => format!("{} targets", many.len()),
            (many, tables) => format!("{} chunks of {} tables", many.len(), tables.len()),
        }
    }
}
