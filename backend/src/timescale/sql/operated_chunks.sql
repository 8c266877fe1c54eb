-- Every chunk of one hypertable as it is now, the oldest first. Catalogs only, no chunk is opened; some 50 ms at 20,000
-- chunks. What the table leaves to the server (NULL) is no difference of settings; TimescaleDB adds the time column to an
-- order that lacks it, so that is compared as far as the table's goes.
select
  p.rel as relation,
  p.chunk_id::int4 as chunk_id,
  n.nspname::text as schema_name,
  c.relname::text as chunk_name,
  p.status::int4 as status,
  p.osm_chunk as is_tiered,
  (extract(epoch from p.creation_time) * 1000000)::int8 as created_us,
  p.range_start::int8 as range_start,
  p.range_end::int8 as range_end,
  s.relid is not null as is_compressed,
  coalesce(s.relid is not null and (
    (r.segmentby is not null and coalesce(s.segmentby, '{}') <> r.segmentby)
    or (r.orderby is not null
      and (s.orderby[1:cardinality(r.orderby)] is distinct from r.orderby
        or s.orderby_desc[1:cardinality(r.orderby)] is distinct from r.orderby_desc
        or s.orderby_nullsfirst[1:cardinality(r.orderby)] is distinct from r.orderby_nullsfirst))
  ), false) as settings_differ,
  (z.uncompressed_heap_size + z.uncompressed_toast_size + z.uncompressed_index_size)::int8 as before_bytes,
  (z.compressed_heap_size + z.compressed_toast_size + z.compressed_index_size)::int8 as after_bytes
from place p
join pg_class c on c.oid = p.rel
join pg_namespace n on n.oid = c.relnamespace
left join _timescaledb_catalog.compression_settings s on s.relid = p.rel and s.compress_relid is not null
left join _timescaledb_catalog.compression_settings r on r.relid = $3::oid
left join _timescaledb_catalog.compression_chunk_size z on z.chunk_id = p.chunk_id
order by p.range_end, p.range_start, p.chunk_id
