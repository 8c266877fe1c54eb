-- Times are milliseconds since 1970, UTC. Secrets are kept as SHA-256 (they have 256 bits of their own) or argon2id.

create table users (
  id bigint primary key generated always as identity,
  name text not null unique,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  password_hash text not null,
  created_at_ms bigint not null,
  password_changed_at_ms bigint not null,
  disabled_at_ms bigint
);

create table sessions (
  id_hash text primary key,
  -- Null until somebody has signed in with it.
  user_id bigint references users (id) on delete cascade,
  data text not null,
  created_at_ms bigint not null,
  expires_at_ms bigint not null
);
create index sessions_by_user on sessions (user_id);
create index sessions_by_expiry on sessions (expires_at_ms);

-- At most one row: the link with which the first administrator is created.
create table setup_link (
  id bigint primary key check (id = 1),
  token_hash text not null,
  expires_at_ms bigint not null
);
