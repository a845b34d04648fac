-- What a parser takes out of a line by its vendor's names is not stored beside the line: it is taken out again when somebody asks
-- (docs/decisions/0015). `stored_events` is what lies on disk; `events` is a view of it that has the fields, made by engine/events-view.ts.
-- unless: SELECT 1 FROM system.columns WHERE database = currentDatabase() AND table IN ('events', 'stored_events') AND name = 'fields_kept'
ALTER TABLE events RENAME COLUMN fields TO fields_kept;

DROP VIEW IF EXISTS seen_of_events;
DROP VIEW IF EXISTS volume_of_events;

-- unless: SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = 'stored_events'
RENAME TABLE events TO stored_events;

-- How the fields are taken out of the line: an id of table `splits`. '': they are in `fields_kept`.
ALTER TABLE stored_events ADD COLUMN IF NOT EXISTS `split` LowCardinality(String) AFTER parser;
-- The byte (from 1) at which the message begins, behind the syslog header.
ALTER TABLE stored_events ADD COLUMN IF NOT EXISTS `body_at` UInt32 CODEC(T64, ZSTD(1)) AFTER split;
-- The lines at the head of its file that name the columns, where the split needs them.
ALTER TABLE stored_events ADD COLUMN IF NOT EXISTS `header` LowCardinality(String) AFTER body_at;

-- Split of model/log-parser.ts as JSON, of every line that was ever stored: a parser that is changed or gone takes no fields with it.
CREATE TABLE IF NOT EXISTS splits (
  `id` String,
  `json` String
)
ENGINE = ReplacingMergeTree
ORDER BY id;

CREATE MATERIALIZED VIEW IF NOT EXISTS seen_of_events TO seen AS
SELECT observable, source, day, count() AS count, min(at) AS first, max(at) AS last
FROM (SELECT observables, source, toDate(time) AS day, time AS at FROM stored_events)
ARRAY JOIN observables AS observable
GROUP BY observable, source, day;

CREATE MATERIALIZED VIEW IF NOT EXISTS volume_of_events TO volume AS
SELECT source, parser, class_uid, toStartOfInterval(toDateTime(time), INTERVAL 5 MINUTE) AS slot,
  count() AS events, sum(length(raw)) AS raw_bytes, min(time) AS first, max(time) AS last, max(received) AS last_received
FROM stored_events GROUP BY source, parser, class_uid, slot;

-- Times of one day in numbers of one width: a sixth of the rollup less.
ALTER TABLE seen MODIFY COLUMN `first` CODEC(T64, ZSTD(1));
ALTER TABLE seen MODIFY COLUMN `last` CODEC(T64, ZSTD(1));
