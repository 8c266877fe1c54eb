-- The beginning of operated_chunks.sql from TimescaleDB 2.29 on, where a slice knows its chunk.
with place as (
  select k.relid::oid as rel, k.id as chunk_id, k.status, k.osm_chunk, k.creation_time, ds.range_start, ds.range_end
  from _timescaledb_catalog.dimension_slice ds
  join _timescaledb_catalog.chunk k on k.id = ds.chunk_id
  where ds.dimension_id = $2 and k.hypertable_id = $1
)
