-- The door for a provider's own analysts: from where, how often, and who of them looked at what.

-- One row: how far the door of a provider is open. None: from everywhere, with the usual limits.
create table provider_door (
  provider_id text primary key references provider (id) on delete cascade,
  ranges text[] not null default '{}',
  requests_per_day integer not null default 50 check (requests_per_day between 0 and 1000),
  version integer not null default 1,
  changed_by text not null,
  changed_at timestamptz not null
);

-- One row: somebody of theirs asked for what is known about something. It came in as a message like any other.
create table provider_request (
  id uuid primary key,
  provider_id text not null references provider (id) on delete cascade,
  asked_by uuid not null references app_user (id),
  observable text not null,
  why text not null,
  message_id text not null,
  asked_at timestamptz not null
);
create index provider_request_asked on provider_request (provider_id, asked_at desc);

-- One row: one of theirs looked at something of ours, once for each hour; the ledger has the same.
create table provider_look (
  provider_id text not null references provider (id) on delete cascade,
  user_id uuid not null references app_user (id),
  what text not null,
  subject text not null,
  hour timestamptz not null,
  at timestamptz not null,
  address text not null,
  primary key (user_id, what, subject, hour)
);
create index provider_look_at on provider_look (provider_id, at desc);
