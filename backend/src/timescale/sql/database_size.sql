-- Bytes of the database. Reads the directory: a few ms for each 10,000 files, so it belongs to the slow beat. And the
-- version of the extension that CREATE EXTENSION would install, from the server's control files.
select
  pg_database_size(current_database())::int8 as database_size_bytes,
  (select e.default_version::text from pg_available_extensions e where e.name = 'timescaledb') as default_version
