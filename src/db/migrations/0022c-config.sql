-- One row: the settings of the page as one document, as they were before or after a file was applied. Never holds a secret.
create table config_version (
  version integer primary key,                                 -- without gaps: what was refused takes no number
  kind text not null check (kind in ('before', 'applied', 'rolled-back')),
  yaml text not null,
  digest text not null,                                        -- SHA-256 of the document
  note text not null default '',
  made_by text not null,
  made_at timestamptz not null
);
