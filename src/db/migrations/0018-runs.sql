-- A person may have a run go on again from a step. What stood in the journal from there on is kept here as it was, with who put it aside
-- and why; the journal itself shows what counts now. Sample data is taken away, so rows may be deleted, never changed.
create table step_past (
  run_id uuid not null references run (id),
  path text not null,
  attempt integer not null,
  line jsonb not null,                                         -- the row of step; `marks` are those of its checklist
  put_aside_by text not null,
  put_aside_at timestamptz not null,
  reason text not null,
  primary key (run_id, path, attempt)
);
create trigger step_past_keep before update or truncate on step_past for each statement execute function forbid_change();

-- Whoever is waited for can be reminded, and not every minute.
alter table step
  add column nudges integer not null default 0,
  add column nudged_at timestamptz;
-- The step at which the run went on after the process that walked it was gone.
alter table run add column resumed_at_path text;
