-- Who waits for a lock in this database, on what, and behind whom. pg_locks holds the lock table still for a moment,
-- some ms at 20,000 locks; pg_blocking_pids is asked only for those who wait, at most 50.
select
  w.pid::int4 as pid,
  w.mode::text as mode,
  (extract(epoch from clock_timestamp() - w.waitstart) * 1000)::int8 as waiting_ms,
  pg_blocking_pids(w.pid) as blocked_by,
  coalesce(hn.nspname, n.nspname)::text as schema_name,
  coalesce(hc.relname, c.relname)::text as table_name,
  case when hc.oid is not null then n.nspname::text end as chunk_schema,
  case when hc.oid is not null then c.relname::text end as chunk_name,
  w.backend_type is not null as is_visible,
  w.usename::text as role,
  w.application_name::text as application_name,
  w.state::text as state,
  left(w.query, 500) as query,
  coalesce(w.backend_type <> 'client backend', false) as is_worker
from (
  select l.pid, l.mode, l.waitstart, l.relation, a.usename, a.application_name, a.state, a.query, a.backend_type
  from pg_locks l
  join pg_stat_activity a on a.pid = l.pid
  where not l.granted and a.datname = current_database()
  order by l.waitstart nulls last
  limit 50
) w
left join pg_class c on c.oid = w.relation
left join pg_namespace n on n.oid = c.relnamespace
left join pg_inherits i on i.inhrelid = w.relation
left join pg_class hc on hc.oid = i.inhparent
left join pg_namespace hn on hn.oid = hc.relnamespace
order by w.waitstart nulls last, w.pid
