-- Sample data can be taken away again, and nothing else: a message is sample data from its first moment or never.
drop trigger message_keep on message;
create trigger message_keep before truncate on message for each statement execute function forbid_change();
create function message_kept() returns trigger language plpgsql as $$
begin
  if not old.sample then
    raise exception 'messages are never deleted' using errcode = 'integrity_constraint_violation';
  end if;
  return old;
end $$;
create trigger message_kept before delete on message for each row execute function message_kept();
create or replace function message_bytes_stay() returns trigger language plpgsql as $$
begin
  if new.id <> old.id or new.bytes <> old.bytes or new.received_at <> old.received_at or new.sample <> old.sample then
    raise exception 'the bytes of a message are never changed' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
drop trigger message_bytes on message;
create trigger message_bytes before update of id, bytes, received_at, sample on message for each row execute function message_bytes_stay();
-- The queue filters by it, newest first.
create index alert_sample on alert (received_at desc) where sample;
create index message_sample on message (received_at) where sample;

-- One row: what one shift handed to the next: the facts as they were then, and the note as a person signed it. Never changed but for who took it over.
create table handover (
  id uuid primary key,
  from_at timestamptz not null,
  to_at timestamptz not null,
  note text not null,
  facts jsonb not null,                                        -- contract/handover.ts HandoverFacts
  signed_by text not null,
  signed_at timestamptz not null,
  taken_by text,
  taken_at timestamptz
);
create index handover_signed on handover (signed_at desc);

-- One row: what an auditor found of one alert of a sample (docs/audit-room.md). A second word on the same one is a second row; the newest counts.
create table audit_remark (
  id uuid primary key,
  sample jsonb not null,                                       -- seed, from, to, n: how the sample is drawn again
  alert_id uuid not null references alert (id),
  decision_id uuid,
  conclusion text not null check (conclusion in ('agree', 'not-supported', 'remark')),
  remark text not null,
  said_by text not null,
  said_at timestamptz not null
);
create index audit_remark_alert on audit_remark (alert_id, said_at desc);
