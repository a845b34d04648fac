-- One row: what is shared with a provider about our assets (model/context-pack.ts). `draft` is what the next version would be.
create table context_pack (
  id text primary key,
  definition jsonb not null,
  version integer not null default 1,                          -- of the definition
  draft bytea,                                                 -- pack.json, as it was shown for review
  draft_digest text,
  draft_by text,
  draft_at timestamptz,
  changed_by text not null,
  changed_at timestamptz not null
);

-- One row: a version that was released: exactly the files that may leave, and who let them. Never changed.
create table context_pack_version (
  pack_id text not null references context_pack (id),
  version integer not null,
  files jsonb not null,                                        -- name of a file -> its SHA-256
  pack_json bytea not null,
  assets_csv bytea not null,
  vulnerabilities_csv bytea not null,
  changes_csv bytea not null,
  signature text not null,                                     -- C2SP signed note over the digests, by the ledger's key
  counts jsonb not null,
  released_by text not null,
  released_at timestamptz not null,
  primary key (pack_id, version)
);
