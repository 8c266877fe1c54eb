-- A hypertable that is operated on: its time axis, and whether compression is on. One row; a millisecond.
select
  c.oid as relation,
  h.id::int4 as id,
  (h.compression_state = 1 or h.status & 4 = 4) as compression_enabled,
  d.id::int4 as dimension_id,
  format_type(d.column_type, null) as time_type,
  d.column_type in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) as is_integer,
  -- A superuser calls only what superusers own: the function is its owner's code.
  d.integer_now_func is not null and exists (
    select from pg_proc p
    join pg_namespace pn on pn.oid = p.pronamespace
    join pg_roles o on o.oid = p.proowner
    join pg_roles me on me.rolname = current_user
    where pn.nspname = d.integer_now_func_schema and p.proname = d.integer_now_func and p.pronargs = 0
      and me.rolsuper and not o.rolsuper
  ) as now_is_untrusted,
  (select count(*) from pg_index x where x.indrelid = c.oid)::int4 as indexes,
  array(
    select format('%I.%I', ca.user_view_schema, ca.user_view_name)
    from _timescaledb_catalog.continuous_agg ca where ca.raw_hypertable_id = h.id order by 1
  )::text[] as aggregates,
  (
    select format('%I.%I', ca.user_view_schema, ca.user_view_name)
    from _timescaledb_catalog.continuous_agg ca where ca.mat_hypertable_id = h.id
  )::text as materializes,
  d.column_name::text as time_column
from _timescaledb_catalog.hypertable h
join pg_namespace n on n.nspname = h.schema_name
join pg_class c on c.relname = h.table_name and c.relnamespace = n.oid
cross join lateral (
  select * from _timescaledb_catalog.dimension where hypertable_id = h.id order by id limit 1
) d
where h.schema_name = $1 and h.table_name = $2 and h.compression_state <> 2
