-- Transactions of this database that have been open for a minute or more, and prepared ones of any age. System views
-- only; at most 50 of each. Without pg_read_all_stats the begin of others' transactions is NULL and they are left out.
(
  select a.pid::int4 as pid, null::text as gid, a.usename::text as role, a.application_name::text as application_name,
    coalesce(a.state, '')::text as state, left(a.query, 500) as query,
    coalesce(a.backend_type <> 'client backend', false) as is_worker,
    (extract(epoch from a.xact_start) * 1000)::int8 as since_ms,
    (a.backend_xmin is not null or a.backend_xid is not null) as holds_back_vacuum,
    a.pid::text as holder
  from pg_stat_activity a
  where a.datname = current_database() and a.pid <> pg_backend_pid()
    and a.xact_start < clock_timestamp() - interval '1 minute'
    -- An idle scheduler or a WAL sender is no transaction anybody waits for.
    and (a.backend_xmin is not null or a.backend_xid is not null or a.state <> 'idle')
  order by a.xact_start
  limit 50
)
union all
(
  select null, p.gid, p.owner::text, '', '', '', false, (extract(epoch from p.prepared) * 1000)::int8, true,
    '-1/' || p.transaction::text
  from pg_prepared_xacts p
  where p.database = current_database()
  order by p.prepared
  limit 50
)
