-- A look back may try an expectation as well.
alter table backtest drop constraint backtest_kind_check;
alter table backtest add constraint backtest_kind_check check (kind in ('playbook', 'reader', 'expectation'));

-- One row: what a provider was asked to change, by a decision "tune the rule". When it was asked, and whether it is kept, is not written here: it
-- follows from the replies that left for the decision and from the alerts that came since (db/tuning.ts).
create table tuning_request (
  id uuid primary key,
  number integer generated always as identity unique,          -- for people: "TR-12"
  decision_id uuid not null unique references decision (id),
  alert_id uuid not null references alert (id),
  provider_id text not null,
  rule text not null,
  entity text,                                                 -- null: the rule as a whole
  state text not null default 'asked' check (state in ('asked', 'acknowledged', 'accepted', 'refused', 'withdrawn')),
  state_by text,
  state_at timestamptz,
  note text not null default '',
  due_at timestamptz,                                          -- null: two weeks after it was asked last
  followed uuid,                                               -- the reply that the last follow-up was written after: one for each lapse
  sample boolean not null default false,
  created_at timestamptz not null
);
create index tuning_request_rule on tuning_request (provider_id, lower(rule)) where state not in ('refused', 'withdrawn');
create index tuning_request_alert on tuning_request (alert_id);

insert into tuning_request (id, decision_id, alert_id, provider_id, rule, entity, sample, created_at)
  select gen_random_uuid(), d.id, a.id, a.provider_id, a.rule, a.entity, a.sample, d.decided_at
  from decision d join alert a on a.id = d.alert_id where d.outcome = 'tune' and d.undone_at is null and a.rule is not null order by d.decided_at;
