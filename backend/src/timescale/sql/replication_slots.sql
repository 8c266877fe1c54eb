-- Replication slots and the WAL the server keeps for them. A few rows; every role may read them.
select
  s.slot_name::text as name,
  s.slot_type::text as kind,
  s.active,
  greatest(pg_wal_lsn_diff(
    case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end, s.restart_lsn
  ), 0)::int8 as held_bytes,
  s.wal_status::text as wal_status
from pg_replication_slots s
order by held_bytes desc nulls last, name
limit 100
