//! How a hypertable is defined, without its chunks: of all of them for a snapshot, and of one with its jobs and its
//! continuous aggregate for a change of its policies. Both go through the same functions, so that both say the same.

use domain::compression_settings::{CompressionSettings, OrderBy, SegmentBy};
use domain::continuous_aggregate::ContinuousAggregate;
use domain::dimension::{Dimension, DimensionKind};
use domain::hypertable::Hypertable;
use domain::job::Job;
use domain::policy::{AgePolicy, Applicant, Capabilities, Current, NotPlannable};
use domain::snapshot::Edition;
use domain::table_name::TableName;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;

use super::axis::{length, small_count};
use super::jobs::{AggregateRow, JobRow, aggregate, job};

/// Jobs of one hypertable, up to 2.24. The rest of the statement stands in the file.
const JOBS_CONFIG: &str = concat!(
    include_str!("sql/jobs_config.sql"),
    "where hypertable_id = $1\n",
    include_str!("sql/jobs.sql")
);
/// The same from 2.25 on.
const JOBS_CATALOG: &str = concat!(
    include_str!("sql/jobs_catalog.sql"),
    "where hypertable_id = $1\n",
    include_str!("sql/jobs.sql")
);
const HYPERTABLE: &str = concat!(
    "select * from (\n",
    include_str!("sql/hypertables.sql"),
    ") as one where id = $1"
);
const DIMENSIONS: &str = concat!(
    "select * from (\n",
    include_str!("sql/dimensions.sql"),
    ") as one where hypertable_id = $1"
);
const SETTINGS: &str = concat!(
    "select * from (\n",
    include_str!("sql/compression_settings.sql"),
    ") as one where relation = $1"
);
const AGGREGATE: &str = concat!(
    "select * from (\n",
    include_str!("sql/continuous_aggregates.sql"),
    ") as one where materialization_schema = $1 and materialization_table = $2"
);

/// A row of `hypertables.sql`.
#[derive(FromRow)]
pub(super) struct HypertableRow {
    pub(super) id: i32,
    schema_name: String,
    table_name: String,
    owner: String,
    compression_enabled: bool,
    tablespaces: Vec<String>,
    view_schema: Option<String>,
    view_name: Option<String>,
}

/// A row of `dimensions.sql`.
#[derive(FromRow)]
pub(super) struct DimensionRow {
    pub(super) hypertable_id: i32,
    column_name: String,
    column_type: String,
    pub(super) is_integer: bool,
    interval_length: Option<i64>,
    partitions: Option<i32>,
    now_function_schema: Option<String>,
    now_function: Option<String>,
}

/// A row of `compression_settings.sql`.
#[derive(FromRow)]
pub(super) struct SettingsRow {
    pub(super) relation: Oid,
    segment_by: Option<Vec<String>>,
    order_by: Option<Vec<String>>,
    descending: Option<Vec<bool>>,
    nulls_first: Option<Vec<bool>>,
}

#[derive(FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "the columns of policy_target.sql")]
struct TargetRow {
    hypertable_id: i32,
    relation: Oid,
    role: String,
    version: String,
    license: Option<String>,
    has_catalog_jobs: bool,
    owner_can_login: bool,
    has_owner: bool,
    has_database: bool,
    lock_slots: i64,
    columns: Vec<String>,
    indexes: i32,
}

/// One table with its policies, and who asks, as the server has it at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    table: Hypertable,
    aggregate: Option<ContinuousAggregate>,
    jobs: Vec<Job>,
    /// The hypertable's own table.
    pub(crate) relation: Oid,
    pub(crate) edition: Edition,
    pub(crate) capabilities: Capabilities,
    pub(crate) applicant: Applicant,
    pub(crate) owner_can_login: bool,
    pub(crate) lock_slots: u64,
    pub(crate) columns: Vec<String>,
    pub(crate) indexes: u32,
}

impl Definition {
    /// What a plan is made for; what the console itself drops is not the server's to know.
    pub(crate) fn current(&self, console_retention: Option<AgePolicy>) -> Result<Current, NotPlannable> {
        Current::of_parts(
            &self.table,
            self.aggregate.as_ref(),
            &self.jobs,
            console_retention,
        )
    }

    /// The hypertable.
    pub(crate) fn table_name(&self) -> TableName {
        self.table.table_name()
    }
}

/// Reads one table by its name, or by that of a continuous aggregate; `None` where there is none. Some milliseconds,
/// however many tables there are. In whichever transaction the connection is.
pub(crate) async fn read_definition(
    connection: &mut PgConnection,
    name: &TableName,
) -> Result<Option<Definition>, sqlx::Error> {
    let target: Option<TargetRow> = sqlx::query_as(include_str!("sql/policy_target.sql"))
        .bind(&name.schema)
        .bind(&name.name)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(target) = target else { return Ok(None) };
    let row: Option<HypertableRow> = sqlx::query_as(HYPERTABLE)
        .bind(target.hypertable_id)
        .fetch_optional(&mut *connection)
        .await?;
    let dimensions: Vec<DimensionRow> = sqlx::query_as(DIMENSIONS)
        .bind(target.hypertable_id)
        .fetch_all(&mut *connection)
        .await?;
    let settings: Option<SettingsRow> = sqlx::query_as(SETTINGS)
        .bind(target.relation)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(table) = row.and_then(|row| defined(row, &dimensions, settings.map(compression_settings)))
    else {
        return Ok(None);
    };
    let jobs: Vec<JobRow> = sqlx::query_as(if target.has_catalog_jobs {
        JOBS_CATALOG
    } else {
        JOBS_CONFIG
    })
    .bind(target.hypertable_id)
    .fetch_all(&mut *connection)
    .await?;
    let of_aggregate: Option<AggregateRow> = sqlx::query_as(AGGREGATE)
        .bind(&table.schema)
        .bind(&table.name)
        .fetch_optional(&mut *connection)
        .await?;
    let capabilities = Capabilities::of_version(&target.version);
    let may_change = target.has_owner || target.has_database && capabilities.obeys_database_owner;
    Ok(Some(Definition {
        aggregate: of_aggregate.map(|row| aggregate(row, &jobs)),
        jobs: jobs.into_iter().map(|row| job(row, None)).collect(),
        table,
        relation: target.relation,
        edition: match target.license.as_deref() {
            Some("timescale") => Edition::Community,
            _ => Edition::Apache,
        },
        capabilities,
        applicant: Applicant {
            role: target.role,
            may_change,
        },
        owner_can_login: target.owner_can_login,
        lock_slots: u64::try_from(target.lock_slots).unwrap_or(0),
        columns: target.columns,
        indexes: small_count(target.indexes),
    }))
}

/// A hypertable without its chunks; `None` without a dimension, while it is being created or dropped.
pub(super) fn defined(
    row: HypertableRow,
    dimensions: &[DimensionRow],
    settings: Option<CompressionSettings>,
) -> Option<Hypertable> {
    let first = dimensions.first()?;
    Some(Hypertable {
        schema: row.schema_name,
        name: row.table_name,
        owner: row.owner,
        time_column: first.column_name.clone(),
        time_type: first.column_type.clone(),
        chunk_interval: first.interval_length.map(|value| length(value, first.is_integer)),
        dimensions: dimensions.iter().map(dimension).collect(),
        compression_enabled: row.compression_enabled,
        compression_settings: row.compression_enabled.then(|| settings.unwrap_or_default()),
        tablespaces: row.tablespaces,
        materializes: row
            .view_schema
            .zip(row.view_name)
            .map(|(schema, name)| TableName { schema, name }),
        ..Hypertable::default()
    })
}

fn dimension(row: &DimensionRow) -> Dimension {
    Dimension {
        column: row.column_name.clone(),
        column_type: row.column_type.clone(),
        kind: match row.interval_length {
            Some(value) => DimensionKind::Range {
                interval: length(value, row.is_integer),
                now_function: row
                    .now_function_schema
                    .as_ref()
                    .zip(row.now_function.as_ref())
                    .map(|(schema, name)| format!("{schema}.{name}")),
            },
            None => DimensionKind::Hash {
                partitions: row
                    .partitions
                    .and_then(|partitions| u32::try_from(partitions).ok())
                    .unwrap_or(0),
            },
        },
    }
}

/// What `compression_settings.sql` says.
pub(super) fn compression_settings(row: SettingsRow) -> CompressionSettings {
    let descending = row.descending.unwrap_or_default();
    let nulls_first = row.nulls_first.unwrap_or_default();
    CompressionSettings {
        segment_by: match row.segment_by {
            None => SegmentBy::ServerChooses,
            Some(columns) if columns.is_empty() => SegmentBy::Nothing,
            Some(columns) => SegmentBy::Columns(columns),
        },
        order_by: row
            .order_by
            .unwrap_or_default()
            .into_iter()
            .enumerate()
            .map(|(index, column)| OrderBy {
                column,
                descending: descending.get(index).copied().unwrap_or_default(),
                nulls_first: nulls_first.get(index).copied().unwrap_or_default(),
            })
            .collect(),
    }
}
