-- Several sources may describe one asset or person. Each keeps its own row; rows of one `entity` are shown as one (db/entities.ts).
-- A row of the source "manual" holds what a person entered: only the fields named in `fields` are said by it.
alter table asset add column entity text collate "C", add column fields jsonb;
alter table person add column entity text collate "C", add column fields jsonb;

-- The rule of db/entities.ts, for what is here already.
with named as (
  select id, rtrim(lower(name), '.') as whole, split_part(lower(name), '.', 1) as label,
    count(*) over (partition by source, rtrim(lower(name), '.')) as same
  from asset
), domains as (
  select label, min(whole) as whole from named where whole like '%.%' group by label having count(distinct whole) = 1
)
update asset set entity = case
  when n.same > 1 then lower(n.id)
  when n.whole not like '%.%' then coalesce(d.whole, n.whole)
  else n.whole end
from named n left join domains d using (label) where n.id = asset.id;
with named as (
  select id, lower(facts->>'email') as mail, count(*) over (partition by source, lower(facts->>'email')) as same from person
)
update person set entity = case when n.mail is null or n.same > 1 then lower(n.id) else n.mail end from named n where n.id = person.id;

alter table asset alter column entity set not null;
alter table person alter column entity set not null;
create index asset_entity on asset (entity);
create index person_entity on person (entity);
-- Names with and without their domain are matched by their first label.
create index asset_label on asset (split_part(lower(name), '.', 1));

-- One row: who had an address from when to when, as one source says. No end: until another one had it.
create table address_lease (
  address inet not null,
  from_at timestamptz not null,
  to_at timestamptz,
  source text not null,
  kind text not null check (kind in ('dhcp', 'vpn', 'static')),
  host text,                                                   -- as the source writes it
  account text,
  mac text,
  primary key (address, from_at, source)
);
create index address_lease_host on address_lease (split_part(lower(host), '.', 1), from_at desc) where host is not null;

-- One row: a person changed one fact, or gave it back to the sources (`given_back`). Kept for ever: the history of the page.
create table context_edit (
  id uuid primary key,
  noun text not null check (noun in ('assets', 'people')),
  entity text not null,
  field text not null,
  before jsonb,
  after jsonb,
  given_back boolean not null default false,
  note text not null default '',
  done_by text not null,
  done_at timestamptz not null
);
create index context_edit_entity on context_edit (noun, entity, done_at desc);

-- One row: something planned: a change, a test, an exercise, somebody's absence (model/calendar.ts).
create table calendar_entry (
  id text primary key,
  source text not null,
  from_at timestamptz not null,
  to_at timestamptz not null check (to_at >= from_at),
  facts jsonb not null,
  names text[] not null default '{}',                          -- lower-case hosts it is about
  targets inet[] not null default '{}',                        -- addresses and ranges it is about
  origins inet[] not null default '{}'                         -- addresses and ranges it comes from
);
create index calendar_entry_time on calendar_entry using gist (tstzrange(from_at, to_at, '[]'));
create index calendar_entry_source on calendar_entry (source);

-- One row: a mapping of columns that a person gave a name, for the next file of the same kind.
create table list_mapping (
  noun text not null,
  name text not null,
  mapping jsonb not null,
  saved_by text not null,
  saved_at timestamptz not null,
  primary key (noun, name)
);

-- What an import changed, beside what it took.
alter table import_batch add column added integer, add column changed integer, add column gone integer;
