-- The hypertable of this name, or the one that the continuous aggregate of this name lies in, and what a change of its
-- policies depends on beside them: who asks, who owns it, what it is made of. From 2.28 on the database's owner may
-- change it, too. Catalogs only; a millisecond.
select
  h.id::int4 as hypertable_id,
  c.oid as relation,
  current_user::text as role,
  e.extversion as version,
  current_setting('timescaledb.license', true) as license,
  to_regclass('_timescaledb_catalog.bgw_job') is not null as has_catalog_jobs,
  coalesce(owner.rolcanlogin, false) as owner_can_login,
  coalesce(pg_has_role(current_user, owner.oid, 'usage'), false) as has_owner,
  pg_has_role(current_user, 'pg_database_owner', 'usage') as has_database,
  current_setting('max_locks_per_transaction')::int8
    * (current_setting('max_connections')::int8 + current_setting('max_prepared_transactions')::int8) as lock_slots,
  array(
    select a.attname::text from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum
  ) as columns,
  (select count(*) from pg_index i where i.indrelid = c.oid)::int4 as indexes
from _timescaledb_catalog.hypertable h
join pg_namespace n on n.nspname = h.schema_name
join pg_class c on c.relname = h.table_name and c.relnamespace = n.oid
left join _timescaledb_catalog.continuous_agg ca on ca.mat_hypertable_id = h.id
left join pg_namespace vn on vn.nspname = ca.user_view_schema
left join pg_class v on v.relname = ca.user_view_name and v.relnamespace = vn.oid
left join pg_roles owner on owner.oid = coalesce(v.relowner, c.relowner)
cross join (select extversion from pg_extension where extname = 'timescaledb') e
where h.compression_state <> 2
  and (h.schema_name = $1 and h.table_name = $2 or ca.user_view_schema = $1 and ca.user_view_name = $2)
