-- Memory: answers that are worth remembering, and every alert that one of them was held against.

-- One row: an expectation. It counts from `from_at` until it expires or is retired; a renewal counts anew and is previewed anew.
create table expectation (
  id uuid primary key,
  number integer generated always as identity unique,          -- for people: "E-3"
  provider_id text,
  rule text,
  host text,
  account text,
  range text,                                                  -- CIDR
  condition text not null default '',                          -- CEL over the alert and its findings; '' holds always
  outcome text not null check (outcome in ('false-alarm-nothing', 'false-alarm-benign', 'tune')),
  reason text not null check (reason <> ''),
  owner uuid not null references app_user (id),
  decides boolean not null default false,                      -- only its owner says so
  source_alert uuid references alert (id),                     -- the alert whose decision it was made from
  sample boolean not null default false,                       -- sample data is held only against sample data
  preview jsonb not null,                                      -- model/expectation.ts: what it would have matched when it began to count
  added_by text not null,
  added_at timestamptz not null,
  from_at timestamptz not null,
  expires_at timestamptz not null,
  retired_at timestamptz,
  retired_by text,
  retire_reason text,
  constraint expectation_not_for_ever check (expires_at > from_at and expires_at <= from_at + interval '180 days'),
  constraint expectation_scope check (coalesce(rule, host, account, range) is not null)
);
create index expectation_standing on expectation (expires_at) where retired_at is null;

-- One row: an alert in the scope of an expectation, and what its condition said of it last.
create table expectation_match (
  expectation_id uuid not null references expectation (id),
  alert_id uuid not null references alert (id),
  kind text not null check (kind in ('holds', 'contradicted', 'unknown')),
  why text not null default '',
  held text not null default '',                               -- why it did not decide by itself, where its owner lets it
  decided boolean not null default false,
  at timestamptz not null,
  primary key (expectation_id, alert_id)
);
create index expectation_match_alert on expectation_match (alert_id);
