-- The beginning of operated_chunks.sql up to TimescaleDB 2.28, where the catalog names a chunk by schema and table.
with place as (
  select c.oid as rel, k.id as chunk_id, k.status, k.osm_chunk, k.creation_time, ds.range_start, ds.range_end
  from _timescaledb_catalog.dimension_slice ds
  join _timescaledb_catalog.chunk_constraint cc on cc.dimension_slice_id = ds.id
  join _timescaledb_catalog.chunk k on k.id = cc.chunk_id
  join pg_namespace n on n.nspname = k.schema_name
  join pg_class c on c.relname = k.table_name and c.relnamespace = n.oid
  where ds.dimension_id = $2 and k.hypertable_id = $1
)
