-- One row: a feed or file that intelligence comes from, and how it is.
create table intelligence_source (
  id text primary key,
  kind text not null check (kind in ('file', 'taxii', 'misp', 'misp-feed', 'list')),
  title text not null,
  tlp text,                                                    -- of what comes without a marking of its own
  position jsonb not null default '{}',                        -- how far it was read; of its kind
  stale_after_hours integer not null,
  indicators bigint not null default 0,                        -- that hold, counted at the end of an import
  last_tried_at timestamptz,
  last_success_at timestamptz,
  failing_since timestamptz,
  why text not null default ''
);

-- One row: what one source says of one observable (model/intelligence.ts). A re-import changes it and adds none.
create table indicator (
  type text not null,
  value text not null,                                         -- normalised (observables/normal.ts)
  source text not null references intelligence_source (id) on delete cascade,
  ref text not null default '',                                -- the source's own id of it
  stance text not null,
  tlp text,                                                    -- null: as the source
  markings text[] not null default '{}',                       -- those that intelligence_object explains
  confidence smallint,
  first_seen timestamptz,
  last_seen timestamptz,
  valid_from timestamptz,
  valid_until timestamptz,
  revoked boolean not null default false,
  withdrawn_at timestamptz,                                    -- since when a list no longer has it
  modified timestamptz,
  says text not null default '',
  tags text[] not null default '{}',
  threats jsonb not null default '[]',
  host text,                                                   -- of a URL
  network inet,                                                -- of a network
  first_heard_at timestamptz not null,
  last_heard_at timestamptz not null,
  primary key (type, value, source, ref)
) with (fillfactor = 85);
create index indicator_ref on indicator (source, ref) where ref <> '';
create index indicator_host on indicator (host) where host is not null;
create index indicator_network on indicator using gist (network inet_ops) where network is not null;
-- Rows come in the order of time, so that a few pages tell where the new ones are.
create index indicator_heard on indicator using brin (first_heard_at);

-- One row: malware, an actor, a technique or a marking that indicators of a source point to; before or after them.
create table intelligence_object (
  source text not null references intelligence_source (id) on delete cascade,
  ref text not null,
  kind text not null,
  name text not null,
  tlp text,
  primary key (source, ref)
);
create table intelligence_link (
  source text not null references intelligence_source (id) on delete cascade,
  ref text not null,
  target text not null,
  primary key (source, ref, target)
);

-- One row: a list of what is known to be good, or well known.
create table warning_list (
  id text primary key,                                         -- its name
  description text not null,
  version bigint not null,
  match text not null,
  types text[] not null,
  means text not null,
  entries integer not null,
  imported_at timestamptz not null
);
create table warning_entry (
  list text not null references warning_list (id) on delete cascade,
  match text not null,
  value text not null,
  network inet,
  primary key (list, value)
);
create index warning_entry_value on warning_entry (value) where match in ('string', 'hostname');
create index warning_entry_network on warning_entry using gist (network inet_ops) where network is not null;
create index warning_entry_tried on warning_entry (match) where match in ('substring', 'regex');

-- One row: a technique or tactic of MITRE ATT&CK, as the version that was imported last has it. A later version keeps what it no longer has.
create table attack_entry (
  id text primary key,                                         -- T1566.001, TA0001
  kind text not null check (kind in ('technique', 'tactic')),
  name text not null,
  short_name text,                                             -- of a tactic
  tactics text[] not null default '{}',                        -- short names
  revoked_by text,
  deprecated boolean not null default false,
  version text not null,
  imported_at timestamptz not null
);

-- One row: how far the new indicators have been looked for in the logs.
create table intelligence_hunt (
  one boolean primary key default true check (one),
  hunted_until timestamptz not null,
  looked_at timestamptz,
  says text not null default ''
);
