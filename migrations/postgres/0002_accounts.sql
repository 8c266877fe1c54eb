-- Accounts, tokens and the audit trail. Whoever is signed in signs in once more: sessions get another shape.
drop table sessions;

-- An invited user has no password yet.
alter table users alter column password_hash drop not null;
alter table users alter column password_changed_at_ms drop not null;
alter table users add column signed_in_at_ms bigint;
-- Rises whenever all sessions of the user end; a session is worth something only under the number it began with, so
-- that a sign-in which was under way at that moment is worth nothing.
alter table users add column sessions_epoch bigint not null default 0;

-- One row: whoever changes who is an administrator updates it first, so that such changes come one after the other
-- and the last administrator cannot be lost to two changes at once.
create table roster (
  id bigint primary key check (id = 1),
  changes bigint not null
);
insert into roster (id, changes) values (1, 0);

create table sessions (
  -- What lists and revocations call the session by; not a secret.
  id bigint primary key generated always as identity,
  id_hash text not null unique,
  -- Null until somebody has signed in with it.
  user_id bigint references users (id) on delete cascade,
  data text not null,
  created_at_ms bigint not null,
  expires_at_ms bigint not null
);
create index sessions_by_user on sessions (user_id);
create index sessions_by_expiry on sessions (expires_at_ms);

-- Browsers that have signed in as a user before (OWASP's device cookie).
create table known_browsers (
  id bigint primary key generated always as identity,
  token_hash text not null unique,
  user_id bigint not null references users (id) on delete cascade,
  expires_at_ms bigint not null
);
create index known_browsers_by_user on known_browsers (user_id);

-- Invitations and password resets: one link a user, used once.
create table password_links (
  user_id bigint primary key references users (id) on delete cascade,
  token_hash text not null unique,
  purpose text not null check (purpose in ('invitation', 'reset')),
  expires_at_ms bigint not null
);

-- How many sign-ins are left to an address, a name or a known browser, as the time its whole budget is back.
create table login_budgets (
  budget text primary key,
  whole_at_ms bigint not null
);

create table tokens (
  id bigint primary key generated always as identity,
  name text not null,
  token_hash text not null unique,
  -- The first characters of the token, to recognise it by.
  hint text not null,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  -- Names of permissions, separated by spaces; null for all of the role's.
  permissions text,
  created_by text not null,
  created_at_ms bigint not null,
  expires_at_ms bigint,
  revoked_at_ms bigint,
  used_at_ms bigint,
  used_from text
);
create unique index tokens_by_name on tokens (name) where revoked_at_ms is null;

create table audit (
  id bigint primary key generated always as identity,
  at_ms bigint not null,
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
  intent_id bigint,
  detail text not null,
  -- Rows that stand for several events say how many, and when the last one was.
  event_count bigint not null,
  last_at_ms bigint not null
);
create index audit_by_time on audit (at_ms);
create index audit_by_actor on audit (actor);
create unique index audit_by_intent on audit (intent_id) where intent_id is not null;

-- Rows from before this time may be removed. Not 0 only within the transaction that removes them.
create table audit_retention (
  id bigint primary key check (id = 1),
  removable_before_ms bigint not null
);
insert into audit_retention (id, removable_before_ms) values (1, 0);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.at_ms < (select removable_before_ms from audit_retention) then
      return old;
    end if;
  end if;
  raise exception 'the audit log is append-only';
end $$;
create trigger audit_is_not_changed before update or delete on audit
  for each row execute function audit_is_append_only();
create trigger audit_is_not_truncated before truncate on audit
  for each statement execute function audit_is_append_only();
