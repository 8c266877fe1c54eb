//! What refreshing a continuous aggregate would do.

use std::time::Duration;

use domain::action::{ActionTarget, ActionWarning, Skip, TargetPreview, point};
use domain::continuous_aggregate::ContinuousAggregate;
use domain::hypertable::TimeSpan;
use domain::time_axis::TimeAxis;
use sqlx::AssertSqlSafe;

use super::plan::{Known, PlannedTarget, Planner};
use super::plan_jobs::is_superuser;
use super::refused::ActionRefused;
use crate::timescale::operated::{OperatedTable, read_operated_chunks, read_operated_table};
use crate::timescale::operation::connect_for_operation;

/// How far back an aggregate goes is looked up within this.
const LOOK_WITHIN: Duration = Duration::from_secs(5);
/// More stretches than these are taken for one.
const MOST_GAPS: usize = 500;

pub(super) async fn targets(
    planner: &mut Planner<'_>,
    aggregates: &[ContinuousAggregate],
    from: &str,
    to: &str,
) -> Result<Vec<PlannedTarget>, ActionRefused> {
    let mut targets = Vec::new();
    for target in &planner.request.targets {
        let ActionTarget::Aggregate(view) = target else {
            continue;
        };
        let aggregate = aggregates
            .iter()
            .find(|of| of.view == *view)
            .ok_or_else(|| ActionRefused::UnknownAggregate(view.clone()))?;
        let connection = &mut planner.session.connection;
        let lies_in = read_operated_table(connection, &aggregate.materialization)
            .await
            .map_err(|error| ActionRefused::of(&error))?
            .ok_or_else(|| ActionRefused::UnknownAggregate(view.clone()))?;
        let place = |text: &str| match text.trim() {
            "" => Ok(None),
            text => point(text, lies_in.axis())
                .map(|point| Some(TimeAxis::ticks(point)))
                .map_err(ActionRefused::Unfit),
        };
        let (from, to) = (place(from)?, place(to)?);
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err(ActionRefused::Unfit(
                "The range has to begin before it ends. Begin it earlier, or end it later.".to_owned(),
            ));
        }
        let is_trusted =
            !planner.session.server.is_superuser || is_superuser(planner.session, &aggregate.owner).await?;
        if is_trusted && let Some(warning) = erased(planner, aggregate, &lies_in, (from, to)).await? {
            planner.warnings.push(warning);
        }
        let literal = |place: Option<i64>| place.map_or_else(|| "NULL".to_owned(), |at| lies_in.literal(at));
        targets.push(PlannedTarget {
            preview: TargetPreview {
                target: target.clone(),
                title: view.to_string(),
                range: None,
                statement: format!(
                    "CALL refresh_continuous_aggregate({}, {}, {})",
                    view.as_literal(),
                    literal(from),
                    literal(to)
                ),
                skip: (!is_trusted).then_some(Skip::UntrustedOwner),
                bytes: None,
                bytes_after: None,
                rows: None,
            },
            known: Known::Aggregate,
        });
    }
    Ok(targets)
}

/// Whether the range has stretches of which the source has no rows any more, and the aggregate still has some.
async fn erased(
    planner: &mut Planner<'_>,
    aggregate: &ContinuousAggregate,
    lies_in: &OperatedTable,
    (from, to): (Option<i64>, Option<i64>),
) -> Result<Option<ActionWarning>, ActionRefused> {
    let refused = |error: sqlx::Error| ActionRefused::of(&error);
    let session = &mut *planner.session;
    let Some(source) = read_operated_table(&mut session.connection, &aggregate.source)
        .await
        .map_err(refused)?
    else {
        return Ok(None);
    };
    let ranges: Vec<(i64, i64)> = read_operated_chunks(&mut session.connection, &session.server, &source)
        .await
        .map_err(refused)?
        .iter()
        .map(|chunk| (chunk.range_start, chunk.range_end))
        .collect();
    let source_from = ranges.iter().map(|range| range.0).min();
    let gaps = gaps(ranges, bucket_width(aggregate), (from, to));
    if gaps.is_empty() {
        return Ok(None);
    }
    // Names and values are quoted by `TableName` and by the table's own type.
    let column = format!("\"{}\"", lies_in.time_column.replace('"', "\"\""));
    let conditions: Vec<String> = gaps
        .iter()
        .map(|(start, end)| {
            let mut bounds = vec!["true".to_owned()];
            bounds.extend(start.map(|start| format!("{column} >= {}", lies_in.literal(start))));
            bounds.extend(end.map(|end| format!("{column} < {}", lies_in.literal(end))));
            format!("({})", bounds.join(" and "))
        })
        .collect();
    let value = if lies_in.is_integer {
        format!("min({column})::int8")
    } else {
        format!("(extract(epoch from min({column})) * 1000000)::int8")
    };
    let statement = format!(
        "select {value} from {} where {}",
        lies_in.table.as_identifier(),
        conditions.join(" or ")
    );
    let look =
        sqlx::query_scalar::<_, Option<i64>>(AssertSqlSafe(statement)).fetch_one(&mut session.connection);
    let has_from = if let Ok(has_from) = tokio::time::timeout(LOOK_WITHIN, look).await {
        has_from.map_err(refused)?
    } else {
        // Then the chunks it lies in have to do: they may begin a little earlier than its rows.
        *session = connect_for_operation(planner.url).await.map_err(refused)?;
        let is_in_a_gap = |begin: i64, end: i64| {
            gaps.iter().any(|(start, stop)| {
                start.is_none_or(|start| end > start) && stop.is_none_or(|stop| begin < stop)
            })
        };
        read_operated_chunks(&mut session.connection, &session.server, lies_in)
            .await
            .map_err(refused)?
            .iter()
            .filter(|chunk| is_in_a_gap(chunk.range_start, chunk.range_end))
            .map(|chunk| chunk.range_start)
            .min()
    };
    Ok(has_from
        .and_then(|at| lies_in.point(at))
        .map(|has_from| ActionWarning::ErasesHistory {
            aggregate: aggregate.view.clone(),
            has_from,
            source_from: source_from.and_then(|at| source.point(at)),
        }))
}

/// A stretch of a time axis; `None` for its beginning or its end.
type Stretch = (Option<i64>, Option<i64>);

/// Of a range, the stretches without a chunk: a bucket that begins in one has lost its rows, or had none. Between two
/// chunks it counts only if it ends before the second begins; what lies behind the last chunk is not there yet.
fn gaps(mut chunks: Vec<(i64, i64)>, bucket_width: i64, (from, to): Stretch) -> Vec<Stretch> {
    chunks.sort_unstable();
    let Some(&(first, _)) = chunks.first() else {
        return vec![(from, to)];
    };
    let mut stretches = vec![(None, first)];
    let mut covered_to = first;
    for (start, end) in chunks {
        let last_lost = start.saturating_sub(bucket_width).saturating_add(1);
        if covered_to < last_lost {
            stretches.push((Some(covered_to), last_lost));
        }
        covered_to = covered_to.max(end);
    }
    if stretches.len() > MOST_GAPS {
        // Rather too many than too few.
        let last = stretches.iter().map(|stretch| stretch.1).max().unwrap_or(first);
        stretches = vec![(None, last)];
    }
    stretches
        .into_iter()
        .map(|(start, end)| {
            let start = start.max(from);
            (start, to.map_or(end, |to| end.min(to)))
        })
        .filter(|(start, end)| start.is_none_or(|start| start < *end))
        .map(|(start, end)| (start, Some(end)))
        .collect()
}

/// In the catalog's numbers; a month has at most 31 days. Nothing where it is not a plain one.
fn bucket_width(aggregate: &ContinuousAggregate) -> i64 {
    match aggregate.bucket_width {
        Some(TimeSpan::Interval(interval)) => interval.approximate_microseconds() / 30 * 31,
        Some(TimeSpan::Number(number)) => number,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_before_the_first_chunk_and_between_two_has_lost_its_rows() {
        let chunks = vec![(300, 400), (100, 200)];
        let all = gaps(chunks.clone(), 10, (None, None));
        assert_eq!(all, [(None, Some(100)), (Some(200), Some(291))]);
        assert_eq!(gaps(chunks.clone(), 10, (Some(120), Some(190))), []);
        assert_eq!(
            gaps(chunks.clone(), 10, (Some(150), Some(250))),
            [(Some(200), Some(250))]
        );
        // A bucket that reaches into the next chunk still has rows.
        assert_eq!(gaps(chunks, 150, (Some(100), None)), []);
        assert_eq!(gaps(Vec::new(), 10, (Some(1), None)), [(Some(1), None)]);
    }
}
