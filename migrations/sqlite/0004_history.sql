-- What was measured over time. Moments are seconds since 1970, UTC, and the beginning of their minute, hour or day.

create table series (
  -- Never given twice: samples of a series that is gone never turn up in another.
  id integer primary key autoincrement,
  database_name text not null,
  measure text not null,
  -- The hypertable's schema and name; for a job or a canary query its id or name, without a schema; both empty for the
  -- database as a whole.
  schema_name text not null,
  object_name text not null,
  -- To the hour.
  seen_at_s integer not null,
  unique (database_name, measure, schema_name, object_name)
);

-- By time first: a minute's samples are written side by side, and what is too old goes from one end. A series is read
-- by looking up each of its moments, of which there are never more than some thousands.
create table samples (
  -- 0 a minute, 1 an hour, 2 a day.
  resolution integer not null,
  at_s integer not null,
  series_id integer not null,
  last_value real not null,
  -- Null in samples of a minute, which have one value.
  min_value real,
  max_value real,
  sum_value real,
  sample_count integer,
  primary key (resolution, at_s, series_id)
) without rowid;

-- Up to where samples of the finer resolution have been made into this one (1 an hour, 2 a day).
create table history_progress (
  resolution integer primary key,
  thinned_until_s integer not null
);
