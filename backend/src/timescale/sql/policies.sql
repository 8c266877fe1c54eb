-- The compression and retention policy of each hypertable. Matched on the procedure: the application name changed
-- over the versions. The information view is the same from 2.19 to 2.32; about 1 ms.
select
  j.hypertable_schema::text as schema_name,
  j.hypertable_name::text as table_name,
  j.proc_name::text as procedure,
  coalesce(j.config ->> 'compress_after', j.config ->> 'compress_created_before',
           j.config ->> 'drop_after', j.config ->> 'drop_created_before') as after
from timescaledb_information.jobs j
where j.proc_name in ('policy_compression', 'policy_retention') and j.hypertable_name is not null
