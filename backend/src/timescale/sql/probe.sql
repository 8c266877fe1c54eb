-- What server, what extension, which rights. System views and settings only; under a millisecond.
select
  current_setting('server_version') as postgres_version,
  current_database()::text as database,
  current_user::text as role,
  (select extversion from pg_extension where extname = 'timescaledb') as timescaledb_version,
  current_setting('timescaledb.license', true) as license,
  (extract(epoch from pg_postmaster_start_time()) * 1000)::int8 as started_at_ms,
  pg_has_role(current_user, 'pg_read_all_stats', 'usage') as reads_all_stats,
  -- The column the size query needs; it came with 2.19.
  exists (
    select from pg_attribute a
    where a.attrelid = to_regclass('_timescaledb_catalog.compression_settings')
      and a.attname = 'compress_relid' and not a.attisdropped
  ) as has_compress_relid,
  -- From 2.29 on the catalog knows a chunk by its relation.
  exists (
    select from pg_attribute a
    where a.attrelid = to_regclass('_timescaledb_catalog.chunk') and a.attname = 'relid' and not a.attisdropped
  ) as has_chunk_relid,
  -- From 2.25 on jobs lie beside the rest of the catalog.
  to_regclass('_timescaledb_catalog.bgw_job') is not null as has_catalog_jobs
