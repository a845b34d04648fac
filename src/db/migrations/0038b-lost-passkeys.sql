-- Which passkey opened a session: the session ends when that passkey is removed. Null: another way in, or opened before this was kept.
alter table session add column passkey_id text;

-- A passkey that was lost and removed. What it signed stays as it is (approval_answer and release_signature hold the key itself); that somebody
-- had one stays known as well, so that taking their passkey away does not let a click count again (decision 0019).
create table removed_passkey (
  credential_id text not null,
  user_id uuid not null references app_user (id),
  name text not null,
  created_at timestamptz not null,
  removed_at timestamptz not null,
  removed_by text not null,
  why text not null,
  primary key (credential_id, removed_at)
);
create index removed_passkey_user on removed_passkey (user_id, removed_at);
