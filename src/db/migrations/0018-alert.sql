-- What the provider asks, with everything of this one case taken out (names, addresses, digests, times), so that the same question about
-- another machine has the same key. Fewer than four words ("Is this expected?") fit everything and say nothing: no key.
create function question_key(question text, host text, account text, entity text) returns text
  language sql immutable parallel safe
  return (
    select case when key ~ '^\S+( \S+){3,}$' then key end from (
      select left(btrim(regexp_replace(regexp_replace(
        replace(replace(replace(lower(question),
          case when length(account) >= 3 then lower(account) else '' end, '#'),
          case when length(host) >= 3 then lower(host) else '' end, '#'),
          case when length(entity) >= 3 then lower(entity) else '' end, '#'),
        '\S*[0-9@\\_/]\S*|\S+[.:]\S+', '#', 'g'), '[^[:alnum:]#]+', ' ', 'g')), 300) as key) keyed);

alter table alert add column question_key text generated always as (
  question_key(reading #>> '{question,value}', coalesce(host, ''), coalesce(account, ''), coalesce(entity, ''))) stored;

-- Similar past alerts: the newest decided ones that share one thing, by one short walk of an index each.
create index alert_decided_rule on alert (lower(rule), decided_at desc) where decided_at is not null;
create index alert_decided_entity on alert (lower(entity), decided_at desc) where decided_at is not null;
create index alert_decided_account on alert (lower(account), decided_at desc) where decided_at is not null;
create index alert_decided_question on alert (question_key, decided_at desc) where decided_at is not null;
