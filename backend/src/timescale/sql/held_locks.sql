-- The hypertables that the given holders (a process, or "-1/" and a prepared transaction's id) hold locks on, directly
-- or on a chunk, with the strongest lock of each. Asked only while there is a long transaction.
select
  l.holder,
  n.nspname::text as schema_name,
  c.relname::text as table_name,
  count(distinct l.relation)::int4 as relations,
  (array[
    'AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
    'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
  ])[max(array_position(array[
    'AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
    'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
  ], l.mode))] as mode
from (
  select coalesce(k.pid::text, k.virtualtransaction) as holder, k.relation, k.mode
  from pg_locks k
  where k.granted and k.locktype = 'relation'
    and k.database = (select oid from pg_database where datname = current_database())
) l
left join pg_inherits i on i.inhrelid = l.relation
join pg_class c on c.oid = coalesce(i.inhparent, l.relation)
join pg_namespace n on n.oid = c.relnamespace
join _timescaledb_catalog.hypertable h on h.schema_name = n.nspname and h.table_name = c.relname
where l.holder = any($1::text[])
group by l.holder, n.nspname, c.relname
order by l.holder, n.nspname, c.relname
limit 500
