-- An event's observables mostly repeat its columns: what repeats them is made of the columns when somebody asks, and in the index and the
-- rollup (docs/decisions/0017). `observables_kept` has those that are in no column.
DROP VIEW IF EXISTS seen_of_events;

-- unless: SELECT 1 FROM system.columns WHERE database = currentDatabase() AND table = 'stored_events' AND name = 'observables_kept'
ALTER TABLE stored_events RENAME COLUMN observables TO observables_kept;

-- Lower case, addresses in their canonical form, each once. A line with more than 64 of them is a list of something, not an event; longer
-- ones than 1,024 characters (URLs with data in them) are cut, as a hunt's are. "CORP\anna" and "anna@corp.example" are also hunted for as
-- "anna"; Windows writes IPv4 answers as mapped addresses. An address is compared with '::' as text: the engine does not know the index
-- by this expression again when there is a function of constants in it.
ALTER TABLE stored_events ADD COLUMN IF NOT EXISTS `observables` Array(String) ALIAS arrayDistinct(arrayConcat(
  arraySlice(arrayDistinct(arrayRemove(arrayConcat([
    substring(device_hostname, 1, 1024),
    if(device_ip = '::', '', replaceOne(toString(device_ip), '::ffff:', '')),
    if(src_endpoint_ip = '::', '', replaceOne(toString(src_endpoint_ip), '::ffff:', '')),
    substring(src_endpoint_hostname, 1, 1024),
    if(dst_endpoint_ip = '::', '', replaceOne(toString(dst_endpoint_ip), '::ffff:', '')),
    substring(dst_endpoint_hostname, 1, 1024),
    substring(lower(actor_user_name), 1, 1024),
    substring(lower(multiIf(
      position(actor_user_name, '\\') > 0, substring(actor_user_name, position(actor_user_name, '\\') + 1),
      position(actor_user_name, '@') > 1, substring(actor_user_name, 1, position(actor_user_name, '@') - 1), '')), 1, 1024),
    substring(lower(user_name), 1, 1024),
    substring(lower(multiIf(
      position(user_name, '\\') > 0, substring(user_name, position(user_name, '\\') + 1),
      position(user_name, '@') > 1, substring(user_name, 1, position(user_name, '@') - 1), '')), 1, 1024),
    substring(query_hostname, 1, 1024),
    substring(lower(url), 1, 1024),
    substring(trim(TRAILING '.' FROM lower(domain(url))), 1, 1024)
  ], file_hashes, arrayMap(x -> substring(
    if(startsWith(x, '::ffff:'), substring(x, 8), trim(TRAILING '.' FROM lower(x))), 1, 1024), answers)), '')), 1, 64),
  observables_kept)) AFTER observables_kept;

-- Lines of before keep what was stored with them; for those the index is built once more, beside everything else. Until it is there
-- they are read through, with the same result.
ALTER TABLE stored_events DROP INDEX IF EXISTS observables_text;

ALTER TABLE stored_events ADD INDEX IF NOT EXISTS observables_text observables TYPE text(tokenizer = 'array');

ALTER TABLE stored_events MATERIALIZE INDEX observables_text;

CREATE MATERIALIZED VIEW IF NOT EXISTS seen_of_events TO seen AS
SELECT observable, source, day, count() AS count, min(at) AS first, max(at) AS last
FROM (SELECT observables, source, toDate(time) AS day, time AS at FROM stored_events)
ARRAY JOIN observables AS observable
GROUP BY observable, source, day;
