-- The beginning of hypertables.sql and of chunks.sql: one row for each hypertable, chunk and compressed sibling, with
-- bytes and how far they can be trusted. TimescaleDB 2.19 and newer, both editions. Reads catalogs and statistics only:
-- it opens no chunk and takes no lock on one, so it costs about 200 ms at 20,000 chunks and cannot get in the way of
-- retention.
--
-- Heap and index bytes come from relpages, which VACUUM and ANALYZE write, plus the forks beside a heap:
--   free-space map: one page for each 4,069 heap pages, and two levels above; there from the second page on
--   visibility map: one page for each 32,672 heap pages; there once the table was vacuumed (relallvisible > 0)
-- A TOAST table's index keeps relpages 1 until a VACUUM had something to remove (ANALYZE passes it by), so its pages
-- are computed from the rows: 20 bytes an entry, leaves nine tenths full; exact while one leaf holds them all.
-- A chunk that was never analysed, whose TOAST table was never vacuumed, or that changed by more than 2% since, is
-- "unsettled": its relpages lag behind. It is left out of the sums here and counted, and the collector measures it
-- (see measure.sql).
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
  select id, oid as rel, null::oid as sibling, false as is_chunk, false as is_compressed, false as is_sibling from ht
  union all
  select id, rel, sibling::oid, true, sibling is not null, false from chunk_relations
  union all
  select id, sibling::oid, null, false, false, true from chunk_relations where sibling is not null
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
), bytes as materialized (
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
