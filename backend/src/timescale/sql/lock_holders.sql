-- Who keeps this process waiting for a lock. System views only; pg_blocking_pids is asked for one process.
select distinct
  b.pid::int4 as pid,
  coalesce(a.usename, '')::text as role,
  coalesce(a.application_name, '')::text as application_name,
  coalesce(a.backend_type, '')::text as backend_type,
  coalesce(a.state, '')::text as state,
  (extract(epoch from a.query_start) * 1000)::int8 as query_start_ms
from unnest(pg_blocking_pids($1)) as b (pid)
left join pg_stat_activity a on a.pid = b.pid
order by 1
limit 5
