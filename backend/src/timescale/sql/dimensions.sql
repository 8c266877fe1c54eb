-- Every dimension of every hypertable, in their order. A few rows a table.
select
  d.hypertable_id::int4 as hypertable_id,
  d.column_name::text as column_name,
  format_type(d.column_type, null) as column_type,
  d.column_type in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) as is_integer,
  d.interval_length::int8 as interval_length,
  d.num_slices::int4 as partitions,
  d.integer_now_func_schema::text as now_function_schema,
  d.integer_now_func::text as now_function
from _timescaledb_catalog.dimension d
order by d.hypertable_id, d.id
