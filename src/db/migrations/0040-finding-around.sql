-- Somebody asked again about so many minutes before and after the alert. Null: asked about the time that its source usually looks at.
alter table finding add column around_minutes int;
