-- Search over everything: words of alerts, messages, replies and our lists, by an index for each. The functions are bound when they are
-- made (`return`), because PostgreSQL builds indexes without a search path. They run at every insert, so that all the work is in a few calls
-- of what PostgreSQL has in C: measured, words taken apart by a query inside cost fifteen times as much.

-- Text in the form in which it is compared: compatibility forms and accents undone, lower case, invisible signs and square brackets gone
-- (so that "203[.]0[.]113[.]9" is an address). src/triage/search-words.ts does the same.
create function search_plain(body text) returns text language sql immutable parallel safe strict cost 200
  return case when octet_length(body) = char_length(body)
    then replace(lower(translate(body, '[]', '')), 'hxxp', 'http')
    else replace(regexp_replace(translate(lower(normalize(body, NFKD)),
      U&'\03C2\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669\06F0\06F1\06F2\06F3\06F4\06F5\06F6\06F7\06F8\06F9[]\00AD\200B\200C\200D\200E\200F\202A\202B\202C\202D\202E\2060\2066\2067\2068\2069\FEFF', U&'\03C301234567890123456789'),
      U&'[\0300-\036F\0483-\0487\0591-\05BD\064B-\065F\0670]', '', 'g'), 'hxxp', 'http') end;

-- The same with a space between signs of scripts that put none, and with q written as qq (see below).
create function search_spaced(body text) returns text language sql immutable parallel safe strict cost 300
  return replace(case when octet_length(body) = char_length(body) then search_plain(body)
    else regexp_replace(search_plain(body), U&'([\0E00-\0E7F\3040-\30FF\3400-\4DBF\4E00-\9FFF])', ' \1 ', 'g') end, 'q', 'qq');

-- Words of a text, each with the letter of its field before it: whole as they stand between spaces ("ws-17.example.org"), and their pieces.
-- PostgreSQL's own parser takes names apart as it likes (it reads numbers into digests), so that a sign inside a word is written as q and a
-- letter: then a word is letters and digits with a letter at the front, which it leaves alone.
create function search_tokens(field text, spaced text) returns tsvector language sql immutable parallel safe strict cost 500
  return strip(to_tsvector('pg_catalog.simple',
    field || replace(replace(replace(replace(replace(replace(replace(
      regexp_replace(spaced, '[.@:/\\_-]*([^[:alnum:].@:/\\_-]+[.@:/\\_-]*)+|^[.@:/\\_-]+|[.@:/\\_-]+$', ' ' || field, 'g'),
      '.', 'qd'), '-', 'qm'), '_', 'qu'), '@', 'qa'), ':', 'qc'), '/', 'qs'), '\', 'qb')
    || ' ' || field || regexp_replace(spaced, '[^[:alnum:]]+', ' ' || field, 'g')));
create function search_words(field text, body text) returns tsvector language sql immutable parallel safe cost 1000
  return case when body is null or body = '' then ''::tsvector else search_tokens(field, search_spaced(body)) end;

-- Observables count here, so that an alert is found by any address or digest in its mails.
create function alert_search(number integer, provider text, ticket text, rule text, severity text, title text, entity text, host text,
    account text, source text, destination text, outcome text, kind text, reading jsonb)
  returns tsvector language sql immutable parallel safe cost 5000
  return array_to_tsvector(array['v' || severity, 'k' || kind, 'c' || replace(coalesce(outcome, 'none'), '-', 'qm')])
    || search_words('x', left(concat_ws(' ', 'a-' || number, title, rule, entity, host, account, source, destination, ticket, reading ->> 'summary',
      replace(jsonb_path_query_array(reading, '$.observables[*].value')::text, '\\', '\')), 60000))
    || search_words('p', provider) || search_words('r', rule) || search_words('t', ticket) || search_words('h', concat_ws(' ', host, entity))
    || search_words('u', account) || search_words('i', concat_ws(' ', source, destination));

-- A mail's readable parts. 60,000 characters, the most that a tsvector surely holds whatever they are; real alert mails have a tenth.
create function message_search(provider text, from_address text, subject text, letter jsonb)
  returns tsvector language sql immutable parallel safe cost 10000
  return search_words('x', left(concat_ws(' ', subject, from_address,
      jsonb_path_query_array(letter, '$.attachments[*].*')::text,
      (select string_agg(left(text, 60000), ' ') from jsonb_path_query(letter, '$.parts[*] ? (@.path != "subject").text') part, lateral (select part #>> '{}') t (text))), 60000))
    || search_words('p', provider) || search_words('f', from_address) || search_words('s', subject);

create function reply_search(provider text, recipients text[], subject text, body text)
  returns tsvector language sql immutable parallel safe cost 5000
  return search_words('x', left(concat_ws(' ', subject, array_to_string(recipients, ' '), body), 60000))
    || search_words('p', provider) || search_words('o', array_to_string(recipients, ' ')) || search_words('s', subject);

-- All that a source says of a machine or a person of ours: the values, not the names of the fields.
create function facts_search(facts jsonb) returns tsvector language sql immutable parallel safe cost 3000
  return search_words('x', left(replace(jsonb_path_query_array(facts, 'strict $.** ? (@.type() == "string")')::text, '\\', '\'), 60000));

alter table alert add column search tsvector generated always as (
  alert_search(number, provider_id, ticket, rule, severity, title, entity, host, account, source, destination, outcome, kind, reading)) stored;
alter table message add column search tsvector generated always as (message_search(provider_id, from_address, subject, letter)) stored;
alter table reply add column search tsvector generated always as (reply_search(provider_id, recipients, subject, text)) stored;
create index alert_search on alert using gin (search);
create index message_search on message using gin (search);
create index reply_search on reply using gin (search);
create index asset_search on asset using gin (facts_search(facts));
create index person_search on person using gin (facts_search(facts));
-- Distinct values are walked one probe each, by their first letters; "C" is the order of bytes, whatever the cluster's own is.
create index sighting_by_value on sighting (value collate "C", type collate "C");
create index alert_by_rule on alert (lower(rule) collate "C") where rule is not null;
