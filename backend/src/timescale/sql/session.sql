-- Each figure of the statistics is read when it is asked for, instead of keeping a copy of every table's until the
-- transaction ends. A setting of PostgreSQL 15 and newer, so it is set only where it is there.
select set_config(name, 'none', false) from pg_settings where name = 'stats_fetch_consistency'
