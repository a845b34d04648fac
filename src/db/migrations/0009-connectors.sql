-- Connectors that an administrator set up on the page. Those of counterfoil.yaml stand in the file alone.
create table connector (
  id text primary key check (id ~ '^[a-z][a-z0-9-]{0,62}$'),
  kind text not null,
  title text not null,
  settings jsonb not null,
  -- What it can answer, so that a connector whose settings no longer open still says "could not look" to these questions.
  answers text[] not null,
  enabled boolean not null default true,
  version integer not null default 1,
  changed_by text not null,
  changed_at timestamptz not null
);
-- A secret is sealed by a data key of its own, and the data key by the key of the installation: a rotation rewraps data keys and no secret.
create table connector_secret (
  connector text not null references connector (id) on delete cascade,
  field text not null,
  key_id text not null,
  wrapped bytea not null,
  sealed bytea not null,
  changed_at timestamptz not null,
  primary key (connector, field)
);
create index connector_secret_key on connector_secret (key_id);
-- How often each was asked on each day (UTC), to tell an unusual day from a usual one; kept for 60 days.
create table connector_day (
  connector text not null,
  day date not null,
  asked bigint not null default 0,
  failed bigint not null default 0,
  primary key (connector, day)
);
alter table connector_state
  add column failing_since timestamptz,
  add column last_ms real,
  -- Hours without an answer after which its silence is said; null: it is not watched.
  add column silent_after_hours integer check (silent_after_hours between 1 and 2160);
