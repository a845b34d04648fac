-- One row: bytes that a person let leave towards a provider, for whom and under which rule. Only what stands here passes the gate
-- (outbox/gate.ts). What was released is never changed; only what became of it is.
create table egress (
  id uuid primary key,
  kind text not null check (kind in ('reply', 'pack')),
  reply_id uuid references reply (id),
  pack_id text,
  pack_version integer,
  provider_id text not null,
  channel text not null check (channel in ('mail')),
  recipients text[] not null check (cardinality(recipients) > 0),
  subject text not null,
  message_id text not null unique,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  size_bytes integer not null check (size_bytes > 0),
  bytes bytea,                                                 -- of a pack; a reply has its own
  released_by text not null check (released_by ~ '^(user|person):.'),
  released_at timestamptz not null,
  rule text not null check (rule <> ''),                       -- why it may leave, as it was then
  hold_until timestamptz not null,
  state text not null check (state in ('released', 'leaving', 'left', 'unconfirmed', 'refused', 'withdrawn', 'dry-run')),
  left_at timestamptz,
  receipt text,
  foreign key (pack_id, pack_version) references context_pack_version (pack_id, version),
  check ((kind = 'reply') = (reply_id is not null)),
  check ((kind = 'pack') = (pack_id is not null and pack_version is not null and bytes is not null)),
  check ((state = 'left') <= (left_at is not null)),
  unique (reply_id)
);
create index egress_newest on egress (released_at desc, id);
create index egress_provider on egress (provider_id, released_at desc);

create function egress_keeps() returns trigger language plpgsql as $$
begin
  if (new.id, new.kind, new.reply_id, new.pack_id, new.pack_version, new.provider_id, new.channel, new.recipients, new.subject, new.message_id,
      new.sha256, new.size_bytes, new.bytes, new.released_by, new.released_at, new.rule)
    is distinct from (old.id, old.kind, old.reply_id, old.pack_id, old.pack_version, old.provider_id, old.channel, old.recipients, old.subject,
      old.message_id, old.sha256, old.size_bytes, old.bytes, old.released_by, old.released_at, old.rule)
  then raise exception 'what was released is never changed'; end if;
  if new.state <> old.state and not (old.state || '>' || new.state) = any (array[
    'released>leaving', 'released>withdrawn', 'released>dry-run', 'released>refused', 'released>unconfirmed', 'leaving>left', 'leaving>unconfirmed', 'leaving>refused',
    'leaving>released', 'unconfirmed>left', 'unconfirmed>refused', 'unconfirmed>released', 'left>refused'])
  then raise exception 'what left cannot go from % to %', old.state, new.state; end if;
  return new;
end $$;
create trigger egress_keeps before update on egress for each row execute function egress_keeps();

-- What was released before there was this table.
insert into egress (id, kind, reply_id, provider_id, channel, recipients, subject, message_id, sha256, size_bytes, released_by, released_at, rule,
  hold_until, state, left_at, receipt)
select gen_random_uuid(), 'reply', id, provider_id, 'mail', recipients, subject, message_id, digest, octet_length(bytes), released_by, released_at,
  'reviewed and released by a person', coalesce(hold_until, released_at),
  case state when 'held' then 'released' when 'sending' then 'leaving' when 'sent' then 'left' when 'failed' then 'refused'
    when 'cancelled' then 'withdrawn' else state end,
  case when state = 'sent' then coalesce(sent_at, released_at) end, receipt
from reply
where bytes is not null and octet_length(bytes) > 0 and digest ~ '^[0-9a-f]{64}$' and released_at is not null and released_by ~ '^(user|person):.' and cardinality(recipients) > 0
  and state in ('held', 'sending', 'sent', 'unconfirmed', 'failed', 'cancelled', 'dry-run');

-- A reply is handed to a mail server only while it has an entry of exactly its bytes and recipients.
create function reply_has_egress() returns trigger language plpgsql as $$
begin
  if not exists (select from egress e where e.reply_id = new.id and e.sha256 = new.digest and e.recipients = new.recipients and e.message_id = new.message_id)
  then raise exception 'nobody let these bytes leave'; end if;
  return new;
end $$;
create trigger reply_has_egress before update on reply for each row when (new.state = 'sending') execute function reply_has_egress();
