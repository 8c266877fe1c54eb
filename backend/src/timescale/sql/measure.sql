-- Bytes of the given relations from the file system. Opens each of them (about 25 kB of the session's memory for
-- good, and a lock that waits behind a drop), so the collector asks for a bounded number and then opens a new
-- session. A relation that is gone by now gives NULL.
select r.relation,
  (pg_table_size(r.relation) - coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0))::int8 as heap_bytes,
  pg_indexes_size(r.relation)::int8 as index_bytes,
  coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0)::int8 as toast_bytes
from unnest($1::oid[]) as r(relation)
join pg_class c on c.oid = r.relation
