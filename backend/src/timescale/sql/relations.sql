-- The beginning of chunks.sql: one row for each hypertable, chunk and compressed sibling, with bytes and how far they
-- can be trusted. TimescaleDB 2.19 and newer, both editions. Reads catalogs and statistics only: it opens no chunk and
-- takes no lock on one, so it cannot get in the way of retention and leaves nothing in the session's memory. Read
-- with stats_fetch_consistency = none: the default keeps a copy of every table's statistics (40 MB at 100,000 chunks).
--
-- Heap and index bytes come from relpages, which VACUUM and ANALYZE write, plus the forks beside a heap:
--   free-space map: one page for each 4,069 heap pages, and two levels above; there from the second page on
--   visibility map: one page for each 32,672 heap pages; there once the table was vacuumed (relallvisible > 0)
-- A TOAST table's index keeps relpages 1 until a VACUUM had something to remove (ANALYZE passes it by), so its pages
-- are computed from the rows: 20 bytes an entry, leaves nine tenths full; exact while one leaf holds them all.
-- A chunk that was never analysed, whose TOAST table was never vacuumed, or that changed by more than 2% since, is
-- "unsettled": its relpages lag behind, and the collector measures it (see measure.sql).
-- A server that was killed has lost its statistics: when a table was vacuumed is not known then, only that it was
-- (relallvisible > 0), and nothing of it is taken for exact.
--
-- What has no TOAST table, or no sibling, is joined by its own number, which finds nothing there: a hash join cannot split
-- tens of thousands of equal or missing keys, and doubles its batches instead until it holds 300 MB of their buffers.
with ht as (
  select h.id, c.oid
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
  select x.indrelid, sum(greatest(ic.relpages, 1))::int8 * 8192 as bytes
  from pg_index x join pg_class ic on ic.oid = x.indexrelid
  group by 1
), facts as (
  select m.*, c.oid, c.relname, c.relnamespace, c.relpages::int8 as pages, c.reltuples, st.*,
    nullif(c.reltoastrelid, 0) as toast, coalesce(t.relpages, 0)::int8 as toast_pages, greatest(t.reltuples, 0) as toast_rows,
    m.is_chunk and not m.is_compressed
      and (c.reltuples < 0 or (coalesce(t.reltuples < 0, false) and c.reltuples > 0)
        or st.modified > 0.02 * c.reltuples) as unsettled,
    -- The empty root and a compressed chunk hold no rows themselves: their statistics cannot lag.
    not m.is_sibling and (not m.is_chunk or m.is_compressed)
      or (st.vacuumed and st.modified = 0 and st.unvacuumed = 0) as fresh,
    c.relallvisible > 0 or st.vacuumed as has_maps
  from members m
  join pg_class c on c.oid = m.rel
  left join pg_class t on t.oid = coalesce(nullif(c.reltoastrelid, 0), c.oid) and t.relkind = 't'
  cross join lateral (
    select coalesce(pg_stat_get_mod_since_analyze(m.rel), 0) as modified,
           coalesce(pg_stat_get_live_tuples(m.rel), 0) as live_rows,
           coalesce(pg_stat_get_ins_since_vacuum(m.rel), 0) as unvacuumed,
           coalesce(pg_stat_get_last_vacuum_time(m.rel), pg_stat_get_last_autovacuum_time(m.rel)) is not null
             as vacuumed,
           coalesce(pg_stat_get_last_analyze_time(m.rel), pg_stat_get_last_autoanalyze_time(m.rel)) is not null
             as analyzed,
           coalesce(pg_stat_get_tuples_inserted(m.rel), 0) as inserted
  ) st
), bytes as materialized (
  select f.*,
    8192 * (f.pages
      + case when f.pages > 1 or (f.pages = 1 and f.has_maps)
          then 1 + (f.pages + 4068) / 4069 + (f.pages + 4069 * 4069 - 1) / (4069 * 4069) else 0 end
      + case when f.has_maps then (f.pages + 32671) / 32672 else 0 end) as heap_bytes,
    coalesce(xi.bytes, 0) as index_bytes,
    case when f.toast is null or xt.bytes is null then 0
         when xt.bytes > 8192 or f.toast_rows = 0 then xt.bytes
         else 8192 * (1 + l.leaves + case when l.leaves > 1 then (l.leaves + 284) / 285 else 0 end) end
      + 8192 * (f.toast_pages
        + case when f.toast_pages > 1 or (f.toast_pages = 1 and f.has_maps)
            then 1 + (f.toast_pages + 4068) / 4069 + (f.toast_pages + 4069 * 4069 - 1) / (4069 * 4069) else 0 end
        + case when f.has_maps then (f.toast_pages + 32671) / 32672 else 0 end) as toast_bytes,
    f.toast is null or xt.bytes is null or xt.bytes > 8192 or f.toast_rows <= 366 as toast_is_exact
  from facts f
  left join index_bytes xi on xi.indrelid = f.oid
  left join index_bytes xt on xt.indrelid = coalesce(f.toast, f.oid)
  cross join lateral (
    select case when f.toast_rows <= 407 then 1 else ceil(f.toast_rows / 366.0)::int8 end as leaves
  ) l
