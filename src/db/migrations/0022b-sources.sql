-- One row: after how long without a sign of life a provider, a door or a feed is called silent. Connectors and log sources keep theirs where they
-- are set up (connector_state, the lake).
create table source_watch (
  source text primary key,                                     -- "provider:acme", "door:mailbox", "feed:misp"
  silent_after_minutes integer not null check (silent_after_minutes > 0),
  set_by text not null,
  set_at timestamptz not null
);

-- One row: a source was silent for longer than that. Open until it is heard again; a restart changes nothing.
create table source_silence (
  id uuid primary key,
  source text not null,
  title text not null,
  since timestamptz not null,                                  -- its last sign of life, or since when it is watched
  limit_minutes integer not null,
  noticed_at timestamptz not null,
  ended_at timestamptz,
  ended_why text check (ended_why in ('heard', 'not-watched'))
);
create unique index source_silence_open on source_silence (source) where ended_at is null;

-- One row: signs of life of a source on one day (UTC), as the watch saw them, and the longest wait for one. Its usual rhythm comes from here.
create table source_rhythm (
  source text not null,
  day date not null,
  signs integer not null,
  longest_minutes integer not null,
  last_at timestamptz not null,
  primary key (source, day)
);

-- The last message of each provider, and the waits between them.
create index message_provider on message (provider_id, received_at desc) where provider_id is not null;
