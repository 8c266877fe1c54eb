-- Continuous aggregates with their watermark. A few rows; a millisecond. "finalized" went away once every one was.
select
  ca.user_view_schema::text as view_schema,
  ca.user_view_name::text as view_name,
  pg_get_userbyid(v.relowner)::text as owner,
  raw.schema_name::text as source_schema,
  raw.table_name::text as source_table,
  mat.schema_name::text as materialization_schema,
  mat.table_name::text as materialization_table,
  ca.materialized_only,
  (mat.compression_state = 1 or mat.status & 4 = 4) as compression_enabled,
  coalesce((to_jsonb(ca) ->> 'finalized')::bool, true) as finalized,
  f.bucket_width,
  d.column_type in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) as integer_time,
  w.watermark::int8 as watermark
from _timescaledb_catalog.continuous_agg ca
join _timescaledb_catalog.hypertable raw on raw.id = ca.raw_hypertable_id
join _timescaledb_catalog.hypertable mat on mat.id = ca.mat_hypertable_id
join pg_namespace n on n.nspname = ca.user_view_schema
join pg_class v on v.relname = ca.user_view_name and v.relnamespace = n.oid
cross join lateral (
  select column_type from _timescaledb_catalog.dimension where hypertable_id = mat.id order by id limit 1
) d
left join _timescaledb_catalog.continuous_aggs_bucket_function f on f.mat_hypertable_id = mat.id
left join _timescaledb_catalog.continuous_aggs_watermark w on w.mat_hypertable_id = mat.id
order by 1, 2
