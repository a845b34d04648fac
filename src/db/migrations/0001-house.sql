-- The record. Migrations only go forward; every table says what one row is.

-- One row: the bytes of a message as they came. Never changed, never deleted.
create table message (
  id text primary key check (id ~ '^[0-9a-f]{64}$'),          -- SHA-256 of the bytes
  bytes bytea not null,
  size_bytes integer generated always as (octet_length(bytes)) stored,
  form text not null check (form in ('mail', 'json')),
  channel text not null,
  origin text not null,
  source_address text,
  helo_name text,
  envelope_from text,
  envelope_to text[] not null default '{}',
  door_provider_id text,                                       -- the provider the door itself knew (key, folder)
  received_at timestamptz not null,
  state text not null default 'received',
  state_reason text not null default '',
  kind text,
  provider_id text,
  authentication jsonb,
  letter jsonb,                                                -- parsed, without the bytes
  message_id_header text,
  in_reply_to text,
  thread_ids text[] not null default '{}',                     -- references and in-reply-to
  from_address text,
  subject text,
  reading jsonb,
  alert_id uuid,
  released_by text,
  released_at timestamptz,
  sample boolean not null default false
);
create index message_state on message (state, received_at desc);
create index message_header on message (message_id_header) where message_id_header is not null;
create index message_alert on message (alert_id) where alert_id is not null;
create index message_received on message (received_at desc);

-- One row: the same bytes came once more.
create table message_again (
  message_id text not null references message (id),
  received_at timestamptz not null,
  channel text not null,
  origin text not null,
  source_address text
);
create index message_again_message on message_again (message_id);

-- One row: where a mailbox or a watched folder was read up to.
create table intake_position (
  door text primary key,
  position jsonb not null,
  state text not null default 'active',
  says text not null default '',
  last_success_at timestamptz,
  changed_at timestamptz not null default now()
);

-- One row: a provider, as a person configured it (model/provider.ts).
create table provider (
  id text primary key,
  config jsonb not null,
  intake_key_digest text,                                      -- SHA-256 of the key for POST /api/intake
  version integer not null default 1,
  changed_at timestamptz not null default now()
);

create sequence alert_number;

-- One row: what one or several messages say happened.
create table alert (
  id uuid primary key,
  number integer not null unique default nextval('alert_number'),
  provider_id text not null,
  state text not null default 'open',
  kind text not null check (kind in ('alert', 'unread')),
  ticket text,
  rule text,
  severity text not null,
  title text not null,
  entity text,
  host text,
  account text,
  source text,
  destination text,
  occurred_at timestamptz,
  received_at timestamptz not null,
  reading jsonb not null,
  judgement jsonb,                                             -- model/triage.ts Judgement; null until the ladder was judged once
  priority integer not null default 0,                         -- risk score, for ordering
  filled_at timestamptz,                                       -- when the ladder was full for the first time
  outcome text,                                                -- of the decision that stands
  decided_at timestamptz,
  version integer not null default 1,
  sample boolean not null default false
);
create unique index alert_ticket on alert (provider_id, ticket) where ticket is not null;
create index alert_queue on alert (state, priority desc, received_at desc);
create index alert_fingerprint on alert (lower(rule), lower(entity), received_at desc);
create index alert_received on alert (received_at desc);

-- One row: an observable at a place in a message.
create table sighting (
  alert_id uuid not null references alert (id),
  message_id text not null references message (id),
  type text not null,
  value text not null,
  part text not null,
  span_start integer not null,
  span_end integer not null,
  text text not null
);
create index sighting_alert on sighting (alert_id);
create index sighting_value on sighting (value, type);

-- One row: an answer, kept as evidence (model/finding.ts).
create table finding (
  id uuid primary key,
  alert_id uuid not null references alert (id),
  run_id uuid,
  question text not null,
  ask jsonb not null,
  connector text not null,
  kind text not null,
  answer jsonb,
  why text not null default '',
  query text not null default '',
  window_from timestamptz,
  window_to timestamptz,
  cost_ms double precision not null,
  asked_at timestamptz not null
);
create index finding_alert on finding (alert_id, asked_at);

-- One row: a decision. Undone ones stay.
create table decision (
  id uuid primary key,
  alert_id uuid not null references alert (id),
  outcome text not null,
  reason text not null,
  cites uuid[] not null default '{}',
  without_evidence boolean not null default false,
  decided_by text not null,
  decided_at timestamptz not null,
  undone_at timestamptz,
  undone_by text
);
create index decision_alert on decision (alert_id, decided_at desc);

-- One row: a run of a playbook, with the playbook as it was when the run began.
create table run (
  id uuid primary key,
  playbook_id text not null,
  playbook_version integer not null,
  playbook jsonb not null,
  alert_id uuid not null references alert (id),
  state text not null default 'running',
  dry_run boolean not null default false,
  trigger text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  resumed_times integer not null default 0,
  unique (alert_id, playbook_id, trigger)                      -- a trigger starts a playbook once
);
create index run_state on run (state, started_at);
create index run_alert on run (alert_id);

-- One row: a step of a run, as far as it came. Committed together with the job that continues the run.
create table step (
  run_id uuid not null references run (id),
  path text not null,
  step_id text not null,
  kind text not null,
  title text not null,
  csf text not null,
  phase text not null,
  why text not null default '',
  state text not null,
  attempt integer not null default 1,
  input jsonb,
  output jsonb,
  error text,
  waiting_for text,
  deadline timestamptz,
  started_at timestamptz not null,
  ended_at timestamptz,
  node text not null,
  ordinal bigint generated always as identity,
  primary key (run_id, path)
);
create index step_waiting on step (deadline) where state = 'waiting';

-- One row: a question to a person with a one-time link. Only the digest of the token is kept.
create table person_question (
  token_digest text primary key,
  alert_id uuid not null references alert (id),
  run_id uuid,
  step_path text,
  finding_id uuid,
  email text not null,
  name text,
  what text not null,
  asked_at timestamptz not null,
  expires_at timestamptz not null,
  answered_at timestamptz,
  answer text,
  comment text
);
create index person_question_alert on person_question (alert_id);

-- One row: an answer to a provider, from draft to receipt (model/reply.ts). The only thing that may leave towards a provider.
create table reply (
  id uuid primary key,
  alert_id uuid not null references alert (id),
  provider_id text not null,
  state text not null default 'draft',
  text text not null,
  spans jsonb not null default '[]',
  machine jsonb not null default '{}',                         -- the machine-readable part
  recipients text[] not null,
  subject text not null,
  message_id text not null unique,
  in_reply_to text,
  reference_ids text[] not null default '{}',
  bytes bytea,                                                 -- exactly what leaves; set at release
  digest text,
  decision_id uuid,
  released_by text,
  released_at timestamptz,
  hold_until timestamptz,
  sent_at timestamptz,
  receipt text,
  version integer not null default 1,
  created_at timestamptz not null
);
create index reply_alert on reply (alert_id);
create index reply_state on reply (state, hold_until);

-- One row: a pseudonym, stable for a provider. The mapping never leaves.
create table pseudonym (
  provider_id text not null,
  class text not null,
  value text not null,
  pseudonym text not null,
  primary key (provider_id, class, value),
  unique (provider_id, pseudonym)
);

-- One row: a mail to our own people (owner questions, notices), sent at least once, with a deterministic Message-ID.
create table notice (
  id uuid primary key,
  kind text not null,
  recipients text[] not null,
  bytes bytea not null,
  state text not null default 'queued',
  receipt text,
  created_at timestamptz not null,
  sent_at timestamptz
);

-- One row: an asset of ours, from one source.
create table asset (
  id text primary key,
  name text not null,
  facts jsonb not null,                                        -- model/context.ts Asset
  names text[] not null,                                       -- lower-case name, aliases, and their first labels
  addresses inet[] not null default '{}',
  source text not null,
  as_of timestamptz not null
);
create index asset_names on asset using gin (names);
create index asset_addresses on asset using gin (addresses);

create table person (
  id text primary key,
  name text not null,
  facts jsonb not null,                                        -- model/context.ts Person
  keys text[] not null,                                        -- lower-case mail, accounts, name
  source text not null,
  as_of timestamptz not null
);
create index person_keys on person using gin (keys);

create table network (
  cidr cidr primary key,
  facts jsonb not null,
  source text not null,
  as_of timestamptz not null
);

-- One row: an import of a list, with the rows it refused.
create table import_batch (
  id uuid primary key,
  noun text not null,
  source text not null,
  mapping jsonb not null,
  rows_in integer not null,
  rows_taken integer not null,
  rows_refused jsonb not null,
  done_by text not null,
  done_at timestamptz not null
);

-- One row: a connector's last news, for its card and for silence alarms.
create table connector_state (
  connector text primary key,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  last_why text not null default '',
  asked bigint not null default 0,
  failed bigint not null default 0
);

create table setting (
  key text primary key,
  value jsonb not null,
  changed_by text not null,
  changed_at timestamptz not null
);

-- People who sign in.
create table app_user (
  id uuid primary key,
  email text not null unique check (email = lower(email)),
  name text not null,
  role text not null,
  password_hash text,
  totp_secret_sealed bytea,                                    -- sealed with the key in the data folder
  totp_last_step bigint not null default 0,                    -- replay guard: a code counts once
  failed_sign_ins integer not null default 0,
  locked_until timestamptz,
  disabled boolean not null default false,
  created_at timestamptz not null
);
create table passkey (
  credential_id text primary key,
  user_id uuid not null references app_user (id),
  public_key bytea not null,
  counter bigint not null,
  transports text[] not null default '{}',
  backed_up boolean not null,
  attestation bytea not null,
  name text not null,
  created_at timestamptz not null,
  last_used_at timestamptz
);
create table session (
  token_digest text primary key,
  user_id uuid not null references app_user (id),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  last_seen_at timestamptz not null,
  user_agent text not null default '',
  address text not null default '',
  method text not null
);
create index session_of_user on session (user_id);
create table one_time_link (
  token_digest text primary key,
  purpose text not null,
  payload jsonb not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create table webauthn_challenge (
  challenge text primary key,
  purpose text not null,
  user_id uuid,
  created_at timestamptz not null,
  expires_at timestamptz not null
);

-- The ledger: plain inserts; a sequencer gives each its place in the tree afterwards (ids commit out of order).
create table ledger_entry (
  id uuid primary key,
  at timestamptz not null,
  kind text not null,
  actor text not null,
  subject text not null,
  leaf text not null,                                          -- canonical JSON of the record: the exact bytes that are hashed
  leaf_index bigint unique,
  leaf_hash bytea
);
create index ledger_unsequenced on ledger_entry (at) where leaf_index is null;
create index ledger_subject on ledger_entry (subject, at);
create table ledger_checkpoint (
  tree_size bigint primary key,
  root_hash bytea not null,
  note text not null,                                          -- C2SP signed note
  at timestamptz not null
);
-- Hashes of complete subtrees (level, index), so that roots and proofs cost O(log n).
create table ledger_node (
  level smallint not null,
  index bigint not null,
  hash bytea not null,
  primary key (level, index)
);

-- Append-only, for everyone including ourselves: what was written stays.
create function forbid_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are never changed or deleted', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create function ledger_only_sequenced() returns trigger language plpgsql as $$
begin
  if old.leaf_index is not null or new.id <> old.id or new.leaf <> old.leaf or new.at <> old.at or new.kind <> old.kind
     or new.actor <> old.actor or new.subject <> old.subject then
    raise exception 'a ledger entry is never changed' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger ledger_entry_keep before delete or truncate on ledger_entry for each statement execute function forbid_change();
create trigger ledger_entry_sequence before update on ledger_entry for each row execute function ledger_only_sequenced();
create trigger ledger_checkpoint_keep before update or delete or truncate on ledger_checkpoint for each statement execute function forbid_change();
create trigger message_keep before delete or truncate on message for each statement execute function forbid_change();
create function message_bytes_stay() returns trigger language plpgsql as $$
begin
  if new.id <> old.id or new.bytes <> old.bytes or new.received_at <> old.received_at then
    raise exception 'the bytes of a message are never changed' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger message_bytes before update of id, bytes, received_at on message for each row execute function message_bytes_stay();

-- One row: a process that works on this database. The sweeper frees the jobs of one that has not been heard of.
create table node (
  id text primary key,
  host text not null,
  pid integer not null,
  started_at timestamptz not null,
  heartbeat_at timestamptz not null
);
