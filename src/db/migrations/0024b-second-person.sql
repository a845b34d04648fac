-- A draft that one person released and that waits for a second one: its bytes are fixed, and any change of the draft takes that back.
alter table reply
  add column first_by text check (first_by ~ '^(user|person):.'),
  add column first_at timestamptz,
  add column second_because text[] not null default '{}',      -- why one person is not enough
  add column second_by_playbook boolean not null default false; -- the playbook that drafted it asks for two
