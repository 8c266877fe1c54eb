-- Changes of policies, from their intent on: what each does, how it stands, and what takes it back.

create table policy_changes (
  id bigint primary key generated always as identity,
  database_name text not null,
  -- The table; of a continuous aggregate its view.
  schema_name text not null,
  table_name text not null,
  at_ms bigint not null,
  actor_kind text not null,
  actor text not null,
  address text not null,
  reason text not null,
  -- The change this one takes back, and the one that took this one back.
  undoes bigint,
  undone_by bigint,
  -- The line of the audit log that says it began.
  intent_id bigint not null,
  -- Of the policy it was planned for.
  fingerprint text not null,
  -- As JSON: the policy it was planned for, statements, sentences, where it leads to and what takes it back.
  content text not null,
  -- The monitored database's number of the transaction that does it, written down before that changes anything;
  -- null while there is none.
  transaction_id bigint,
  -- How it stands, as JSON, and how that is known where the console did not see the end itself.
  state text not null,
  settled text,
  -- Null while its end is not known.
  finished_at_ms bigint
);
create index policy_changes_by_table on policy_changes (database_name, schema_name, table_name, id);
create index policy_changes_by_fingerprint on policy_changes (database_name, fingerprint);
create index policy_changes_without_end on policy_changes (database_name) where finished_at_ms is null;
