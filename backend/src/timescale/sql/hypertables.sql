-- Every hypertable with sizes, rows, chunks and compression totals, in one round trip. TimescaleDB 2.19 and newer,
-- both editions. Reads catalogs and statistics only: it opens no chunk and takes no lock on one, so it costs about
-- 200 ms at 20,000 chunks and cannot get in the way of retention.
--
-- Heap and index bytes come from relpages, which VACUUM and ANALYZE write, plus the forks beside a heap:
--   free-space map: one page for each 4,069 heap pages, and two levels above; there from the second page on
--   visibility map: one page for each 32,672 heap pages; there once the table was vacuumed (relallvisible > 0)
-- A TOAST table's index keeps relpages 1 until a VACUUM had something to remove (ANALYZE passes it by), so its pages
-- are computed from the rows: 20 bytes an entry, leaves nine tenths full; exact while one leaf holds them all.
-- A chunk that was never analysed, whose TOAST table was never vacuumed, or that changed by more than 2% since, is
-- "unsettled": its relpages lag behind. It is left out of the sums here and counted, and the collector measures it
-- (see measure.sql).
-- A compressed chunk's rows live in a sibling table. Once VACUUM has seen a sibling it is summed like any other
-- table (VACUUM adds the maps); until then its bytes are what compression wrote down (compression_chunk_size). Where
-- only some siblings were vacuumed, the others count with the mean of what was written down, and the sum is not exact.
with ht as (
  select h.id, h.schema_name, h.table_name, h.compression_state, c.oid, c.relowner
  from _timescaledb_catalog.hypertable h
  join pg_namespace n on n.nspname = h.schema_name
  join pg_class c on c.relname = h.table_name and c.relnamespace = n.oid
  where h.compression_state <> 2
), chunk_relations as materialized (
  select ht.id, i.inhrelid as rel, s.compress_relid as sibling
  from ht
  join pg_inherits i on i.inhparent = ht.oid
  left join _timescaledb_catalog.compression_settings s on s.relid = i.inhrelid
), members as materialized (
  select id, oid as rel, false as is_chunk, false as is_compressed, false as is_sibling from ht
  union all
  select id, rel, true, sibling is not null, false from chunk_relations
  union all
  select id, sibling, false, false, true from chunk_relations where sibling is not null
), index_bytes as materialized (
  -- An empty btree is one metapage, though its relpages may say 0.
  select x.indrelid, sum(greatest(ic.relpages, 1))::bigint * 8192 as bytes
  from pg_index x join pg_class ic on ic.oid = x.indexrelid
  group by 1
), facts as (
  select m.*, c.oid, c.relpages, c.reltuples, st.modified, st.live_rows,
    t.oid as toast, t.relpages as toast_pages, greatest(t.reltuples, 0) as toast_rows,
    m.is_chunk and not m.is_compressed
      and (c.reltuples < 0 or (coalesce(t.reltuples < 0, false) and c.reltuples > 0)
        or st.modified > 0.02 * c.reltuples) as unsettled,
    -- The empty root and a compressed chunk hold no rows themselves: their statistics cannot lag.
    not m.is_sibling and (not m.is_chunk or m.is_compressed)
      or (st.vacuumed and st.modified = 0 and st.inserted = 0) as fresh,
    st.vacuumed,
    c.relallvisible > 0 or st.vacuumed as has_maps
  from members m
  join pg_class c on c.oid = m.rel
  left join pg_class t on t.oid = c.reltoastrelid and c.reltoastrelid <> 0
  cross join lateral (
    select coalesce(pg_stat_get_mod_since_analyze(m.rel), 0) as modified,
           coalesce(pg_stat_get_live_tuples(m.rel), 0) as live_rows,
           coalesce(pg_stat_get_ins_since_vacuum(m.rel), 0) as inserted,
           coalesce(pg_stat_get_last_vacuum_time(m.rel), pg_stat_get_last_autovacuum_time(m.rel)) is not null
             as vacuumed
  ) st
), bytes as (
  select f.*,
    f.relpages::bigint * 8192
      + case when f.relpages > 1 or (f.relpages = 1 and f.has_maps)
          then (1 + ceil(f.relpages / 4069.0) + ceil(f.relpages / 4069.0 / 4069.0)) * 8192 else 0 end
      + case when f.has_maps then ceil(f.relpages / 32672.0) * 8192 else 0 end as heap_bytes,
    coalesce(xi.bytes, 0) as index_bytes,
    coalesce(f.toast_pages, 0)::bigint * 8192
      + case when xt.bytes is null then 0
             when xt.bytes > 8192 or f.toast_rows = 0 then xt.bytes
             else (1 + l.leaves + case when l.leaves > 1 then ceil(l.leaves / 285.0) else 0 end) * 8192 end
      + case when f.toast_pages > 1 or (f.toast_pages = 1 and f.has_maps)
          then (1 + ceil(f.toast_pages / 4069.0) + ceil(f.toast_pages / 4069.0 / 4069.0)) * 8192 else 0 end
      + case when f.has_maps then coalesce(ceil(f.toast_pages / 32672.0), 0) * 8192 else 0 end as toast_bytes,
    xt.bytes is null or xt.bytes > 8192 or f.toast_rows <= 366 as toast_is_exact
  from facts f
  left join index_bytes xi on xi.indrelid = f.oid
  left join index_bytes xt on xt.indrelid = f.toast
  cross join lateral (
    select case when f.toast_rows <= 407 then 1 else ceil(f.toast_rows / 366.0) end as leaves
  ) l
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
