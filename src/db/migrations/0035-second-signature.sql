-- A release that was given out to be signed, and that nobody has signed yet: the digest of its statement is the challenge. `bytes` are those that a
-- first release would fix; of a second one the reply holds them already.
create table release_challenge (
  challenge text primary key,
  reply_id uuid not null references reply (id),
  user_id uuid not null references app_user (id),
  statement text not null,
  bytes bytea,
  clear_bytes bytea,                                           -- as in reply: what its reader sees of a mail that is signed or encrypted
  protection jsonb,
  expires_at timestamptz not null,
  unique (reply_id, user_id)
);
create index release_challenge_expires on release_challenge (expires_at);

-- A signed release, with all that proves it. Never changed; the same stands in the ledger. A draft that was changed after its first release keeps
-- the old signature: it is over bytes that never left.
create table release_signature (
  statement_sha256 text primary key check (statement_sha256 ~ '^[0-9a-f]{64}$'),
  reply_id uuid not null references reply (id),
  part text not null check (part in ('first', 'second')),
  user_id uuid not null references app_user (id),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),           -- of the bytes that leave
  statement text not null,
  credential_id text not null,
  public_key bytea not null,
  counter bigint not null,
  authenticator_data bytea not null,
  client_data bytea not null,
  signature bytea not null,
  at timestamptz not null
);
create index release_signature_reply on release_signature (reply_id, at);

create trigger release_signature_keeps before update on release_signature for each row execute function approval_answer_keeps();
