-- What the console itself drops of a table, where the server's edition has no retention policies of its own.

create table console_retention (
  database_name text not null,
  schema_name text not null,
  table_name text not null,
  -- The policy, as JSON: age and schedule.
  policy text not null,
  next_start_ms integer not null,
  primary key (database_name, schema_name, table_name)
);
