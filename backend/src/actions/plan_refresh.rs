//! What refreshing a continuous aggregate would do.

use std::time::Duration;

use domain::action::{ActionTarget, ActionWarning, TargetPreview, point};
use domain::continuous_aggregate::ContinuousAggregate;
use domain::time_axis::TimeAxis;
use sqlx::AssertSqlSafe;

use super::plan::{Known, PlannedTarget, Planner};
use super::refused::ActionRefused;
use crate::timescale::operated::{OperatedTable, read_operated_chunks, read_operated_table};
use crate::timescale::operation::connect_for_operation;

/// How far back an aggregate goes is looked up within this.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

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
        if let Some(warning) = erased(planner, aggregate, &lies_in, from).await? {
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
                skip: None,
                bytes: None,
                bytes_after: None,
                rows: None,
            },
            known: Known::Aggregate,
        });
    }
    Ok(targets)
}

/// Whether the range goes back further than the rows the aggregate is made of, and the aggregate still has some there.
async fn erased(
    planner: &mut Planner<'_>,
    aggregate: &ContinuousAggregate,
    lies_in: &OperatedTable,
    from: Option<i64>,
) -> Result<Option<ActionWarning>, ActionRefused> {
    let refused = |error: sqlx::Error| ActionRefused::of(&error);
    let session = &mut *planner.session;
    let Some(source) = read_operated_table(&mut session.connection, &aggregate.source)
        .await
        .map_err(refused)?
    else {
        return Ok(None);
    };
    let source_from = read_operated_chunks(&mut session.connection, &session.server, &source)
        .await
        .map_err(refused)?
        .iter()
        .map(|chunk| chunk.range_start)
        .min();
    if from.zip(source_from).is_some_and(|(from, source)| from >= source) {
        return Ok(None);
    }
    // Names and values are quoted by `TableName` and by the table's own type.
    let column = format!("\"{}\"", lies_in.time_column.replace('"', "\"\""));
    let mut conditions = Vec::new();
    if let Some(from) = from {
        conditions.push(format!("{column} >= {}", lies_in.literal(from)));
    }
    if let Some(source) = source_from {
        conditions.push(format!("{column} < {}", lies_in.literal(source)));
    }
    let condition = if conditions.is_empty() {
        String::new()
    } else {
        format!(" where {}", conditions.join(" and "))
    };
    let value = if lies_in.is_integer {
        format!("min({column})::int8")
    } else {
        format!("(extract(epoch from min({column})) * 1000000)::int8")
    };
    let statement = format!("select {value} from {}{condition}", lies_in.table.as_identifier());
    let look =
        sqlx::query_scalar::<_, Option<i64>>(AssertSqlSafe(statement)).fetch_one(&mut session.connection);
    let has_from = if let Ok(has_from) = tokio::time::timeout(LOOK_WITHIN, look).await {
        has_from.map_err(refused)?
    } else {
        // Then the chunks it lies in have to do: they may begin a little earlier than its rows.
        *session = connect_for_operation(planner.url).await.map_err(refused)?;
        read_operated_chunks(&mut session.connection, &session.server, lies_in)
            .await
            .map_err(refused)?
            .iter()
            .map(|chunk| chunk.range_start)
            .min()
            .filter(|start| source_from.is_none_or(|source| *start < source))
    };
    Ok(has_from
        .and_then(|at| lies_in.point(at))
        .map(|has_from| ActionWarning::ErasesHistory {
            aggregate: aggregate.view.clone(),
            has_from,
            source_from: source_from.and_then(|at| source.point(at)),
        }))
}
