-- The queue and the tuning ledger look for what was sent because of a decision.
create index reply_decision on reply (decision_id) where decision_id is not null;
