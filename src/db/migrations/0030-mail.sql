-- One row: a file that goes with a draft. It was looked into before it may leave, or it says why it could not be. `bytes` are those without
-- what was stripped; places that a person covered are covered when the mail is made.
create table reply_file (
  id uuid primary key,
  reply_id uuid not null references reply (id),
  name text not null,
  -- Their own places in the name, and in what can be read of the file.
  name_spans jsonb not null,
  spans jsonb not null,
  kind text not null,
  media_type text not null,
  bytes bytea,
  text text not null,
  -- Where the names of what no detector reads begin in `text`; null where everything was read.
  unread_from integer,
  is_plain boolean not null,
  stripped text[] not null,
  blocked_why text,
  blocked_next text,
  -- As it came: its digest, its size, and the file of the case it is.
  came_sha256 text not null,
  came_bytes integer not null,
  ticket_file_id uuid references ticket_file (id),
  added_by text not null,
  added_at timestamptz not null,
  constraint reply_file_looked_into_or_blocked check ((bytes is null) = (blocked_why is not null) and (blocked_why is null) = (blocked_next is null))
);
create index reply_file_reply on reply_file (reply_id, added_at);
