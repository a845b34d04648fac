-- An approval can be asked for the release of an answer that needs two people, besides that for a step of a run. What is signed there is the
-- release itself (0035), so such an approval has places, links, reminders and an end, and no signatures of its own.
alter table approval
  alter column run_id drop not null,
  alter column step_path drop not null,
  add column reply_id uuid references reply (id),
  add constraint approval_of_one_thing check ((run_id is null) = (reply_id is not null) and (step_path is null) = (run_id is null));
create index approval_reply on approval (reply_id, asked_at) where reply_id is not null;
create unique index approval_reply_open on approval (reply_id) where state = 'open';

create or replace function approval_keeps() returns trigger language plpgsql as $$
begin
  if (new.id, new.alert_id, new.run_id, new.step_path, new.reply_id, new.subject, new.subject_sha256, new.matter, new.rule, new.asked_by, new.asked_at, new.expires_at)
    is distinct from (old.id, old.alert_id, old.run_id, old.step_path, old.reply_id, old.subject, old.subject_sha256, old.matter, old.rule, old.asked_by, old.asked_at, old.expires_at)
  then raise exception 'what people are asked to sign for is never changed'; end if;
  if old.state <> 'open' then raise exception 'this approval is over'; end if;
  return new;
end $$;
