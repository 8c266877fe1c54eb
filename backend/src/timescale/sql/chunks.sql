-- Every chunk with its range on the time axis, bytes, rows and compression state. Continues relations.sql; read in the
-- same transaction as hypertables.sql. A compressed chunk is itself and its sibling: the sibling's pages once VACUUM has
-- seen it, before that what compression wrote down.
), time_dimension as (
  select distinct on (d.hypertable_id) d.hypertable_id as id, d.id as dimension_id,
    d.column_type in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) as integer_time
  from _timescaledb_catalog.dimension d
  order by d.hypertable_id, d.id
), slices as (
  select cc.chunk_id, ds.range_start, ds.range_end
  from _timescaledb_catalog.chunk_constraint cc
  join _timescaledb_catalog.dimension_slice ds on ds.id = cc.dimension_slice_id
  join time_dimension td on td.dimension_id = ds.dimension_id
)
select
  b.id::int4 as hypertable_id,
  b.rel as relation,
  n.nspname::text as schema_name,
  c.relname::text as chunk_name,
  td.integer_time,
  sl.range_start::int8 as range_start,
  sl.range_end::int8 as range_end,
  b.is_compressed,
  b.unsettled,
  (not b.unsettled and b.fresh and b.toast_is_exact
    and (not b.is_compressed or coalesce(s.fresh and s.toast_is_exact, true) and coalesce(k.status & 10 = 0, true))) as exact,
  (b.heap_bytes + case when s.vacuumed then s.heap_bytes else coalesce(z.compressed_heap_size, 0) end)::int8 as heap_bytes,
  (b.index_bytes + case when s.vacuumed then s.index_bytes else coalesce(z.compressed_index_size, 0) end)::int8 as index_bytes,
  (b.toast_bytes + case when s.vacuumed then s.toast_bytes else coalesce(z.compressed_toast_size, 0) end)::int8 as toast_bytes,
  (case when b.modified > 0 and b.live_rows > 0 then b.live_rows else greatest(b.reltuples, 0) end
    + coalesce(z.numrows_pre_compression, 0))::int8 as rows,
  (z.uncompressed_heap_size + z.uncompressed_toast_size + z.uncompressed_index_size)::int8 as before_bytes,
  (z.compressed_heap_size + z.compressed_toast_size + z.compressed_index_size)::int8 as after_bytes
from bytes b
join pg_class c on c.oid = b.rel
join pg_namespace n on n.oid = c.relnamespace
join time_dimension td on td.id = b.id
left join _timescaledb_catalog.chunk k on k.schema_name = n.nspname and k.table_name = c.relname
left join slices sl on sl.chunk_id = k.id
left join bytes s on s.is_sibling and s.rel = b.sibling
left join _timescaledb_catalog.compression_chunk_size z on z.chunk_id = k.id
where b.is_chunk
order by b.id, sl.range_start, c.relname
