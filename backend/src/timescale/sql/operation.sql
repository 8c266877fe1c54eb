-- What a session that operates must know. Settings and look-ups in the catalog only; under a millisecond.
select
  pg_backend_pid()::int4 as pid,
  current_user::text as role,
  (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
  current_setting('timescaledb.license', true) as license,
  coalesce((
    select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'timescaledb'
  ), 'public') as extension_schema,
  exists (
    select from pg_attribute a
    where a.attrelid = to_regclass('_timescaledb_catalog.chunk') and a.attname = 'relid' and not a.attisdropped
  ) as has_chunk_relid,
  to_regclass('_timescaledb_catalog.bgw_job') is not null as has_catalog_jobs,
  to_regproc('convert_to_columnstore') is not null as has_columnstore,
  to_regprocedure('_timescaledb_functions.freeze_chunk(regclass)') is not null as has_freezing,
  current_setting('max_locks_per_transaction')::int8
    * (current_setting('max_connections')::int8 + current_setting('max_prepared_transactions')::int8) as lock_slots
