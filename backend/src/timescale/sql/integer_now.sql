-- What now is on the integer time axis of one hypertable: TimescaleDB calls the table's own function, which usually
-- reads its newest row. Called in a transaction of its own that may take a second.
select _timescaledb_functions.subtract_integer_from_now($1::oid::regclass, 0) as now
