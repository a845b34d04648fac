-- Posts that a provider signs: how, by provider. Without a row there is no such door.
create table webhook (
  provider_id text primary key references provider (id),
  scheme jsonb not null,
  version integer not null default 1,
  changed_at timestamptz not null
);
-- Secrets are sealed with the key of the installation. Two may be valid at once, while the provider changes over.
create table webhook_secret (
  id uuid primary key,
  provider_id text not null references webhook (provider_id) on delete cascade,
  sealed bytea not null,
  made_at timestamptz not null,
  ends_at timestamptz
);
create index webhook_secret_provider on webhook_secret (provider_id);
-- Posts that were refused, counted by day and reason: nothing of them is kept.
create table webhook_refusal (
  provider_id text not null references provider (id),
  day date not null,
  reason text not null,
  count bigint not null,
  last_at timestamptz not null,
  last_address text not null,
  primary key (provider_id, day, reason)
);
-- Readers that people taught, and every version of each, as YAML.
create table taught_reader (
  id text primary key,
  version integer not null,
  switched_on boolean not null,
  description jsonb not null,
  yaml text not null,
  changed_at timestamptz not null,
  changed_by text not null
);
create table taught_reader_version (
  reader_id text not null references taught_reader (id),
  version integer not null,
  switched_on boolean not null,
  yaml text not null,
  changed_at timestamptz not null,
  changed_by text not null,
  primary key (reader_id, version)
);
-- The last mails of a sender, to test a reader on.
create index message_sender on message (from_address, received_at desc) where from_address is not null;
