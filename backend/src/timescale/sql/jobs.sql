-- Every job with its schedule and statistics. Continues one of jobs_*.sql; the information view lacks the time zone and
-- the numbers of failures in a row. A millisecond. Times are microseconds since 1970; those that are infinite are told
-- apart beside. While a job runs its last finish is -infinity and the run counts as a crash already: taken back here.
)
select
  j.id::int4 as id,
  j.application_name::text as application_name,
  j.proc_schema::text as procedure_schema,
  j.proc_name::text as procedure,
  coalesce(o.rolname::text, j.owner::oid::text) as owner,
  coalesce(o.rolcanlogin, false) as owner_can_login,
  j.schedule_interval::text as schedule_interval,
  j.max_runtime::text as max_runtime,
  j.max_retries::int4 as max_retries,
  j.retry_period::text as retry_period,
  j.scheduled,
  j.fixed_schedule,
  case when isfinite(j.initial_start) then (extract(epoch from j.initial_start) * 1000000)::int8 end as initial_start_us,
  j.timezone,
  j.config::text as config,
  coalesce(j.config ->> 'compress_after', j.config ->> 'drop_after') as after,
  coalesce(j.config ->> 'compress_created_before', j.config ->> 'drop_created_before') as after_creation,
  j.config ->> 'start_offset' as start_offset,
  j.config ->> 'end_offset' as end_offset,
  h.schema_name::text as schema_name,
  h.table_name::text as table_name,
  ca.user_view_schema::text as view_schema,
  ca.user_view_name::text as view_name,
  s.next_start = '-infinity' as runs_or_is_stuck,
  s.next_start = 'infinity' as never_starts,
  case when isfinite(s.next_start) then (extract(epoch from s.next_start) * 1000000)::int8 end as next_start_us,
  s.job_id is not null as has_run,
  case when isfinite(s.last_start) then (extract(epoch from s.last_start) * 1000000)::int8 end as last_start_us,
  case when isfinite(s.last_finish) then (extract(epoch from s.last_finish) * 1000000)::int8 end as last_finish_us,
  case when isfinite(s.last_successful_finish)
    then (extract(epoch from s.last_successful_finish) * 1000000)::int8 end as last_success_us,
  case when isfinite(s.last_finish) then s.last_run_success end as last_run_succeeded,
  coalesce(s.total_runs, 0)::int8 as total_runs,
  coalesce(s.total_successes, 0)::int8 as total_successes,
  coalesce(s.total_failures, 0)::int8 as total_failures,
  greatest(coalesce(s.total_crashes, 0) - case when s.last_finish = '-infinity' then 1 else 0 end, 0)::int8
    as total_crashes,
  coalesce(s.consecutive_failures, 0)::int8 as consecutive_failures,
  a.active > 0 as is_running,
  (pg_has_role(current_user, 'pg_read_all_stats', 'usage') or coalesce(pg_has_role(current_user, o.oid, 'usage'), false))
    as sees_process,
  (pg_has_role(current_user, d.datdba, 'member') or coalesce(pg_has_role(current_user, o.oid, 'member'), false))
    as sees_errors
from job j
cross join (select datdba from pg_database where datname = current_database()) d
left join pg_roles o on o.oid = j.owner
left join _timescaledb_catalog.hypertable h on h.id = j.hypertable_id
left join _timescaledb_catalog.continuous_agg ca on ca.mat_hypertable_id = j.hypertable_id
left join _timescaledb_internal.bgw_job_stat s on s.job_id = j.id
left join lateral (
  select count(*) filter (where p.state = 'active') as active
  from pg_stat_activity p
  where p.datname = current_database() and p.application_name = j.application_name
) a on true
order by j.id
