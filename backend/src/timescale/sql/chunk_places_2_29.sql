-- Stands between relations.sql and chunks.sql: which row of the catalog a chunk is, and its place on the time axis.
-- TimescaleDB from 2.29 on, where the catalog knows a chunk's relation and a slice its chunk.
), time_dimension as (
  select distinct on (d.hypertable_id) d.id as dimension_id
  from _timescaledb_catalog.dimension d
  order by d.hypertable_id, d.id
), places as materialized (
  select k.relid::oid as rel, k.id as chunk_id, k.status, k.creation_time, ds.range_start, ds.range_end
  from time_dimension td
  join _timescaledb_catalog.dimension_slice ds on ds.dimension_id = td.dimension_id
  join _timescaledb_catalog.chunk k on k.id = ds.chunk_id
