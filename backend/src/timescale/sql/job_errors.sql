-- The newest five failures of each of the given jobs. By job, which the history has an index for: without it a long
-- history is read whole. The view shows only what the role may see, and is the only way to the history.
select e.job_id::int4 as job_id,
  case when isfinite(e.start_time) then (extract(epoch from e.start_time) * 1000000)::int8 end as started_us,
  case when isfinite(e.finish_time) then (extract(epoch from e.finish_time) * 1000000)::int8 end as finished_us,
  e.sqlerrcode::text as sqlstate,
  left(e.err_message, 2000) as message
from unnest($1::int4[]) as j(id)
cross join lateral (
  select f.* from timescaledb_information.job_errors f where f.job_id = j.id order by f.start_time desc limit 5
) e
order by e.job_id, e.start_time desc
