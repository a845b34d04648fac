-- The change that we propose with a tuning request: a condition or a Sigma filter, with what it would have done to the past.
alter table tuning_request add column change jsonb;
