-- The compression settings of each hypertable, and of those chunks that were compressed with others than the table
-- would use now. What a table leaves to the server (NULL) is no difference. One hash join over the settings: about
-- 20 ms at 20,000 compressed chunks.
with root as (
  select c.oid, s.segmentby, s.orderby, s.orderby_desc, s.orderby_nullsfirst
  from _timescaledb_catalog.hypertable h
  join pg_namespace n on n.nspname = h.schema_name
  join pg_class c on c.relname = h.table_name and c.relnamespace = n.oid
  join _timescaledb_catalog.compression_settings s on s.relid = c.oid
  where h.compression_state <> 2
)
select oid as relation, segmentby::text[] as segment_by, orderby::text[] as order_by,
  orderby_desc as descending, orderby_nullsfirst as nulls_first
from root
union all
select s.relid::oid, s.segmentby::text[], s.orderby::text[], s.orderby_desc, s.orderby_nullsfirst
from root r
join pg_inherits i on i.inhparent = r.oid
join _timescaledb_catalog.compression_settings s on s.relid = i.inhrelid and s.compress_relid is not null
where (r.segmentby is not null and coalesce(s.segmentby, '{}') <> r.segmentby)
  or (r.orderby is not null
    -- TimescaleDB adds the time column to an order that lacks it: compared as far as the table's goes.
    and (s.orderby[1:cardinality(r.orderby)] is distinct from r.orderby
      or s.orderby_desc[1:cardinality(r.orderby)] is distinct from r.orderby_desc
      or s.orderby_nullsfirst[1:cardinality(r.orderby)] is distinct from r.orderby_nullsfirst))
