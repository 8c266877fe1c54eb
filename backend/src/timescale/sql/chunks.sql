-- Every chunk with its range on the time axis, bytes, rows and compression state. Continues relations.sql and
-- one of chunk_places_*.sql; read in the
-- same transaction as hypertables.sql. A compressed chunk is itself and its sibling: the sibling's pages once VACUUM has
-- seen it, before that what compression wrote down.
)
select
  b.id::int4 as hypertable_id,
  b.rel as relation,
  n.nspname::text as schema_name,
  c.relname::text as chunk_name,
  td.integer_time,
  p.range_start::int8 as range_start,
  p.range_end::int8 as range_end,
  b.is_compressed,
  b.unsettled,
  (not b.unsettled and b.fresh and b.toast_is_exact
    and (not b.is_compressed or coalesce(s.fresh and s.toast_is_exact, true) and coalesce(p.status & 10 = 0, true))) as exact,
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
left join places p on p.rel = b.rel
left join bytes s on s.is_sibling and s.rel = b.sibling
left join _timescaledb_catalog.compression_chunk_size z on z.chunk_id = p.chunk_id
where b.is_chunk
order by b.id, p.range_start, c.relname
