-- Tickets elsewhere: the customer's own Jira, ServiceNow, or whatever takes a signed post.

-- One row: a system that tickets are kept in step with. Its secret is sealed.
create table elsewhere_system (
  id text primary key check (id ~ '^[a-z][a-z0-9-]{0,62}$'),
  kind text not null,
  title text not null,
  settings jsonb not null,
  sealed bytea,
  enabled boolean not null default false,
  -- Alerts from then on are synced; those before it only when a person says so.
  since timestamptz,
  version integer not null default 1,
  changed_by text not null,
  changed_at timestamptz not null,
  -- How it is doing: nothing is sent before `not_before`; `misses` counts since it last answered.
  not_before timestamptz,
  misses integer not null default 0,
  failing_since timestamptz,
  says text not null default '',
  answered_at timestamptz,
  polled_at timestamptz,
  -- Whoever works on it holds it until then; a process that died lets go of it by time.
  held_by text,
  held_until timestamptz,
  -- Statuses of theirs that the mapping does not name, with when each was last seen.
  unmapped jsonb not null default '{}'
);

-- One row: a ticket of ours and what it is there. Wanted until it has their id.
create table elsewhere_link (
  system_id text not null references elsewhere_system (id) on delete cascade,
  alert_id uuid not null references alert (id),
  state text not null default 'new',                           -- new, creating, unconfirmed, linked, gone
  their_id text,
  their_key text,
  their_url text,
  says text not null default '',
  tries integer not null default 0,
  looks integer not null default 0,
  -- What happened on either side, and how much of it was dealt with.
  changes bigint not null default 1,
  done bigint not null default 0,
  due_at timestamptz,
  -- Both sides as they were when they last agreed.
  sent_digest text,
  our_state text,
  their_status text,
  -- What a signed post said last, by their clock.
  posted_status text,
  posted_at timestamptz,
  synced_at timestamptz,
  primary key (system_id, alert_id)
);
create unique index elsewhere_link_theirs on elsewhere_link (system_id, their_id) where their_id is not null;
create index elsewhere_link_alert on elsewhere_link (alert_id);
create index elsewhere_link_due on elsewhere_link (system_id) where changes > done;

-- One row: a comment or file that is, or is to be, on both sides.
create table elsewhere_item (
  id bigint generated always as identity primary key,
  system_id text not null,
  alert_id uuid not null,
  kind text not null,                                          -- comment, file
  direction text not null,                                     -- out, in
  our_id uuid,
  their_id text,
  digest text not null,
  state text not null,                                         -- sending, done, refused
  at timestamptz not null,
  foreign key (system_id, alert_id) references elsewhere_link (system_id, alert_id) on delete cascade
);
create unique index elsewhere_item_ours on elsewhere_item (system_id, alert_id, kind, our_id) where our_id is not null;
create unique index elsewhere_item_theirs on elsewhere_item (system_id, alert_id, kind, their_id) where their_id is not null;

-- One row: a signed post that was taken, so that its repetition is known.
create table elsewhere_post (
  system_id text not null references elsewhere_system (id) on delete cascade,
  id text not null,
  at timestamptz not null,
  primary key (system_id, id)
);

-- Whatever happens on a ticket is in the ledger; from there its links learn of it, in the same transaction. Their own lines start nothing.
create function elsewhere_changes() returns trigger language plpgsql as $$
begin
  update elsewhere_link set changes = changes + 1 where alert_id = substr(new.subject, 7)::uuid;
  return null;
end $$;
create trigger ledger_tells_elsewhere after insert on ledger_entry for each row
  when (new.kind not like 'elsewhere.%' and new.subject ~ '^alert:[0-9a-f-]{36}$') execute function elsewhere_changes();
