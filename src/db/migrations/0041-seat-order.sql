-- In which order the playbook and the offices name those who may sign at a place: where somebody is away, the first deputy who is there is asked.
-- Seats of before keep 0 and go by their names, as they did.
alter table approval_seat add column rank smallint not null default 0;
