-- The watch of clocks looks for tickets that ended while a clock of theirs was kept: a handful among all that ever were.
create index ticket_due_kept on ticket (alert_id) where ours_state is not null or theirs_state is not null;
