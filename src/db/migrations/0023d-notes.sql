-- One row: what a person of ours says of a machine, a person or an address, for everybody who works an alert about it later.
create table note (
  id uuid primary key,
  about text not null check (about <> ''),                     -- host, account or address, in small letters
  known_good boolean not null default false,                   -- stands among the reasons of a proposal, with its author
  text text not null check (text <> ''),
  written_by text not null,
  written_at timestamptz not null,
  expires_at timestamptz,
  removed_by text,
  removed_at timestamptz
);
create index note_about on note (about) where removed_at is null;
