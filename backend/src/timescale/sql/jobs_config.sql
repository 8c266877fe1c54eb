-- The beginning of jobs.sql where the catalog keeps jobs in _timescaledb_config (up to 2.24).
with job as (select * from _timescaledb_config.bgw_job
