-- The hypertables on integer time that have a function saying what now is, and whether the console may call it. A
-- superuser calls only what superusers own: the function is its owner's code, and would run with the caller's rights.
-- The materialization of a continuous aggregate goes by the function of what it aggregates.
select
  h.id::int4 as hypertable_id,
  c.oid as relation,
  (p.oid is not null and has_schema_privilege(pn.oid, 'usage') and has_function_privilege(p.oid, 'execute'))
    as may_call,
  (not me.rolsuper or coalesce(o.rolsuper, false) or o.rolname = current_user) as is_trusted
from _timescaledb_catalog.hypertable h
left join _timescaledb_catalog.continuous_agg ca on ca.mat_hypertable_id = h.id
join _timescaledb_catalog.hypertable source on source.id = coalesce(ca.raw_hypertable_id, h.id)
join pg_namespace n on n.nspname = source.schema_name
join pg_class c on c.relname = source.table_name and c.relnamespace = n.oid
cross join lateral (
  select integer_now_func_schema, integer_now_func from _timescaledb_catalog.dimension
  where hypertable_id = source.id order by id limit 1
) d
left join pg_namespace pn on pn.nspname = d.integer_now_func_schema
left join pg_proc p on p.pronamespace = pn.oid and p.proname = d.integer_now_func and p.pronargs = 0
left join pg_roles o on o.oid = p.proowner
join pg_roles me on me.rolname = current_user
where h.compression_state <> 2 and d.integer_now_func is not null
order by h.id
