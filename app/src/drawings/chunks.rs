//! Every chunk of a table on its time axis.

use charts::{ColumnChart, draw_chunk_map};
use domain::chunk_map::{ChunkMap, ChunkState, Policies, Timeline};
use domain::hypertable::{Chunk, TimePoint, TimeSpan};
use domain::job::JobKind;
use domain::judgement::{ChunkDue, DueRules};
use domain::reading::Seen;
use domain::table_page::TablePage;
use domain::time_axis::Window;
use domain::visible::Visible;

use crate::server_fns::ChunkFigures;

/// As many bins as the widest drawing shows with a pixel between them.
const BINS: u32 = 220;

/// The chunk map and how large the chunks are; `None` for a table that has no chunk.
pub(crate) fn draw_chunks(seen: Seen<'_>, page: &TablePage, window: Option<Window>) -> Option<ChunkFigures> {
    let table = &page.table;
    let chunks = seen.snapshot.chunks_of(&table.table_name());
    let timeline = match table.integer_now {
        Some(Visible::Shown(now)) => Timeline::at(TimePoint::Number(now)),
        _ => match table.range?.end {
            TimePoint::Moment(_) => Timeline::at(TimePoint::Moment(seen.now)),
            TimePoint::Number(_) => Timeline::without_now(),
        },
    };
    let rules = DueRules::of(seen.snapshot);
    let place = seen
        .snapshot
        .hypertables
        .iter()
        .position(|other| other.schema == table.schema && other.name == table.name)?;
    let is_overdue = |chunk: &Chunk| rules.of_chunk(place, chunk).is_some_and(ChunkDue::is_overdue);
    let policies = policies(page);
    let map = ChunkMap::gather(
        chunks,
        |_, chunk| ChunkState::of(chunk),
        is_overdue,
        timeline,
        &policies,
        window,
        BINS,
    );
    Some(ChunkFigures {
        map: draw_chunk_map("Chunks", &map).into(),
        sizes: ColumnChart::of_chunk_sizes("Size of a chunk", &map).draw().into(),
        shows_chunks: map.shows_chunks,
    })
}

fn policies(page: &TablePage) -> Policies {
    let refresh = page
        .materializes
        .as_ref()
        .and_then(|aggregate| aggregate.refresh.first());
    Policies {
        compress_after: age_on_axis(page, JobKind::Compression),
        drop_after: age_on_axis(page, JobKind::Retention),
        refresh_start: refresh.and_then(|policy| policy.start_offset),
        refresh_end: refresh.and_then(|policy| policy.end_offset),
    }
}

/// The age at which a policy handles a chunk. One that counts from the creation of chunks has no place on the table's
/// own time axis.
fn age_on_axis(page: &TablePage, kind: JobKind) -> Option<TimeSpan> {
    page.jobs
        .iter()
        .filter(|job| job.kind == kind)
        .filter_map(|job| job.threshold)
        .find(|threshold| !threshold.from_creation)
        .map(|threshold| threshold.after)
}
