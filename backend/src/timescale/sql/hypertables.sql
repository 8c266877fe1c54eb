-- Every hypertable with what the catalog says of it, without its chunks. From 2.26 on compression is a bit of the
-- status; before, a state. The root of the old, internal compressed hypertables (state 2) is left out. A few ms.
select
  h.id::int4 as id,
  h.schema_name::text as schema_name,
  h.table_name::text as table_name,
  pg_get_userbyid(c.relowner)::text as owner,
  (h.compression_state = 1 or h.status & 4 = 4) as compression_enabled,
  array(
    select t.tablespace_name::text from _timescaledb_catalog.tablespace t where t.hypertable_id = h.id order by t.id
  ) as tablespaces,
  ca.user_view_schema::text as view_schema,
  ca.user_view_name::text as view_name
from _timescaledb_catalog.hypertable h
join pg_namespace n on n.nspname = h.schema_name
join pg_class c on c.relname = h.table_name and c.relnamespace = n.oid
left join _timescaledb_catalog.continuous_agg ca on ca.mat_hypertable_id = h.id
where h.compression_state <> 2
order by h.schema_name, h.table_name
