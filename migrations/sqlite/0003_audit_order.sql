-- Lines of the audit log are read by time, and by action and time.
drop index audit_by_time;
drop index audit_by_actor;
create index audit_by_time on audit (at_ms, id);
create index audit_by_action on audit (action, at_ms, id);
