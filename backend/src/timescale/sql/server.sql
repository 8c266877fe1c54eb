-- Connections, workers, cache and transaction ids. System views only; a millisecond. Where the role may not read other
-- sessions, their backend_type is NULL; a session with a database is then taken for a client's.
select
  current_setting('max_connections')::int4 as max_connections,
  a.open_connections::int4,
  a.active_connections::int4,
  a.console_connections::int4,
  coalesce(current_setting('timescaledb.max_background_workers', true)::int4, 0) as timescaledb_workers,
  current_setting('max_worker_processes')::int4 as server_workers,
  current_setting('max_parallel_workers')::int4 as parallel_workers,
  a.schedulers::int4, a.running_jobs::int4, a.running_parallel::int4, a.running_workers::int4,
  (select count(*) from pg_database where datallowconn and not datistemplate)::int4 as databases,
  s.blks_hit::int8 as cache_hits,
  s.blks_read::int8 as cache_reads,
  (extract(epoch from s.stats_reset) * 1000)::int8 as statistics_reset_ms,
  age(d.datfrozenxid)::int8 as transaction_age,
  mxid_age(d.datminmxid)::int8 as multixact_age,
  current_setting('autovacuum_freeze_max_age')::int8 as forced_vacuum_age
from (
  select
    count(*) filter (
      where backend_type = 'client backend' or (backend_type is null and datid is not null)
    ) as open_connections,
    count(*) filter (where backend_type = 'client backend' and state = 'active' and pid <> pg_backend_pid())
      as active_connections,
    -- Every connection of a console says so.
    count(*) filter (where datname = current_database() and application_name ~ '^tidemark( |$)') as console_connections,
    count(*) filter (where backend_type like 'TimescaleDB%Scheduler') as schedulers,
    -- A job's process carries the job's name, with its number in brackets.
    count(*) filter (where backend_type ~ '\[\d+\]$') as running_jobs,
    count(*) filter (where backend_type = 'parallel worker') as running_parallel,
    count(*) filter (
      where backend_type not in (
        'client backend', 'autovacuum launcher', 'autovacuum worker', 'background writer', 'checkpointer', 'startup',
        'walreceiver', 'walsender', 'walwriter', 'archiver', 'slotsync worker', 'walsummarizer', 'io worker',
        'standalone backend'
      )
    ) as running_workers
  from pg_stat_activity
) a
cross join pg_database d
left join pg_stat_database s on s.datid = d.oid
where d.datname = current_database()
