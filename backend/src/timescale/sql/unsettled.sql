-- The chunks whose catalog statistics lag behind (the same condition as in hypertables.sql). Catalogs and
-- statistics only; usually one or two chunks a table, all of them straight after a load.
select h.id::int4 as hypertable_id, c.oid as relation
from _timescaledb_catalog.hypertable h
join pg_namespace n on n.nspname = h.schema_name
join pg_class root on root.relname = h.table_name and root.relnamespace = n.oid
join pg_inherits i on i.inhparent = root.oid
join pg_class c on c.oid = i.inhrelid
left join pg_class t on t.oid = c.reltoastrelid and c.reltoastrelid <> 0
left join _timescaledb_catalog.compression_settings s on s.relid = c.oid
where h.compression_state <> 2
  and s.compress_relid is null
  and (c.reltuples < 0 or (coalesce(t.reltuples < 0, false) and c.reltuples > 0)
    or coalesce(pg_stat_get_mod_since_analyze(c.oid), 0) > 0.02 * c.reltuples)
order by c.oid
