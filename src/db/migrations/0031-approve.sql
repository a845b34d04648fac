-- "What I signed", newest first: without it each look reads every signature of the house.
create index approval_answer_user on approval_answer (user_id, at desc);
