-- Bytes, rows and locks of the given chunks, with what each is compressed in. Opens each of them (about 25 kB of the
-- session's memory for good, and a lock that waits behind a drop), so it is asked for a bounded number of them, and the
-- session is replaced afterwards. A chunk that is gone by now gives no row.
-- Rows of a compressed chunk are those it had when it was compressed, and what came in since.
select
  c.oid as relation,
  (pg_total_relation_size(c.oid) + coalesce(pg_total_relation_size(s.compress_relid), 0))::int8 as bytes,
  (case
     when s.compress_relid is not null and coalesce(k.status & 8 = 0, true) then 0
     when c.reltuples < 0 or pg_stat_get_mod_since_analyze(c.oid) > 0 then pg_stat_get_live_tuples(c.oid)
     else c.reltuples
   end + coalesce(z.numrows_pre_compression, 0))::int8 as row_count,
  -- To drop it: itself and its indexes, its TOAST table with an index, and all of that of what it is compressed in.
  (1 + (select count(*) from pg_index x where x.indrelid = c.oid)
    + case when c.reltoastrelid <> 0 then 2 else 0 end
    + case when s.compress_relid is null then 0
        else 3 + (select count(*) from pg_index x where x.indrelid = s.compress_relid) end)::int8 as locks
from unnest($1::oid[], $2::int4[]) as wanted(relation, chunk_id)
join pg_class c on c.oid = wanted.relation
left join _timescaledb_catalog.chunk k on k.id = wanted.chunk_id
left join _timescaledb_catalog.compression_settings s on s.relid = c.oid
left join _timescaledb_catalog.compression_chunk_size z on z.chunk_id = wanted.chunk_id
