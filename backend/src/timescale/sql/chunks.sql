-- Every hypertable's own table and every chunk, with bytes, rows, compression state and range. Continues relations.sql
-- and one of chunk_places_*.sql. About 300 ms at 20,000 chunks. A compressed chunk is itself and its sibling: the
-- sibling's pages once VACUUM has seen it (VACUUM adds the maps), before that what compression wrote down. The order
-- is left to the console, which sorts without spilling to the server's disk.
)
select
  b.id::int4 as hypertable_id,
  b.is_chunk,
  b.rel as relation,
  n.nspname::text as schema_name,
  b.relname::text as relation_name,
  p.range_start::int8 as range_start,
  p.range_end::int8 as range_end,
  coalesce(p.status, 0)::int4 as status,
  (extract(epoch from p.creation_time) * 1000)::int8 as created_at_ms,
  b.is_compressed,
  b.unsettled,
  (not b.unsettled and b.fresh and b.toast_is_exact
    -- Rows that were added to a chunk after its compression are not in what was written down (bits 2 and 8).
    and (not b.is_compressed
      or (coalesce(p.status & 10 = 0, true)
        and case when s.has_maps then s.fresh and s.toast_is_exact
                 -- Nothing counted of rows that are there: the statistics were lost, and VACUUM may have been there.
                 else coalesce(s.inserted > 0, false) or coalesce(z.numrows_post_compression = 0, false) end))
  ) as exact,
  (b.heap_bytes + case when s.has_maps then s.heap_bytes else coalesce(z.compressed_heap_size, 0) end)::int8 as heap_bytes,
  (b.index_bytes + case when s.has_maps then s.index_bytes else coalesce(z.compressed_index_size, 0) end)::int8 as index_bytes,
  (b.toast_bytes + case when s.has_maps then s.toast_bytes else coalesce(z.compressed_toast_size, 0) end)::int8 as toast_bytes,
  -- Compression empties the chunk's own table without telling the statistics: only a partial chunk (bit 8) has rows there.
  (case when b.is_compressed and coalesce(p.status & 8 = 0, true) then 0
        -- Counted since the last ANALYZE or VACUUM, or since it was made; after lost statistics, since then only.
        when b.modified > 0 and b.live_rows > 0 and (b.vacuumed or b.analyzed or b.live_rows >= b.reltuples)
          then b.live_rows
        else greatest(b.reltuples, 0) + case when b.vacuumed or b.analyzed then 0 else b.modified end end
    + coalesce(z.numrows_pre_compression, 0))::int8 as rows,
  (z.uncompressed_heap_size + z.uncompressed_toast_size + z.uncompressed_index_size)::int8 as before_bytes,
  (z.compressed_heap_size + z.compressed_toast_size + z.compressed_index_size)::int8 as after_bytes,
  b.inserted::int8 as inserted_rows
from bytes b
join pg_namespace n on n.oid = b.relnamespace
left join places p on p.rel = b.rel
left join bytes s on s.is_sibling and s.rel = coalesce(b.sibling, b.rel)
left join _timescaledb_catalog.compression_chunk_size z on z.chunk_id = p.chunk_id
where not b.is_sibling
