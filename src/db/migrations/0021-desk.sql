-- What was said and noted on tickets is found by its words: comments, tasks, numbers in other systems.
create index ticket_comment_search on ticket_comment using gin (search_words('x', text));
create index ticket_task_search on ticket_task using gin (search_words('x', title));
create index ticket_reference_search on ticket_reference using gin (search_words('x', reference));
