-- One row: the head of the ledger behind one of its records, that a time-stamping authority (RFC 3161) is to say when it existed. Its record
-- "ledger.stamp-asked" is the last of that tree. A token is kept for good; until there is one it is asked again, later and later.
create table ledger_stamp (
  id uuid primary key,
  asked_at timestamptz not null,
  next_at timestamptz not null,
  tries integer not null default 0,
  says text not null default '',
  tree_size bigint,
  note text,
  token bytea,
  stamped_at timestamptz,                                       -- what the authority says
  authority text,
  check ((token is null) = (stamped_at is null) and (token is null or note is not null))
);
create unique index ledger_stamp_waiting on ledger_stamp ((true)) where token is null;
create index ledger_stamp_asked on ledger_stamp (asked_at);
