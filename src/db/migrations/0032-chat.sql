-- Chat: channels of Slack and Teams that our own people are told in, and a line for everything that leaves by another way than mail.

-- One row: a channel. The address of its webhook is a secret and sealed.
create table chat_channel (
  id text primary key check (id ~ '^[a-z][a-z0-9-]{0,62}$'),
  kind text not null check (kind in ('slack', 'teams')),
  title text not null,
  settings jsonb not null,
  host text not null,                                          -- of the webhook, for people to recognise it
  sealed bytea not null,
  enabled boolean not null default false,
  version integer not null default 1,
  changed_by text not null,
  changed_at timestamptz not null,
  -- The next message goes out then at the earliest: vendors take about one a second.
  next_at timestamptz not null default '1970-01-01T00:00:00Z',
  -- It asked to be left alone, or did not answer: nothing is sent before.
  not_before timestamptz,
  misses integer not null default 0,
  failing_since timestamptz,
  says text not null default '',
  answered_at timestamptz
);

-- One row: something that left, or was kept back, by another way than mail: under whose agreement, and what became of it.
create table outside_send (
  id uuid primary key,
  way text not null check (way in ('slack', 'teams', 'jira', 'servicenow', 'webhook')),
  place text not null,
  place_title text not null,
  alert_id uuid references alert (id),
  act text not null,
  subject text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  size_bytes integer not null,
  agreed_by text not null,
  rule text not null check (rule <> ''),
  at timestamptz not null,
  state text not null check (state in ('leaving', 'left', 'unconfirmed', 'refused')),
  left_at timestamptz,
  says text not null default '',
  check ((state = 'left') <= (left_at is not null))
);
create index outside_send_newest on outside_send (at desc, id);

create function outside_send_keeps() returns trigger language plpgsql as $$
begin
  if (new.id, new.way, new.place, new.place_title, new.alert_id, new.act, new.subject, new.sha256, new.size_bytes, new.agreed_by, new.rule, new.at)
    is distinct from (old.id, old.way, old.place, old.place_title, old.alert_id, old.act, old.subject, old.sha256, old.size_bytes, old.agreed_by, old.rule, old.at)
  then raise exception 'what left is never changed'; end if;
  if new.state <> old.state and old.state in ('left', 'refused') then raise exception 'what left cannot go from % to %', old.state, new.state; end if;
  return new;
end $$;
create trigger outside_send_keeps before update on outside_send for each row execute function outside_send_keeps();

-- One row: a message to a channel, on its way. What is in it is dropped once it arrived: it may hold a one-time link.
create table chat_post (
  id uuid primary key,
  channel_id text not null references chat_channel (id) on delete cascade,
  alert_id uuid references alert (id),
  matter jsonb,
  bytes bytea,
  -- The settings that the bytes were made under; others make them anew.
  made_under integer,
  send_id uuid references outside_send (id),
  state text not null default 'queued' check (state in ('queued', 'sending', 'sent', 'failed')),
  tries integer not null default 0,
  says text not null default '',
  created_at timestamptz not null,
  sent_at timestamptz
);
create index chat_post_channel on chat_post (channel_id, created_at desc);
