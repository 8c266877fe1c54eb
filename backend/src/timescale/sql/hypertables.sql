-- Every hypertable with sizes, rows, chunks and compression totals, in one round trip. TimescaleDB 2.19 and newer,
-- both editions. Reads catalogs and statistics only: it opens no chunk and takes no lock on one, so it costs about
-- 200 ms at 20,000 chunks and cannot get in the way of retention.
--
-- Heap and index bytes come from relpages, which VACUUM and ANALYZE write, plus the forks beside a heap:
--   free-space map: one page for each 4,069 heap pages, and two levels above; there from the second page on
--   visibility map: one page for each 32,672 heap pages; there once the table was vacuumed (relallvisible > 0)
-- A chunk that was never analysed, or changed by more than 2% since, is "unsettled": its relpages lag behind. It is
-- left out of the sums here and counted, and the collector measures it (see measure.sql).
-- A compressed chunk's rows live in a sibling table; its bytes are in compression_chunk_size.
with ht as (
  select h.id, h.schema_name, h.table_name, h.compression_state, c.oid, c.relowner
  from _timescaledb_catalog.hypertable h
  join pg_namespace n on n.nspname = h.schema_name
  join pg_class c on c.relname = h.table_name and c.relnamespace = n.oid
  where h.compression_state <> 2
), members as materialized (
  select id, oid as rel, false as is_chunk, false as is_compressed from ht
  union all
  select ht.id, i.inhrelid, true, s.compress_relid is not null
  from ht
  join pg_inherits i on i.inhparent = ht.oid
  left join _timescaledb_catalog.compression_settings s on s.relid = i.inhrelid
), index_bytes as materialized (
  -- An empty btree is one metapage, though its relpages may say 0.
  select x.indrelid, sum(greatest(ic.relpages, 1))::bigint * 8192 as bytes
  from pg_index x join pg_class ic on ic.oid = x.indexrelid
  group by 1
), sums as (
  select m.id,
    count(*) filter (where m.is_chunk) as chunks,
    count(*) filter (where u.unsettled) as unsettled_chunks,
    bool_and(not u.unsettled and u.fresh) as exact,
    sum(c.relpages::bigint * 8192
        + case when c.relpages > 1 or c.relallvisible > 0
            then (2 + ceil(c.relpages / 4069.0) + ceil(c.relpages / 4069.0 / 4069.0) - 1) * 8192 else 0 end
        + case when c.relallvisible > 0 then ceil(c.relpages / 32672.0) * 8192 else 0 end
      ) filter (where not u.unsettled) as heap_bytes,
    sum(coalesce(xi.bytes, 0)) filter (where not u.unsettled) as index_bytes,
    sum(coalesce(t.relpages, 0)::bigint * 8192 + coalesce(xt.bytes, 0)
        + case when t.relpages > 1 or t.relallvisible > 0
            then (2 + ceil(t.relpages / 4069.0) + ceil(t.relpages / 4069.0 / 4069.0) - 1) * 8192 else 0 end
        + case when t.relallvisible > 0 then ceil(t.relpages / 32672.0) * 8192 else 0 end
      ) filter (where not u.unsettled) as toast_bytes,
    sum(case when u.modified > 0 and u.live_rows > 0 then u.live_rows else greatest(c.reltuples, 0) end) as rows
  from members m
  join pg_class c on c.oid = m.rel
  cross join lateral (
    select coalesce(pg_stat_get_mod_since_analyze(m.rel), 0) as modified,
           coalesce(pg_stat_get_live_tuples(m.rel), 0) as live_rows,
           coalesce(pg_stat_get_ins_since_vacuum(m.rel), 0) as inserted,
           coalesce(pg_stat_get_last_vacuum_time(m.rel), pg_stat_get_last_autovacuum_time(m.rel)) as vacuumed_at
  ) st
  cross join lateral (
    select st.modified, st.live_rows,
           m.is_chunk and not m.is_compressed
             and (c.reltuples < 0 or st.modified > 0.02 * c.reltuples) as unsettled,
           -- A compressed chunk and the empty root hold no rows themselves: their statistics cannot lag.
           not m.is_chunk or m.is_compressed
             or (st.vacuumed_at is not null and st.modified = 0 and st.inserted = 0) as fresh
  ) u
  left join index_bytes xi on xi.indrelid = c.oid
  left join pg_class t on t.oid = c.reltoastrelid and c.reltoastrelid <> 0
  left join index_bytes xt on xt.indrelid = t.oid
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
  (sums.exact and coalesce(cs.exact, true)) as exact,
  (coalesce(sums.heap_bytes, 0) + coalesce(cs.heap_bytes, 0))::int8 as heap_bytes,
  (coalesce(sums.index_bytes, 0) + coalesce(cs.index_bytes, 0))::int8 as index_bytes,
  (coalesce(sums.toast_bytes, 0) + coalesce(cs.toast_bytes, 0))::int8 as toast_bytes,
  (sums.rows + coalesce(cs.rows, 0))::int8 as rows,
  ht.compression_state = 1 as compression_enabled,
  cs.before_bytes::int8 as before_bytes,
  cs.after_bytes::int8 as after_bytes
from ht
join sums using (id)
join time_dimension td using (id)
left join slices sl on sl.dimension_id = td.dimension_id
left join compressed cs using (id)
order by ht.schema_name, ht.table_name
