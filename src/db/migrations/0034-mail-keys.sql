-- Keys for signed and encrypted mail: ours, and those of providers.

-- One row: a key of ours. The private part is sealed; the public part goes to whoever wants it.
create table mail_key (
  id uuid primary key,
  fingerprint text not null unique check (fingerprint ~ '^[0-9a-f]{40,64}$'),
  method text not null check (method in ('smime', 'openpgp')),
  facts jsonb not null,
  public_text text not null,
  sealed bytea not null,
  added_by text not null,
  added_at timestamptz not null,
  retired_at timestamptz                                       -- signs nothing any more, still opens what was encrypted to it
);

-- One row: a certificate or public key of a provider, as a person put it here. That makes it believed (pinned).
create table provider_mail_key (
  provider_id text not null references provider (id) on delete cascade,
  fingerprint text not null check (fingerprint ~ '^[0-9a-f]{40,64}$'),
  method text not null check (method in ('smime', 'openpgp')),
  facts jsonb not null,
  public_text text not null,
  added_by text not null,
  added_at timestamptz not null,
  primary key (provider_id, fingerprint)
);

-- What was released in the clear, where what leaves is signed or encrypted; and by which keys.
alter table reply add column clear_bytes bytea, add column protection jsonb;
alter table egress
  add column clear_sha256 text check (clear_sha256 ~ '^[0-9a-f]{64}$'),
  add column protection jsonb,
  add check ((clear_sha256 is null) = (protection is null));

create or replace function egress_keeps() returns trigger language plpgsql as $$
begin
  if (new.id, new.kind, new.reply_id, new.pack_id, new.pack_version, new.provider_id, new.channel, new.recipients, new.subject, new.message_id,
      new.sha256, new.size_bytes, new.bytes, new.released_by, new.released_at, new.rule, new.clear_sha256, new.protection)
    is distinct from (old.id, old.kind, old.reply_id, old.pack_id, old.pack_version, old.provider_id, old.channel, old.recipients, old.subject,
      old.message_id, old.sha256, old.size_bytes, old.bytes, old.released_by, old.released_at, old.rule, old.clear_sha256, old.protection)
  then raise exception 'what was released is never changed'; end if;
  if new.state <> old.state and not (old.state || '>' || new.state) = any (array[
    'released>leaving', 'released>withdrawn', 'released>dry-run', 'released>refused', 'released>unconfirmed', 'leaving>left', 'leaving>unconfirmed', 'leaving>refused',
    'leaving>released', 'unconfirmed>left', 'unconfirmed>refused', 'unconfirmed>released', 'left>refused'])
  then raise exception 'what left cannot go from % to %', old.state, new.state; end if;
  return new;
end $$;
