-- Accounts of programs beside those of people, and people who are bound to one provider.
alter table app_user
  add column kind text not null default 'person' check (kind in ('person', 'service')),
  add column provider_id text references provider (id),        -- whose analyst this is; what they see is that provider's own
  add constraint app_user_bound check (provider_id is null or role = 'provider-analyst'),
  -- A program has no way to sign in: neither secret can ever be set.
  add constraint app_user_program check (kind = 'person' or (password_hash is null and totp_secret_sealed is null));

-- One row: a key of a program. Only the digest is kept; a key is never changed, only taken back.
create table api_key (
  id uuid primary key,
  account_id uuid not null references app_user (id),
  name text not null,
  prefix text not null,                                        -- the first characters of the key, to recognise it by
  digest text not null unique check (digest ~ '^[0-9a-f]{64}$'),
  scopes text[] not null check (cardinality(scopes) > 0),      -- permissions; what it may do is what its account may do besides
  allow_from text[] not null default '{}',                     -- addresses and ranges it may be used from; none: from anywhere
  made_by text not null,
  made_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  last_used_at timestamptz,
  last_used_from text
);
create index api_key_account on api_key (account_id, made_at desc);

-- One row: a decision that was thought out but not taken, or a remark. A person takes it up or puts it away.
create table suggestion (
  id uuid primary key,
  alert_id uuid not null references alert (id),
  kind text not null check (kind in ('decision', 'remark')),
  outcome text check ((kind = 'decision') = (outcome is not null)),
  text text not null,
  cites uuid[] not null default '{}',
  made_by text not null,
  made_at timestamptz not null,
  closed_at timestamptz,
  closed_by text,
  closed_as text check (closed_as in ('taken', 'dismissed'))
);
create index suggestion_alert on suggestion (alert_id, made_at);

-- What an asset owner's page asks: the assets somebody answers for, and what they were asked.
create index asset_owner_email on asset (lower(facts->>'ownerEmail'));
create index person_question_email on person_question (lower(email), asked_at desc);
