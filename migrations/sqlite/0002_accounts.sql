-- Accounts, tokens and the audit trail. Whoever is signed in signs in once more: sessions get another shape.
drop table sessions;

-- An invited user has no password yet. SQLite cannot take back a "not null", so the table is written anew.
create table users_0002 (
  id integer primary key autoincrement,
  name text not null unique,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  password_hash text,
  created_at_ms integer not null,
  password_changed_at_ms integer,
  signed_in_at_ms integer,
  disabled_at_ms integer,
  -- Rises whenever all sessions of the user end; a session is worth something only under the number it began with, so
  -- that a sign-in which was under way at that moment is worth nothing.
  sessions_epoch integer not null default 0
);
insert into users_0002 (id, name, role, password_hash, created_at_ms, password_changed_at_ms, disabled_at_ms)
  select id, name, role, password_hash, created_at_ms, password_changed_at_ms, disabled_at_ms from users;
drop table users;
alter table users_0002 rename to users;

-- One row: whoever changes who is an administrator updates it first, so that such changes come one after the other
-- and the last administrator cannot be lost to two changes at once.
create table roster (
  id integer primary key check (id = 1),
  changes integer not null
);
insert into roster (id, changes) values (1, 0);

create table sessions (
  -- What lists and revocations call the session by; not a secret.
  id integer primary key autoincrement,
  id_hash text not null unique,
  -- Null until somebody has signed in with it.
  user_id integer references users (id) on delete cascade,
  data text not null,
  created_at_ms integer not null,
  expires_at_ms integer not null
);
create index sessions_by_user on sessions (user_id);
create index sessions_by_expiry on sessions (expires_at_ms);

-- Browsers that have signed in as a user before (OWASP's device cookie).
create table known_browsers (
  id integer primary key autoincrement,
  token_hash text not null unique,
  user_id integer not null references users (id) on delete cascade,
  expires_at_ms integer not null
);
create index known_browsers_by_user on known_browsers (user_id);

-- Invitations and password resets: one link a user, used once.
create table password_links (
  user_id integer primary key references users (id) on delete cascade,
  token_hash text not null unique,
  purpose text not null check (purpose in ('invitation', 'reset')),
  expires_at_ms integer not null
);

-- How many sign-ins are left to an address, a name or a known browser, as the time its whole budget is back.
create table login_budgets (
  budget text primary key,
  whole_at_ms integer not null
);

create table tokens (
  id integer primary key autoincrement,
  name text not null,
  token_hash text not null unique,
  -- The first characters of the token, to recognise it by.
  hint text not null,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  -- Names of permissions, separated by spaces; null for all of the role's.
  permissions text,
  created_by text not null,
  created_at_ms integer not null,
  expires_at_ms integer,
  revoked_at_ms integer,
  used_at_ms integer,
  used_from text
);
create unique index tokens_by_name on tokens (name) where revoked_at_ms is null;

create table audit (
  id integer primary key autoincrement,
  at_ms integer not null,
  actor_kind text not null check (actor_kind in ('user', 'token', 'command_line', 'console', 'nobody')),
  actor text not null,
  address text not null,
  action text not null,
  database_name text not null,
  target text not null,
  before_facts text not null,
  after_facts text not null,
  -- Null in a row that says what is about to be done; its outcome is the row that names it as intent.
  outcome text check (outcome in ('succeeded', 'failed', 'refused')),
  intent_id integer,
  detail text not null,
  -- Rows that stand for several events say how many, and when the last one was.
  event_count integer not null,
  last_at_ms integer not null
);
create index audit_by_time on audit (at_ms);
create index audit_by_actor on audit (actor);
create unique index audit_by_intent on audit (intent_id) where intent_id is not null;

-- Rows from before this time may be removed. Not 0 only within the transaction that removes them.
create table audit_retention (
  id integer primary key check (id = 1),
  removable_before_ms integer not null
);
insert into audit_retention (id, removable_before_ms) values (1, 0);

create trigger audit_is_not_changed before update on audit
begin
  select raise(abort, 'the audit log is append-only');
end;
-- "insert or replace" removes a row without asking the trigger below.
create trigger audit_is_not_replaced before insert on audit
when exists (select 1 from audit where id = new.id)
begin
  select raise(abort, 'the audit log is append-only');
end;
create trigger audit_is_not_removed before delete on audit
when old.at_ms >= (select removable_before_ms from audit_retention)
begin
  select raise(abort, 'the audit log is append-only');
end;
