//! Statements that give in psql what the console's pages show, by the official views and functions. Each is one
//! statement that only reads, for TimescaleDB 2.19 and newer, both editions.

use serde::{Deserialize, Serialize};

use crate::table_name::TableName;

/// What a page shows, as a statement gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// Server and sums.
    Overview,
    /// Hypertables.
    Hypertables,
    /// Chunks.
    Chunks,
    /// Compression.
    Compression,
    /// Jobs.
    Jobs,
    /// Policies: the jobs that keep one table as it should be.
    Policies,
    /// Continuous aggregates.
    Aggregates,
    /// Waits and long transactions.
    Activity,
}

impl Statement {
    /// The statement; with a table for that one only, where it is about tables. The table may be named as the continuous
    /// aggregate whose results lie in it.
    pub fn sql(self, table: Option<&TableName>) -> String {
        match (self, table) {
            (Self::Overview, _) => OVERVIEW.to_owned(),
            (Self::Aggregates, _) => AGGREGATES.to_owned(),
            (Self::Activity, _) => ACTIVITY.to_owned(),
            (Self::Hypertables, None) => HYPERTABLES.to_owned(),
            (Self::Compression, None) => COMPRESSION.to_owned(),
            (Self::Jobs, None) => JOBS.to_owned(),
            (Self::Policies, None) => narrowed(JOBS, ARE_POLICIES, None),
            (Self::Chunks, None) => format!("{CHUNKS_HEAD}{ALL_TABLES}{CHUNKS}"),
            (Self::Chunks, Some(table)) => chunks(table),
            (Self::Hypertables, Some(_)) => narrowed(HYPERTABLES, ARE_TABLE, table),
            (Self::Compression, Some(_)) => narrowed(COMPRESSION, ARE_TABLE, table),
            (Self::Jobs, Some(_)) => narrowed(JOBS, ARE_OF_TABLE, table),
            (Self::Policies, Some(_)) => {
                narrowed(JOBS, &format!("{ARE_OF_TABLE}\n  and {ARE_POLICIES}"), table)
            }
        }
    }
}

/// Rows of [`HYPERTABLES`] and [`COMPRESSION`] that are one table's.
const ARE_TABLE: &str = "({schema}, {name}) in (
    (t.hypertable_schema, t.hypertable_name), (t.view_schema, t.view_name))";
/// Jobs of one table. A view of theirs may name the continuous aggregate or the hypertable its results lie in.
const ARE_OF_TABLE: &str = "(j.hypertable_schema, j.hypertable_name) in (
    select {schema}::name, {name}::name
    union all
    select v.schema, v.name
    from timescaledb_information.continuous_aggregates a
    cross join lateral (values
      (a.view_schema, a.view_name), (a.materialization_hypertable_schema, a.materialization_hypertable_name)
    ) v (schema, name)
    where ({schema}, {name}) in (
      (a.view_schema, a.view_name), (a.materialization_hypertable_schema, a.materialization_hypertable_name)))";
const ARE_POLICIES: &str = "starts_with(j.proc_name, 'policy_')";

/// A statement with a condition for its rows, before its last order.
fn narrowed(sql: &str, condition: &str, table: Option<&TableName>) -> String {
    let (rows, order) = sql.rsplit_once("\norder by ").unwrap_or((sql, ";"));
    let sql = format!("{rows}\nwhere {condition}\norder by {order}");
    table.map_or(sql.clone(), |table| filled(&sql, table))
}

/// The server, and sums over all hypertables.
pub const OVERVIEW: &str = "\
-- hypertable_size opens every chunk.
with tables as (
  select format('%I.%I', hypertable_schema, hypertable_name)::regclass as relation
  from timescaledb_information.hypertables
  union all
  select format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass
  from timescaledb_information.continuous_aggregates
)
select current_database() as database, current_setting('server_version') as postgres_version,
  (select extversion from pg_extension where extname = 'timescaledb') as timescaledb_version,
  current_setting('timescaledb.license') as edition, pg_postmaster_start_time() as started_at,
  pg_database_size(current_database()) as database_bytes,
  (select count(*) from tables) as hypertables,
  (select sum(hypertable_size(relation))::int8 from tables) as total_bytes,
  (select sum(approximate_row_count(relation))::int8 from tables) as approximate_rows,
  (select count(*) from timescaledb_information.chunks) as chunks,
  (select count(*) from timescaledb_information.chunks where is_compressed) as compressed_chunks,
  (select count(*) from timescaledb_information.continuous_aggregates) as continuous_aggregates,
  (select count(*) from timescaledb_information.jobs) as jobs;
";

/// Every hypertable, those of continuous aggregates included: sizes, rows, chunks, interval, policies.
pub const HYPERTABLES: &str = "\
-- hypertable_detailed_size opens every chunk: seconds, and memory of the session, at 10,000 of them.
-- Rows are exact after VACUUM (ANALYZE).
with tables as (
  select hypertable_schema, hypertable_name, null::name as view_schema, null::name as view_name,
    owner::text as owner, compression_enabled, tablespaces
  from timescaledb_information.hypertables
  union all
  select materialization_hypertable_schema, materialization_hypertable_name,
    view_schema, view_name, view_owner::text, compression_enabled, null
  from timescaledb_information.continuous_aggregates
), chunks as (
  select hypertable_schema, hypertable_name, count(*) as chunks,
    count(*) filter (where is_compressed) as compressed_chunks,
    min(range_start) as chunks_from, max(range_end) as chunks_until,
    min(range_start_integer) as chunks_from_integer, max(range_end_integer) as chunks_until_integer
  from timescaledb_information.chunks
  group by 1, 2
)
select t.hypertable_schema, t.hypertable_name,
  case when t.view_name is not null then format('%I.%I', t.view_schema, t.view_name) end as continuous_aggregate,
  t.owner,
  d.column_name as time_column, d.column_type as time_type,
  coalesce(d.time_interval::text, d.integer_interval::text) as chunk_interval,
  s.total_bytes, pg_size_pretty(s.total_bytes) as total,
  s.heap_bytes, s.index_bytes, s.toast_bytes,
  approximate_row_count(r.relation) as approximate_rows,
  coalesce(c.chunks, 0) as chunks, coalesce(c.compressed_chunks, 0) as compressed_chunks,
  c.chunks_from, c.chunks_until, c.chunks_from_integer, c.chunks_until_integer,
  t.compression_enabled,
  p.compress_after, p.drop_after, t.tablespaces
from tables t
cross join lateral (
  select format('%I.%I', t.hypertable_schema, t.hypertable_name)::regclass as relation
) r
cross join lateral (
  select sum(table_bytes)::int8 as heap_bytes, sum(index_bytes)::int8 as index_bytes,
    coalesce(sum(toast_bytes), 0)::int8 as toast_bytes, sum(total_bytes)::int8 as total_bytes
  from hypertable_detailed_size(r.relation)
) s
left join timescaledb_information.dimensions d
  on d.hypertable_schema = t.hypertable_schema and d.hypertable_name = t.hypertable_name
  and d.dimension_number = 1
left join chunks c
  on c.hypertable_schema = t.hypertable_schema and c.hypertable_name = t.hypertable_name
left join lateral (
  select max(j.config ->> 'compress_after') as compress_after, max(j.config ->> 'drop_after') as drop_after
  from timescaledb_information.jobs j
  where j.proc_name in ('policy_compression', 'policy_retention')
    and (j.hypertable_schema, j.hypertable_name) in (
      (t.hypertable_schema, t.hypertable_name), (t.view_schema, t.view_name))
) p on true
order by s.total_bytes desc, 1, 2;
";

const CHUNKS_HEAD: &str = "\
-- Opens every chunk. Bytes before and after are those of the moment of compression.
";
const ALL_TABLES: &str = "\
with t as (
  select hypertable_schema, hypertable_name,
    format('%I.%I', hypertable_schema, hypertable_name)::regclass as relation
  from timescaledb_information.hypertables
  union all
  select materialization_hypertable_schema, materialization_hypertable_name,
    format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass
  from timescaledb_information.continuous_aggregates
)";
const ONE_TABLE: &str = "\
with named as (
  -- A continuous aggregate stands for the hypertable its results lie in.
  select coalesce(a.materialization_hypertable_schema, n.schema) as hypertable_schema,
    coalesce(a.materialization_hypertable_name, n.name) as hypertable_name
  from (select {schema}::name as schema, {name}::name as name) n
  left join timescaledb_information.continuous_aggregates a
    on a.view_schema = n.schema and a.view_name = n.name
), t as (
  select *, format('%I.%I', hypertable_schema, hypertable_name)::regclass as relation from named
)";
const CHUNKS: &str = ", s as materialized (
  select z.* from t cross join lateral chunks_detailed_size(t.relation) z
), x as materialized (
  select z.* from t cross join lateral chunk_compression_stats(t.relation) z
)
select hypertable_schema, hypertable_name,
  c.chunk_schema, c.chunk_name, c.range_start, c.range_end, c.range_start_integer, c.range_end_integer,
  s.total_bytes, pg_size_pretty(s.total_bytes) as total,
  s.table_bytes as heap_bytes, s.index_bytes, coalesce(s.toast_bytes, 0) as toast_bytes,
  c.is_compressed,
  x.before_compression_total_bytes, x.after_compression_total_bytes,
  round(100 * (1 - x.after_compression_total_bytes::numeric / nullif(x.before_compression_total_bytes, 0)), 1)
    as saved_percent,
  cs.segmentby, cs.orderby,
  c.chunk_creation_time
from t
join timescaledb_information.chunks c using (hypertable_schema, hypertable_name)
left join s on s.chunk_schema = c.chunk_schema and s.chunk_name = c.chunk_name
left join x on x.chunk_schema = c.chunk_schema and x.chunk_name = c.chunk_name
left join timescaledb_information.chunk_compression_settings cs
  on cs.chunk = format('%I.%I', c.chunk_schema, c.chunk_name)::regclass
order by 1, 2, c.range_start desc, c.range_start_integer desc, c.chunk_name;
";

/// The chunks of one hypertable, newest first. It may be named as the continuous aggregate whose results lie in it.
pub fn chunks(table: &TableName) -> String {
    filled(&format!("{CHUNKS_HEAD}{ONE_TABLE}{CHUNKS}"), table)
}

/// With the table's name where `{schema}` and `{name}` stand.
fn filled(sql: &str, table: &TableName) -> String {
    // Each placeholder by itself: a name may look like the other one.
    let mut text = String::with_capacity(sql.len() + 64);
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('{') {
        let (placeholder, behind) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(before);
        text.push_str(&literal(if placeholder == "schema" {
            &table.schema
        } else {
            &table.name
        }));
        rest = behind;
    }
    text + rest
}

/// A text as an SQL literal, whatever the server's `standard_conforming_strings`.
/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS>
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// What compression does to each hypertable.
pub const COMPRESSION: &str = "\
-- Bytes before and after are those of the moment of compression; compressed_now_bytes opens every chunk.
-- The Apache edition has no compression: nothing is compressed there.
with tables as (
  select hypertable_schema, hypertable_name, null::name as view_schema, null::name as view_name,
    compression_enabled
  from timescaledb_information.hypertables
  union all
  select materialization_hypertable_schema, materialization_hypertable_name,
    view_schema, view_name, compression_enabled
  from timescaledb_information.continuous_aggregates
)
select t.hypertable_schema, t.hypertable_name,
  case when t.view_name is not null then format('%I.%I', t.view_schema, t.view_name) end as continuous_aggregate,
  t.compression_enabled,
  s.segmentby, s.orderby, p.compress_after,
  coalesce(n.chunks, 0) as chunks, coalesce(n.compressed_chunks, 0) as compressed_chunks,
  x.before_compression_total_bytes, x.after_compression_total_bytes,
  round(100 * (1 - x.after_compression_total_bytes::numeric / nullif(x.before_compression_total_bytes, 0)), 1)
    as saved_percent,
  coalesce(n.compressed_now_bytes, 0)::int8 as compressed_now_bytes,
  -- What the table leaves to the server is no difference, nor is the time column that it adds to an order.
  (
    select count(*) from timescaledb_information.chunk_compression_settings c
    where c.hypertable = r.relation and (
      coalesce(c.segmentby, '') <> s.segmentby or not starts_with(c.orderby || ',', s.orderby || ','))
  ) as chunks_with_other_settings
from tables t
cross join lateral (
  select format('%I.%I', t.hypertable_schema, t.hypertable_name)::regclass as relation
) r
left join timescaledb_information.hypertable_compression_settings s on s.hypertable = r.relation
left join lateral hypertable_compression_stats(r.relation) x on true
left join lateral (
  select count(*) as chunks, count(*) filter (where c.is_compressed) as compressed_chunks,
    sum(z.total_bytes) filter (where c.is_compressed) as compressed_now_bytes
  from timescaledb_information.chunks c
  left join chunks_detailed_size(r.relation) z
    on z.chunk_schema = c.chunk_schema and z.chunk_name = c.chunk_name
  where c.hypertable_schema = t.hypertable_schema and c.hypertable_name = t.hypertable_name
) n on true
left join lateral (
  select max(j.config ->> 'compress_after') as compress_after
  from timescaledb_information.jobs j
  where j.proc_name = 'policy_compression'
    and (j.hypertable_schema, j.hypertable_name) in (
      (t.hypertable_schema, t.hypertable_name), (t.view_schema, t.view_name))
) p on true
order by x.before_compression_total_bytes desc nulls last, 1, 2;
";

/// Background jobs with their statistics and newest error.
pub const JOBS: &str = "\
-- Why a job failed is shown to members of its owner and of the database's owner only.
-- A next_start of -infinity: it runs now, or it is stuck.
select j.job_id, j.application_name, j.proc_schema, j.proc_name, j.owner::text as owner,
  (
    select r.rolcanlogin from pg_roles r where j.owner::text in (r.rolname, quote_ident(r.rolname)) limit 1
  ) as owner_can_login,
  j.hypertable_schema, j.hypertable_name,
  j.schedule_interval, j.fixed_schedule, j.scheduled, j.next_start,
  s.job_status, s.last_run_started_at, s.last_successful_finish, s.last_run_status, s.last_run_duration,
  coalesce(s.total_runs, 0) as total_runs, coalesce(s.total_successes, 0) as total_successes,
  coalesce(s.total_failures, 0) as total_failures,
  e.start_time as failed_at, e.sqlerrcode, e.err_message, j.config
from timescaledb_information.jobs j
left join timescaledb_information.job_stats s on s.job_id = j.job_id
left join lateral (
  select f.start_time, f.sqlerrcode, f.err_message
  from timescaledb_information.job_errors f
  where f.job_id = j.job_id
  order by f.start_time desc
  limit 1
) e on true
order by j.job_id;
";

/// Continuous aggregates: how far they are materialized, what they cost, their refresh policies.
pub const AGGREGATES: &str = "\
-- watermark is the end of the newest materialized bucket: microseconds since 1970, or a value of integer time.
select a.view_schema, a.view_name, a.view_owner::text as view_owner,
  a.hypertable_schema as source_schema, a.hypertable_name as source_name,
  a.materialization_hypertable_schema, a.materialization_hypertable_name,
  a.materialized_only, a.compression_enabled,
  w.watermark,
  case when d.time_interval is not null then _timescaledb_functions.to_timestamp(w.watermark) end
    as materialized_until,
  hypertable_size(r.relation) as total_bytes, pg_size_pretty(hypertable_size(r.relation)) as total,
  approximate_row_count(r.relation) as approximate_rows,
  j.job_id as refresh_job_id, j.schedule_interval as refresh_every,
  j.config ->> 'start_offset' as start_offset, j.config ->> 'end_offset' as end_offset,
  a.view_definition
from timescaledb_information.continuous_aggregates a
cross join lateral (
  select format('%I.%I', a.materialization_hypertable_schema, a.materialization_hypertable_name)::regclass
    as relation
) r
cross join lateral (
  select _timescaledb_functions.cagg_watermark(h.id) as watermark
  from _timescaledb_catalog.hypertable h
  where h.schema_name = a.materialization_hypertable_schema
    and h.table_name = a.materialization_hypertable_name
) w
left join timescaledb_information.dimensions d
  on d.hypertable_schema = a.materialization_hypertable_schema
  and d.hypertable_name = a.materialization_hypertable_name and d.dimension_number = 1
left join timescaledb_information.jobs j
  on j.proc_name = 'policy_refresh_continuous_aggregate'
  and (j.hypertable_schema, j.hypertable_name) in (
    (a.materialization_hypertable_schema, a.materialization_hypertable_name), (a.view_schema, a.view_name))
order by 1, 2, j.job_id;
";

/// Who blocks whom, and transactions that have been open for a minute or more.
pub const ACTIVITY: &str = "\
-- What other sessions do is shown to members of pg_read_all_stats (pg_monitor) only. A pid of 0 among blocked_by
-- stands for a prepared transaction.
with sessions as (
  select a.*, pg_blocking_pids(a.pid) as blocked_by
  from pg_stat_activity a
  where a.datname = current_database() and a.pid <> pg_backend_pid()
)
select s.pid, s.usename, s.application_name, s.backend_type, s.state, s.blocked_by,
  array(select b.pid from sessions b where s.pid = any (b.blocked_by) order by b.pid) as blocks,
  s.wait_event_type, s.wait_event, s.xact_start, now() - s.xact_start as open_for,
  l.mode as waits_for, l.relation::regclass as waits_for_relation, now() - l.waitstart as waiting,
  left(s.query, 200) as query
from sessions s
left join pg_locks l on l.pid = s.pid and not l.granted
where cardinality(s.blocked_by) > 0
  or s.xact_start <= now() - interval '1 minute'
  or exists (select from sessions b where s.pid = any (b.blocked_by))
order by s.xact_start, s.pid;
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_literals_whatever_is_in_them() {
        for (name, text) in [
            ("metric", "'metric'"),
            ("O'Hara \"x\"", "'O''Hara \"x\"'"),
            ("back\\slash'", "E'back\\\\slash'''"),
        ] {
            assert_eq!(literal(name), text);
        }
    }

    #[test]
    fn a_name_that_looks_like_a_placeholder_stays_a_name() {
        let sql = chunks(&TableName::new("{name}", "a{schema}'; drop table x; --"));
        assert!(
            sql.contains("select '{name}'::name as schema, 'a{schema}''; drop table x; --'::name as name"),
            "{sql}"
        );
        assert!(sql.ends_with("c.chunk_name;\n"));
    }

    #[test]
    fn each_is_one_statement() {
        let table = TableName::new("public", "oee");
        for statement in [
            Statement::Overview,
            Statement::Hypertables,
            Statement::Chunks,
            Statement::Compression,
            Statement::Jobs,
            Statement::Policies,
            Statement::Aggregates,
            Statement::Activity,
        ] {
            for table in [None, Some(&table)] {
                let sql = statement.sql(table);
                let code: String = sql
                    .lines()
                    .map(|line| line.split("--").next().unwrap_or_default())
                    .collect();
                assert_eq!(code.matches(';').count(), 1, "{sql}");
                assert!(code.ends_with(';'), "{sql}");
                assert!(!code.contains(['{', '}']), "{sql}");
            }
        }
    }

    #[test]
    fn a_statement_of_one_table_names_it() {
        let table = TableName::new("Fabrik", "O'Hara");
        for statement in [
            Statement::Hypertables,
            Statement::Chunks,
            Statement::Compression,
            Statement::Jobs,
            Statement::Policies,
        ] {
            let sql = statement.sql(Some(&table));
            assert!(sql.contains("'Fabrik'") && sql.contains("'O''Hara'"), "{sql}");
        }
    }
}
