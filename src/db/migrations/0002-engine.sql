-- What graphile-worker writes into `locked_by` for this process: ties a locked job to a node that is or is not heard of.
alter table node add column worker_pool text unique;

-- Goes up each time a worker takes the run in hand. A worker that was thought dead and wakes up again finds
-- another number here and stops without writing (a fencing token); two can never walk one run.
alter table run add column epoch integer not null default 0;
-- Why the run failed, in one sentence; empty otherwise.
alter table run add column error text not null default '';

create index person_question_run on person_question (run_id) where run_id is not null;
-- An answer may be read before the mail it answers (a mailbox is not read in order).
create index message_thread on message using gin (thread_ids);

-- One decision stands at a time; a new one needs the old one undone.
create unique index decision_standing on decision (alert_id) where undone_at is null;
