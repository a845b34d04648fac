-- Tickets: the work around an alert. Where a ticket is follows from its alert (tab, decision), so that the two cannot disagree; only what
-- nobody could work out stands here: its type, the first person who took it up, who closed it, and what people wrote and did.

-- One row: the ticket of an alert, made in the transaction that makes the alert (db/alerts.ts).
create table ticket (
  alert_id uuid primary key references alert (id),
  type text not null default 'provider-alert',
  acknowledged_at timestamptz,                                 -- the first act of a person
  acknowledged_by text,
  closed_at timestamptz,
  closed_by text,
  close_note text,
  reopened_at timestamptz,                                     -- after it was decided; it is work again until it is closed
  ours_due_at timestamptz,                                     -- kept by the watch of clocks; exact when it was last looked at
  ours_state text,
  theirs_due_at timestamptz,
  theirs_state text
);
create index ticket_ours_due on ticket (ours_due_at) where ours_due_at is not null;

insert into ticket (alert_id, acknowledged_at, acknowledged_by, closed_at, closed_by)
select a.id, d.decided_at, d.decided_by, null, null
from alert a left join lateral (
  select decided_at, decided_by from decision where decision.alert_id = a.id order by decided_at limit 1) d on true;

-- Whatever a person first does about an alert stands in the ledger, and is what "acknowledged" means.
create function acknowledge_ticket() returns trigger language plpgsql as $$
begin
  update ticket set acknowledged_at = new.at, acknowledged_by = new.actor
  where alert_id = substr(new.subject, 7)::uuid and acknowledged_at is null;
  return null;
end $$;
create trigger ledger_acknowledges after insert on ledger_entry for each row
  when (new.actor like 'user:%' and new.subject ~ '^alert:[0-9a-f-]{36}$') execute function acknowledge_ticket();

-- One row: a time in which the provider had it. The last of an alert may have no end.
create table ticket_wait (
  alert_id uuid not null references alert (id),
  from_at timestamptz not null,
  to_at timestamptz,
  primary key (alert_id, from_at)
);

create function keep_ticket() returns trigger language plpgsql as $$
begin
  if new.tab = 'provider' then
    insert into ticket_wait (alert_id, from_at) values (new.id, coalesce(new.snoozed_at, now())) on conflict do nothing;
  elsif old.tab = 'provider' then
    update ticket_wait set to_at = greatest(now(), from_at) where alert_id = new.id and to_at is null;
  end if;
  -- What is worked again is not closed any more.
  if old.tab = 'done' then
    update ticket set closed_at = null, closed_by = null, close_note = null, reopened_at = null where alert_id = new.id and new.tab <> 'done';
  end if;
  return null;
end $$;
create trigger alert_moves after update on alert for each row when (old.tab <> new.tab) execute function keep_ticket();

-- One row: something to be ticked off. Removed ones stay, so that nobody can say that it was never asked.
create table ticket_task (
  id uuid primary key,
  alert_id uuid not null references alert (id),
  ordinal bigint generated always as identity,
  title text not null,
  owner uuid references app_user (id),
  due_at timestamptz,
  added_by text not null,
  added_at timestamptz not null,
  done_at timestamptz,
  done_by text,
  removed_at timestamptz,
  removed_by text
);
create index ticket_task_alert on ticket_task (alert_id, ordinal);

-- One row: what a person wrote. Never changed.
create table ticket_comment (
  id uuid primary key,
  alert_id uuid not null references alert (id),
  written_by text not null,
  written_at timestamptz not null,
  text text not null,
  mentions uuid[] not null default '{}'
);
create index ticket_comment_alert on ticket_comment (alert_id, written_at);

-- One row: a file somebody put beside it. Its bytes are never shown, only handed out as a download.
create table ticket_file (
  id uuid primary key,
  alert_id uuid not null references alert (id),
  name text not null,
  bytes bytea not null,
  size_bytes integer generated always as (octet_length(bytes)) stored,
  sha256 text not null,
  added_by text not null,
  added_at timestamptz not null
);
create index ticket_file_alert on ticket_file (alert_id, added_at);

-- One row: the same work in another system (Jira, ServiceNow, the provider's own).
create table ticket_reference (
  alert_id uuid not null references alert (id),
  system text not null,
  reference text not null,
  added_by text not null,
  added_at timestamptz not null,
  primary key (alert_id, system, reference)
);

-- One row: a clock ran out and somebody was told. Once for each time it came due, and level.
create table ticket_escalation (
  alert_id uuid not null references alert (id),
  clock text not null,
  due_at timestamptz not null,
  level integer not null,
  told text[] not null,
  told_at timestamptz not null,
  primary key (alert_id, clock, due_at, level)
);
