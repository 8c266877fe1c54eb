-- What the console does to a database over a longer time: retention runs, and actions on chunks, aggregates and jobs.

create table retention_runs (
  id integer primary key autoincrement,
  database_name text not null,
  schema_name text not null,
  table_name text not null,
  -- What it was run by, as JSON.
  policy text not null,
  -- Whether somebody asked for it, and who; both empty for the schedule.
  actor_kind text not null,
  actor text not null,
  address text not null,
  started_at_ms integer not null,
  -- When the console that runs it was last heard of.
  seen_at_ms integer not null,
  ended_at_ms integer,
  outcome text check (outcome in ('succeeded', 'partial', 'failed', 'cancelled', 'interrupted')),
  due_chunks integer,
  due_bytes integer,
  due_rows integer,
  dropped_chunks integer not null default 0,
  dropped_bytes integer not null default 0,
  dropped_rows integer not null default 0,
  batches integer not null default 0,
  -- A place on the time axis, as JSON.
  oldest_kept text,
  failure text not null default '',
  cancelled_by text,
  -- The line in the audit trail that it began with.
  intent_id integer not null
);
create index retention_runs_by_table on retention_runs (database_name, schema_name, table_name, id);
create index retention_runs_open on retention_runs (database_name, ended_at_ms);

-- Each transaction of a run. Written down before it begins, so that a console which is killed leaves behind what it was
-- about to drop, and whoever comes next can look.
create table retention_batches (
  run_id integer not null references retention_runs (id) on delete cascade,
  number integer not null,
  -- Names, bytes and rows of its chunks, as JSON.
  chunks text not null,
  is_settled integer not null default 0,
  primary key (run_id, number)
);

create table actions (
  id integer primary key autoincrement,
  database_name text not null,
  -- What is done, as JSON.
  action text not null,
  title text not null,
  permission text not null,
  actor_kind text not null,
  actor text not null,
  address text not null,
  started_at_ms integer not null,
  seen_at_ms integer not null,
  ended_at_ms integer,
  outcome text check (outcome in ('succeeded', 'failed', 'cancelled', 'interrupted')),
  cancelled_by text,
  intent_id integer not null
);
create index actions_by_database on actions (database_name, id);
create index actions_open on actions (database_name, ended_at_ms);

create table action_targets (
  action_id integer not null references actions (id) on delete cascade,
  number integer not null,
  -- As JSON.
  target text not null,
  title text not null,
  statement text not null,
  state text not null check (state in ('waiting', 'running', 'done', 'skipped', 'failed', 'cancelled', 'unknown')),
  duration_ms integer,
  bytes_before integer,
  bytes_after integer,
  detail text not null default '',
  primary key (action_id, number)
);
