-- The queue: who has an alert, which one it was merged into, until when it sleeps, and which tab of the desk it is in.
alter table alert
  add column assignee uuid references app_user (id),
  add column merged_into uuid references alert (id),           -- the alert that is worked in its place; that one may be merged on
  add column snooze_for text check (snooze_for in ('time', 'evidence', 'reply')),
  add column snooze_until timestamptz,                         -- set where it sleeps until a time
  add column snoozed_by text,
  add column snoozed_at timestamptz,
  add column tab text not null default 'needs',                -- kept by the triggers below, never written by hand
  add constraint alert_not_into_itself check (merged_into <> id),
  add constraint alert_snooze_until check (case when snooze_for = 'time' then snooze_until is not null else snooze_until is null end);

-- Which tab an alert is in: exactly one, and this is the only place that says so.
--   merged    another alert is worked in its place
--   provider  it sleeps until the provider writes
--   snoozed   it sleeps until a time, or until evidence comes in
--   asked     a person was asked, and the run waits for the answer
--   running   the ladder is still being filled
--   needs     somebody must decide
--   approver  decided; every place of the answer was reviewed, and it waits to be released
--   answer    decided, and the newest answer is not out yet; what became of those before it is settled by it
--   done      decided, and nothing is owed
create function alert_tab(a alert) returns text language sql stable as $$
  select case
    when a.merged_into is not null then 'merged'
    when a.state <> 'open' then coalesce((
      select case
        when p.state = 'draft' and p.spans <> '[]' and not jsonb_path_exists(p.spans, '$[*] ? (@.verdict == null)') then 'approver'
        when p.state in ('draft', 'held', 'sending', 'unconfirmed', 'failed') then 'answer'
        else 'done' end
      from reply p where p.alert_id = a.id order by p.created_at desc, p.id desc limit 1), 'done')
    when a.snooze_for = 'reply' then 'provider'
    when a.snooze_for is not null then 'snoozed'
    when exists (
      select 1 from run r join step s on s.run_id = r.id
      where r.alert_id = a.id and not r.dry_run and r.state = 'waiting' and s.state = 'waiting' and s.waiting_for like 'answer%') then 'asked'
    when a.filled_at is null and exists (
      select 1 from run r where r.alert_id = a.id and not r.dry_run and r.state = 'running') then 'running'
    else 'needs' end
$$;

-- What the tab follows from lies in three tables, so each of them keeps it. Whoever changes a run or a reply in a way that moves its
-- alert takes the alert's row first (db/runs.ts, db/replies.ts): the one order in which they are ever locked.
create function keep_alert_tab() returns trigger language plpgsql as $$
begin
  new.tab := alert_tab(new);
  return new;
end $$;
create trigger alert_tab before insert or update of state, filled_at, merged_into, snooze_for, tab on alert
  for each row execute function keep_alert_tab();

create function place_alert(which uuid) returns void language plpgsql as $$
begin
  if exists (select 1 from alert a where a.id = which and a.tab <> alert_tab(a)) then
    update alert set tab = tab where id = which;
  end if;
end $$;

create function place_alert_of_row() returns trigger language plpgsql as $$
begin
  perform place_alert(new.alert_id);
  return null;
end $$;
create trigger run_begins after insert on run for each row when (not new.dry_run) execute function place_alert_of_row();
create trigger run_moves after update of state on run for each row
  when (not new.dry_run and old.state <> new.state) execute function place_alert_of_row();
create trigger reply_begins after insert on reply for each row execute function place_alert_of_row();
create trigger reply_moves after update of state, spans on reply for each row execute function place_alert_of_row();

create function place_alert_of_step() returns trigger language plpgsql as $$
begin
  perform place_alert(r.alert_id) from run r where r.id = new.run_id;
  return null;
end $$;
create trigger step_begins after insert on step for each row when (new.waiting_for like 'answer%') execute function place_alert_of_step();
create trigger step_moves after update of state, waiting_for on step for each row
  when (old.waiting_for like 'answer%' or new.waiting_for like 'answer%') execute function place_alert_of_step();

update alert set tab = alert_tab(alert) where tab <> alert_tab(alert);

-- What is worked on is little; what is done is much. The order is that of the queue.
create index alert_working on alert (tab, priority desc, received_at desc, id desc) where tab not in ('done', 'merged');
create index alert_decided on alert (decided_at desc) where decided_at is not null;
create index alert_merged on alert (merged_into) where merged_into is not null;
drop index alert_queue;
