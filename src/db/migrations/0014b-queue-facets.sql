-- The queue at a million alerts: what it filters by in columns, counts that nobody has to count, and views that people keep.
create extension if not exists pg_trgm;
create extension if not exists btree_gin;

alter table alert
  add column level text generated always as (judgement #>> '{risk,level}') stored,
  add column proposed text generated always as (judgement #>> '{proposal,outcome}') stored,
  -- What a person may type to find it, in lower case.
  add column words text generated always as (lower(
    title || ' ' || coalesce(rule, '') || ' ' || coalesce(entity, '') || ' ' || coalesce(ticket, '') || ' ' || coalesce(host, '') || ' ' ||
    coalesce(account, '') || ' ' || coalesce(source, '') || ' ' || coalesce(destination, ''))) stored;

-- One for each thing that the whole history is filtered by, newest first. What is worked on is few rows (alert_working) and needs none.
create index alert_entity on alert (lower(entity), received_at desc);
create index alert_outcome on alert (outcome, received_at desc) where outcome is not null;
create index alert_assignee on alert (assignee, received_at desc) where assignee is not null;
create index alert_unread on alert (received_at desc) where kind = 'unread';
-- What is rare only together: the lists of each value are intersected before a row is looked at.
create index alert_values on alert using gin (provider_id, severity, level, outcome, kind);
create index alert_words on alert using gin (words gin_trgm_ops);
-- Few rows wait outside of the index: each search reads all of them.
alter index alert_values set (gin_pending_list_limit = 512);
alter index alert_words set (gin_pending_list_limit = 512);

-- Where the messages and alerts of the house are, as changes that add up: each transaction adds a row of its own, so that none waits for
-- another's counter, and the worker sums them up now and then (db/tally.ts). Made anew by a restore, from the rows themselves.
create table tally (place text not null, kind text not null default '', n bigint not null);

create function message_place(m message) returns text language sql immutable as $$
  select case when m.alert_id is not null then 'alert' when m.state = 'received' then 'waiting'
    when m.state in ('quarantined', 'refused') then 'quarantined' else 'known' end
$$;
create function message_known(m message) returns text language sql immutable as $$
  select case when m.alert_id is null and m.state = 'read' then coalesce(m.kind, '') else '' end
$$;

create function tally_message_added() returns trigger language plpgsql as $$
begin
  insert into tally select message_place(f), message_known(f), count(*) from fresh f group by 1, 2;
  return null;
end $$;
create function tally_message_changed() returns trigger language plpgsql as $$
begin
  insert into tally select place, kind, sum(n) from (
    select message_place(f) as place, message_known(f) as kind, 1 as n from fresh f
    union all select message_place(g), message_known(g), -1 from gone g) c group by 1, 2 having sum(n) <> 0;
  return null;
end $$;
create function tally_message_removed() returns trigger language plpgsql as $$
begin
  insert into tally select message_place(g), message_known(g), -count(*) from gone g group by 1, 2;
  return null;
end $$;
create trigger message_tally_added after insert on message referencing new table as fresh for each statement execute function tally_message_added();
create trigger message_tally_changed after update on message referencing old table as gone new table as fresh for each statement
  execute function tally_message_changed();
create trigger message_tally_removed after delete on message referencing old table as gone for each statement execute function tally_message_removed();

-- Tables of which only the number counts: the trigger is told under which name.
create function tally_added() returns trigger language plpgsql as $$
begin
  insert into tally select tg_argv[0], '', count(*) from fresh having count(*) > 0;
  return null;
end $$;
create function tally_removed() returns trigger language plpgsql as $$
begin
  insert into tally select tg_argv[0], '', -count(*) from gone having count(*) > 0;
  return null;
end $$;
create trigger again_tally_added after insert on message_again referencing new table as fresh for each statement execute function tally_added('again');
create trigger again_tally_removed after delete on message_again referencing old table as gone for each statement execute function tally_removed('again');
create trigger alert_tally_added after insert on alert referencing new table as fresh for each statement execute function tally_added('alerts');
create trigger alert_tally_removed after delete on alert referencing old table as gone for each statement execute function tally_removed('alerts');

insert into tally select message_place(message), message_known(message), count(*) from message group by 1, 2;
insert into tally select 'again', '', count(*) from message_again having count(*) > 0;
insert into tally select 'alerts', '', count(*) from alert having count(*) > 0;

-- One row: a view of the queue that somebody saved for everybody: what stands in its address.
create table queue_view (
  id uuid primary key,
  name text not null,
  search jsonb not null,                                       -- contract/queue.ts ViewSearch
  version integer not null default 1,
  saved_by text not null,
  saved_at timestamptz not null
);
create unique index queue_view_name on queue_view (lower(name));

-- Decisions that were made at once, and can be taken back at once.
alter table decision add column batch uuid;
create index decision_batch on decision (batch) where batch is not null;
