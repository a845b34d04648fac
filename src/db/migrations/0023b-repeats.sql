-- One row: the answer that is remembered for an open alert, drafted before anybody looked: of an expectation, or of the same question before.
create table drafted_answer (
  alert_id uuid primary key references alert (id),
  expectation_id uuid references expectation (id),
  from_alert uuid references alert (id),
  outcome text not null,
  reason text not null,
  cites uuid[] not null default '{}',                          -- what the same questions found this time
  text text not null,                                          -- as the reply would be drafted
  drafted_at timestamptz not null,
  constraint drafted_answer_source check (num_nonnulls(expectation_id, from_alert) = 1)
);
create index drafted_answer_from on drafted_answer (from_alert) where from_alert is not null;
create index drafted_answer_expectation on drafted_answer (expectation_id) where expectation_id is not null;
