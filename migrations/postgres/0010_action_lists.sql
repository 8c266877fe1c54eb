-- Actions on many chunks, page by page; and the actions of one table.

-- How many targets stand how, and those that failed first, without reading the targets.
create index action_targets_by_state on action_targets (action_id, state, number);

-- The tables that something was done to.
create table action_tables (
  action_id bigint not null references actions (id) on delete cascade,
  schema_name text not null,
  table_name text not null,
  primary key (action_id, schema_name, table_name)
);
create index action_tables_by_name on action_tables (schema_name, table_name, action_id);
