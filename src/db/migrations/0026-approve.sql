-- One row: something that people are asked to sign for. What is asked, under which rule and of whom is fixed when it is made; `subject` are the
-- exact bytes (canonical JSON of the action) that the signatures are over.
create table approval (
  id uuid primary key,
  alert_id uuid not null references alert (id),
  run_id uuid not null references run (id),
  step_path text not null,
  subject text not null,
  subject_sha256 text not null check (subject_sha256 ~ '^[0-9a-f]{64}$'),
  matter jsonb not null,                                       -- the five answers, alternatives and places (model/approval.ts)
  rule text not null,
  asked_by text not null,
  asked_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > asked_at),
  place_now smallint not null default 0,                       -- which place of the chain is asked now, from 0
  state text not null default 'open' check (state in ('open', 'approved', 'refused', 'expired', 'void')),
  ended_at timestamptz,
  check ((state = 'open') = (ended_at is null))
);
create index approval_run on approval (run_id, step_path);
create index approval_open on approval (expires_at) where state = 'open';

create function approval_keeps() returns trigger language plpgsql as $$
begin
  if (new.id, new.alert_id, new.run_id, new.step_path, new.subject, new.subject_sha256, new.matter, new.rule, new.asked_by, new.asked_at, new.expires_at)
    is distinct from (old.id, old.alert_id, old.run_id, old.step_path, old.subject, old.subject_sha256, old.matter, old.rule, old.asked_by, old.asked_at, old.expires_at)
  then raise exception 'what people are asked to sign for is never changed'; end if;
  if old.state <> 'open' then raise exception 'this approval is over'; end if;
  return new;
end $$;
create trigger approval_keeps before update on approval for each row execute function approval_keeps();

-- Who may sign at which place: its members, and deputies once somebody handed over to them or the first reminder went out.
create table approval_seat (
  approval_id uuid not null references approval (id),
  place smallint not null,
  user_id uuid not null references app_user (id),
  deputy boolean not null,
  asked_at timestamptz,
  stands_for uuid references app_user (id),
  handed_to uuid references app_user (id),
  handed_at timestamptz,
  questions smallint not null default 0,
  primary key (approval_id, place, user_id)
);
create index approval_seat_user on approval_seat (user_id) where asked_at is not null;

-- A way to the page for one person; only the digest of its token is kept. Looking does not use it up, signing does.
create table approval_link (
  token_digest text primary key,
  approval_id uuid not null references approval (id),
  place smallint not null,
  user_id uuid not null references app_user (id),
  made_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index approval_link_seat on approval_link (approval_id, user_id);

-- A statement that was given out to be signed, and that nobody has signed yet: its digest is the challenge.
create table approval_challenge (
  challenge text primary key,
  token_digest text not null unique references approval_link (token_digest),
  statement text not null,
  expires_at timestamptz not null
);

-- A signed yes or no, with all that proves it. Never changed; the same stands in the ledger.
create table approval_answer (
  approval_id uuid not null references approval (id),
  place smallint not null,
  user_id uuid not null references app_user (id),
  verdict text not null check (verdict in ('approve', 'refuse')),
  reason text not null,
  statement text not null,
  statement_sha256 text not null unique check (statement_sha256 ~ '^[0-9a-f]{64}$'),
  credential_id text not null,
  public_key bytea not null,
  counter bigint not null,
  authenticator_data bytea not null,
  client_data bytea not null,
  signature bytea not null,
  at timestamptz not null,
  primary key (approval_id, place, user_id)
);
create function approval_answer_keeps() returns trigger language plpgsql as $$
begin
  raise exception 'what was signed is never changed';
end $$;
create trigger approval_answer_keeps before update on approval_answer for each row execute function approval_answer_keeps();
