-- Every hypertable with sizes, rows, chunks and compression totals, in one round trip. Continues relations.sql.
--
-- A compressed chunk's rows live in a sibling table. Once VACUUM has seen a sibling it is summed like any other
-- table (VACUUM adds the maps); until then its bytes are what compression wrote down (compression_chunk_size). Where
-- only some siblings were vacuumed, the others count with the mean of what was written down, and the sum is not exact.
), sums as (
  select b.id,
    count(*) filter (where b.is_chunk) as chunks,
    count(*) filter (where b.unsettled) as unsettled_chunks,
    coalesce(bool_and(not b.unsettled and b.fresh and b.toast_is_exact) filter (where not b.is_sibling), true) as exact,
    sum(b.heap_bytes) filter (where not b.unsettled and not b.is_sibling) as heap_bytes,
    sum(b.index_bytes) filter (where not b.unsettled and not b.is_sibling) as index_bytes,
    sum(b.toast_bytes) filter (where not b.unsettled and not b.is_sibling) as toast_bytes,
    sum(case when b.modified > 0 and b.live_rows > 0 then b.live_rows else greatest(b.reltuples, 0) end)
      filter (where not b.is_sibling) as rows,
    count(*) filter (where b.is_sibling) as siblings,
    count(*) filter (where b.is_sibling and b.vacuumed) as vacuumed_siblings,
    coalesce(bool_and(b.fresh and b.toast_is_exact) filter (where b.is_sibling and b.vacuumed), true) as siblings_fresh,
    coalesce(sum(b.heap_bytes) filter (where b.is_sibling and b.vacuumed), 0) as sibling_heap_bytes,
    coalesce(sum(b.index_bytes) filter (where b.is_sibling and b.vacuumed), 0) as sibling_index_bytes,
    coalesce(sum(b.toast_bytes) filter (where b.is_sibling and b.vacuumed), 0) as sibling_toast_bytes
  from bytes b
  group by 1
), compressed as (
  select c.hypertable_id as id,
    count(*) as chunks,
    -- Rows that were added to a chunk after its compression are not in these figures (status bits 2 and 8).
    bool_and(c.status & 10 = 0) as exact,
    sum(z.numrows_pre_compression) as rows,
    sum(z.compressed_heap_size) as heap_bytes,
    sum(z.compressed_index_size) as index_bytes,
    sum(z.compressed_toast_size) as toast_bytes,
    sum(z.uncompressed_heap_size + z.uncompressed_toast_size + z.uncompressed_index_size) as before_bytes,
    sum(z.compressed_heap_size + z.compressed_toast_size + z.compressed_index_size) as after_bytes
  from _timescaledb_catalog.compression_chunk_size z
  join _timescaledb_catalog.chunk c on c.id = z.chunk_id
  group by 1
), time_dimension as (
  select distinct on (d.hypertable_id)
    d.hypertable_id as id, d.id as dimension_id, d.column_name, d.column_type, d.interval_length,
    count(*) over (partition by d.hypertable_id) as dimensions
  from _timescaledb_catalog.dimension d
  order by d.hypertable_id, d.id
), slices as (
  select dimension_id, min(range_start) as range_start, max(range_end) as range_end
  from _timescaledb_catalog.dimension_slice
  group by 1
)
select
  ht.id::int4 as id,
  ht.schema_name::text as schema_name,
  ht.table_name::text as table_name,
  pg_get_userbyid(ht.relowner)::text as owner,
  td.column_name::text as time_column,
  format_type(td.column_type, null) as time_type,
  td.column_type in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) as integer_time,
  td.dimensions::int8 as dimensions,
  td.interval_length::int8 as interval_length,
  case when sums.chunks > 0 then sl.range_start::int8 end as range_start,
  case when sums.chunks > 0 then sl.range_end::int8 end as range_end,
  sums.chunks::int8 as chunks,
  coalesce(cs.chunks, 0)::int8 as compressed_chunks,
  sums.unsettled_chunks::int8 as unsettled_chunks,
  (sums.exact and coalesce(cs.exact, true) and sums.siblings_fresh
    and sums.vacuumed_siblings in (0, sums.siblings)) as exact,
  (coalesce(sums.heap_bytes, 0) + sums.sibling_heap_bytes + coalesce(cs.heap_bytes, 0) * r.recorded)::int8 as heap_bytes,
  (coalesce(sums.index_bytes, 0) + sums.sibling_index_bytes + coalesce(cs.index_bytes, 0) * r.recorded)::int8 as index_bytes,
  (coalesce(sums.toast_bytes, 0) + sums.sibling_toast_bytes + coalesce(cs.toast_bytes, 0) * r.recorded)::int8 as toast_bytes,
  (sums.rows + coalesce(cs.rows, 0))::int8 as rows,
  ht.compression_state = 1 as compression_enabled,
  cs.before_bytes::int8 as before_bytes,
  cs.after_bytes::int8 as after_bytes
from ht
join sums using (id)
join time_dimension td using (id)
left join slices sl on sl.dimension_id = td.dimension_id
left join compressed cs using (id)
-- The share of the siblings that only the record knows.
cross join lateral (
  select case when sums.siblings > 0 then (sums.siblings - sums.vacuumed_siblings)::numeric / sums.siblings else 1 end
    as recorded
) r
order by ht.schema_name, ht.table_name
