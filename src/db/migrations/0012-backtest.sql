-- Playbooks: what people did in a run, playbooks that came in by hand, and what a playbook or reader would have made of the past.

-- One row: an item of a checklist as a person left it last (the ledger keeps every change). Item "" is the choice of the whole step.
create table run_mark (
  run_id uuid not null references run (id),
  path text not null,
  item_id text not null,
  state text not null,
  note text not null default '',
  marked_by text not null,
  marked_at timestamptz not null,
  primary key (run_id, path, item_id)
);

-- One row: a playbook that was imported (CACAO or YAML). It never starts by itself; a person starts it.
create table playbook (
  id text primary key,
  version integer not null,
  playbook jsonb not null,                                     -- model/playbook.ts
  source text not null,                                        -- the text as it came
  form text not null check (form in ('cacao', 'yaml')),
  added_by text not null,
  added_at timestamptz not null
);

-- One row: a look back, asked by a person. It reads what was recorded and changes nothing of it.
create table backtest (
  id uuid primary key,
  kind text not null check (kind in ('playbook', 'reader')),
  subject text not null,                                       -- id of the playbook or reader
  title text not null,
  candidate jsonb not null,                                    -- what is tried, as it was when it was asked
  days integer not null,
  state text not null default 'queued',
  done integer not null default 0,
  total integer,
  summary jsonb,
  error text not null default '',
  asked_by text not null,
  asked_at timestamptz not null,
  ended_at timestamptz
);
create index backtest_asked on backtest (asked_at desc);

-- One row: an alert or message in a look back. Thrown away together with its look back.
create table backtest_row (
  backtest_id uuid not null references backtest (id) on delete cascade,
  ordinal integer not null,
  subject_id text not null,                                    -- id of the alert, digest of the message
  verdict text not null,
  row jsonb not null,
  primary key (backtest_id, ordinal)
);
create index backtest_row_verdict on backtest_row (backtest_id, verdict, ordinal);
