-- One row: a tab of a person, and the alert it shows. News of the minute: not kept over a crash, and in no ledger.
create unlogged table presence (
  tab uuid primary key,
  user_id uuid not null references app_user (id) on delete cascade,
  alert_id uuid not null references alert (id) on delete cascade,
  doing text not null check (doing in ('reading', 'deciding', 'answering')),
  since timestamptz not null,
  seen_at timestamptz not null
);
create index presence_seen on presence (seen_at);
