-- Whether the pages explain themselves; each person decides for themselves.
alter table app_user add column coaching boolean not null default true;
