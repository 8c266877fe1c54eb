-- The database as a whole. pg_database_size reads the directory: a few ms for each 10,000 files.
-- Where the role may not read other sessions, their backend_type is NULL; a session with a database is then taken
-- for a client's.
select
  pg_database_size(current_database())::int8 as database_size_bytes,
  current_setting('max_connections')::int4 as max_connections,
  count(*) filter (
    where a.backend_type = 'client backend' or (a.backend_type is null and a.datid is not null)
  )::int4 as open_connections,
  count(*) filter (where a.backend_type = 'client backend' and a.state = 'active' and a.pid <> pg_backend_pid())::int4
    as active_connections
from pg_stat_activity a
