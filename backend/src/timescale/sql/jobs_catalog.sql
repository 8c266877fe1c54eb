-- The beginning of jobs.sql where the catalog keeps jobs in _timescaledb_catalog (from 2.25 on).
with job as (select * from _timescaledb_catalog.bgw_job
