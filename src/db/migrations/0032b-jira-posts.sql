-- The secret that Jira signs its webhooks with, sealed; null: it is asked once a minute only.
alter table elsewhere_system add column hook_sealed bytea;
-- When a signed word of it came last.
alter table elsewhere_system add column hooked_at timestamptz;
