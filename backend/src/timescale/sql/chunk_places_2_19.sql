-- Stands between relations.sql and chunks.sql: which row of the catalog a chunk is, and its place on the time axis.
-- TimescaleDB up to 2.28, where the catalog names a chunk by schema and table.
), time_dimension as (
  select distinct on (d.hypertable_id) d.id as dimension_id
  from _timescaledb_catalog.dimension d
  order by d.hypertable_id, d.id
), places as materialized (
  select c.oid as rel, k.id as chunk_id, k.status, k.creation_time, ds.range_start, ds.range_end
  from time_dimension td
  join _timescaledb_catalog.dimension_slice ds on ds.dimension_id = td.dimension_id
  join _timescaledb_catalog.chunk_constraint cc on cc.dimension_slice_id = ds.id
  join _timescaledb_catalog.chunk k on k.id = cc.chunk_id
  join pg_namespace n on n.nspname = k.schema_name
  join pg_class c on c.relname = k.table_name and c.relnamespace = n.oid
