-- Decided work that was opened again is little among much that is done.
create index ticket_reopened on ticket (alert_id) where reopened_at is not null;
