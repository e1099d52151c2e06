-- The view `events` and what an INSERT into it does. Made again whenever a computed column is added or the limit is another. Everything here runs from SQLite 3.40 on:
-- no unhex() (3.41), no subsec (3.42), and no OR IGNORE, which the outer statement's conflict clause would override.

CREATE VIEW events (position, stream, version, eventId, eventType, createdDate, correlationId, causationId, metadata, data{timestamp}, timestamp{/timestamp}{occurredAt}, occurredAt{/occurredAt}{tags}, tags{/tags}{actor}, actor{/actor}{schemaVersion}, schemaVersion{/schemaVersion}{columns}) AS
SELECT
  position,
  es_streams.name,
  version,
  lower(substr(hex(es_events.id), 1, 8) || '-' || substr(hex(es_events.id), 9, 4) || '-' || substr(hex(es_events.id), 13, 4) || '-' ||
    substr(hex(es_events.id), 17, 4) || '-' || substr(hex(es_events.id), 21)),
  es_types.name,
  strftime('%Y-%m-%dT%H:%M:%S', (coalesce(occurred, time) - (coalesce(occurred, time) % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch') ||
    printf('.%06dZ', (coalesce(occurred, time) % 1000000 + 1000000) % 1000000),
  correlation,
  causation,
  metadata,
  data{timestamp},
  strftime('%Y-%m-%dT%H:%M:%S', time / 1000000, 'unixepoch') || printf('.%06dZ', time % 1000000){/timestamp}{occurredAt},
  CASE WHEN occurred IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (occurred - (occurred % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch') ||
    printf('.%06dZ', (occurred % 1000000 + 1000000) % 1000000) END{/occurredAt}{tags},
  -- The ids are numbers of seven bits a byte, the lowest first; the high bit says that another byte follows. One tag, as most events have, is found without a recursion, which costs more than all else of the row.
  CASE WHEN es_events.tags IS NOT NULL THEN (
    SELECT CASE
      WHEN length(es_events.tags) = 1 THEN json_array((SELECT es_tags.name FROM es_tags WHERE es_tags.id = instr(b, es_events.tags) - 1))
      WHEN length(es_events.tags) = 2 AND es_events.tags > x'80' THEN json_array((SELECT es_tags.name FROM es_tags WHERE es_tags.id =
        instr(b, substr(es_events.tags, 1, 1)) - 129 + 128 * (instr(b, substr(es_events.tags, 2)) - 1)))
      WHEN length(es_events.tags) = 3 AND es_events.tags > x'80' AND substr(es_events.tags, 2) > x'80' THEN json_array((SELECT es_tags.name FROM es_tags WHERE es_tags.id =
        instr(b, substr(es_events.tags, 1, 1)) - 129 + 128 * (instr(b, substr(es_events.tags, 2, 1)) - 129) + 16384 * (instr(b, substr(es_events.tags, 3)) - 1)))
      ELSE (
        WITH RECURSIVE part(at, byte, id, shift) AS (
          SELECT 2, instr(b, substr(es_events.tags, 1, 1)) - 1, 0, 0
          UNION ALL
          SELECT at + 1, instr(b, substr(es_events.tags, at, 1)) - 1,
            iif(byte < 128, 0, id | ((byte & 127) << shift)), iif(byte < 128, 0, shift + 7) FROM part WHERE at <= length(es_events.tags))
        SELECT json_group_array((SELECT es_tags.name FROM es_tags WHERE es_tags.id = part.id | (part.byte << part.shift))) FROM part WHERE byte < 128) END
    FROM (SELECT {bytes} AS b)) END{/tags}{actor},
  CASE WHEN json_valid(metadata) THEN json_extract(metadata, '$.actor') END{/actor}{schemaVersion},
  coalesce(schema, 1){/schemaVersion}{expressions}
FROM es_events JOIN es_streams ON es_streams.id = es_events.stream JOIN es_types ON es_types.id = es_events.type;

CREATE TRIGGER events_update INSTEAD OF UPDATE ON events
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER events_delete INSTEAD OF DELETE ON events
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER events_insert INSTEAD OF INSERT ON events
BEGIN
  SELECT RAISE(ABORT, 'position is given by the log: leave it out') WHERE NEW.position IS NOT NULL;
  SELECT RAISE(ABORT, 'a promoted field is taken from data: leave it out') WHERE {given};
  SELECT RAISE(ABORT, 'timestamp is given by the log: leave it out') WHERE {new.timestamp} IS NOT NULL;
  SELECT RAISE(ABORT, 'tags are taken from data by the tag rules: leave them out') WHERE {new.tags} IS NOT NULL;
  INSERT INTO es_inbox (origin, eventId, stream, version, eventType, createdDate, correlationId, causationId, metadata, data, occurredAt, actor, schemaVersion)
    VALUES ('events', NEW.eventId, NEW.stream, NEW.version, NEW.eventType, NEW.createdDate, NEW.correlationId, NEW.causationId, NEW.metadata, NEW.data, {new.occurredAt}, {new.actor}, {new.schemaVersion});
  SELECT RAISE(ABORT, 'the trigger es_inbox_append is missing: RepairAsync of the library makes it again') WHERE EXISTS (SELECT 1 FROM es_inbox);
END;

-- Checks; then what is known goes into the one row of es_draft; a repeat ends there; then the rows. The row of es_inbox is removed last: no statement can leave the guards open.
CREATE TRIGGER es_inbox_append AFTER INSERT ON es_inbox
BEGIN
  SELECT RAISE(ABORT, 'eventType is text of 1 to 512 bytes without control characters') FROM (SELECT NEW.eventType AS n)
    WHERE typeof(n) <> 'text' OR n = '' OR length(CAST(n AS BLOB)) > 512 OR instr(CAST(n AS BLOB), x'00') > 0
       OR n GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*';
  SELECT RAISE(ABORT, 'stream is text of 1 to 512 bytes without control characters') FROM (SELECT NEW.stream AS n)
    WHERE n IS NOT NULL AND (typeof(n) <> 'text' OR n = '' OR length(CAST(n AS BLOB)) > 512 OR instr(CAST(n AS BLOB), x'00') > 0
       OR n GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*');
  SELECT RAISE(ABORT, 'correlationId is text of 1 to 512 bytes without control characters') FROM (SELECT NEW.correlationId AS n)
    WHERE n IS NOT NULL AND (typeof(n) <> 'text' OR n = '' OR length(CAST(n AS BLOB)) > 512 OR instr(CAST(n AS BLOB), x'00') > 0
       OR n GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*');
  SELECT RAISE(ABORT, 'causationId is text of 1 to 512 bytes without control characters') FROM (SELECT NEW.causationId AS n)
    WHERE n IS NOT NULL AND (typeof(n) <> 'text' OR n = '' OR length(CAST(n AS BLOB)) > 512 OR instr(CAST(n AS BLOB), x'00') > 0
       OR n GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*');
  -- SQLite stores any bytes as text: those that are no UTF-8 are not what the characters read from them would be written as.
  SELECT RAISE(ABORT, 'eventType, stream, correlationId and causationId are valid UTF-8')
    FROM (SELECT NEW.eventType || '/' || coalesce(NEW.stream, '') || '/' || coalesce(NEW.correlationId, '') || '/' || coalesce(NEW.causationId, '') || '/' AS n)
    WHERE n GLOB '*[^ -~]*' AND EXISTS (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < length(n))
      SELECT 1 FROM c WHERE CAST(substr(n, i, 1) AS BLOB) <> CAST(char(unicode(substr(n, i, 1))) AS BLOB));
  SELECT RAISE(ABORT, 'data and metadata of an event take at most {limit} bytes')
    WHERE length(CAST(NEW.data AS BLOB)) + coalesce(length(CAST(NEW.metadata AS BLOB)), 0) + coalesce(length(CAST(NEW.actor AS BLOB)), 0) > {limit}
      -- What the user stored in a table of theirs is not refused because it is captured.
      AND NEW.origin <> 'capture';
  SELECT RAISE(ABORT, 'eventId is a UUID as text, and not the empty one') FROM (SELECT NEW.eventId AS n, replace(NEW.eventId, '-', '') AS t)
    WHERE n IS NOT NULL AND (typeof(n) <> 'text' OR length(CAST(n AS BLOB)) <> 36 OR length(t) <> 32 OR t GLOB '*[^0-9a-fA-F]*'
       OR n NOT GLOB '????????-????-????-????-????????????' OR t = '00000000000000000000000000000000');
  SELECT RAISE(ABORT, 'data is JSON as text')
    WHERE typeof(NEW.data) <> 'text' OR instr(CAST(NEW.data AS BLOB), x'00') > 0 OR NOT json_valid(NEW.data);
  SELECT RAISE(ABORT, 'metadata is a JSON object as text') WHERE NEW.metadata IS NOT NULL AND CASE
    WHEN typeof(NEW.metadata) <> 'text' OR instr(CAST(NEW.metadata AS BLOB), x'00') > 0 THEN 1
    WHEN json_valid(NEW.metadata) THEN json_type(NEW.metadata) <> 'object' ELSE 1 END;
  SELECT RAISE(ABORT, 'createdDate is a date as text, such as 2026-11-23T19:30:00.123456Z, from year 1 to 9999; so is occurredAt')
    FROM (SELECT n, instr(n, '.') AS p FROM (SELECT NEW.createdDate AS n UNION ALL SELECT NEW.occurredAt))
    WHERE n IS NOT NULL AND (typeof(n) <> 'text' OR n NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' OR p NOT IN (0, 20) OR (p = 20 AND substr(n, 21, 1) NOT GLOB '[0-9]')
       OR (length(n) > 10 AND n NOT GLOB '??????????[T ][0-9][0-9]:[0-9][0-9]*')
       OR coalesce(julianday({second}) NOT BETWEEN 1721425.5 AND 5373484.499999999, 1)
       -- A day or an hour that does not exist becomes another one.
       OR strftime('%Y-%m-%d %H:%M', julianday(substr(n, 1, 10) || ' ' || iif(length(n) > 10, substr(n, 12, 5), '00:00'))) IS NOT substr(n, 1, 10) || ' ' || iif(length(n) > 10, substr(n, 12, 5), '00:00'));
  SELECT RAISE(ABORT, 'actor is text of at least one character') FROM (SELECT NEW.actor AS n) WHERE n IS NOT NULL AND (typeof(n) <> 'text' OR n = '' OR instr(CAST(n AS BLOB), x'00') > 0);
  SELECT RAISE(ABORT, 'actor is not the one that metadata says: leave one of them out')
    WHERE NEW.actor IS NOT NULL AND NEW.metadata IS NOT NULL AND json_type(NEW.metadata, '$.actor') IS NOT NULL AND json_extract(NEW.metadata, '$.actor') IS NOT NEW.actor;
  SELECT RAISE(ABORT, 'schemaVersion is a number from 1 to 2147483647')
    WHERE NEW.schemaVersion IS NOT NULL AND (typeof(NEW.schemaVersion) <> 'integer' OR NEW.schemaVersion NOT BETWEEN 1 AND 2147483647);
  SELECT RAISE(ABORT, 'eventType is not known to the file, which takes known types only: open the log with a type map that has it')
    WHERE NEW.origin = 'events' AND EXISTS (SELECT 1 FROM es_log WHERE name = 'known_types_only' AND value = 1)
      AND NOT EXISTS (SELECT 1 FROM es_known_types WHERE name = NEW.eventType);
  SELECT RAISE(ABORT, 'a property that is a tag is text, a number or a boolean, at most 512 bytes of UTF-8 with the tag''s name, without control characters')
    FROM es_tag_rules JOIN json_each(NEW.data) AS top ON top.key = es_tag_rules.property OR (ignores_case = 1 AND lower(top.key) = lower(es_tag_rules.property)) JOIN json_each(CASE top.type WHEN 'array' THEN top.value ELSE json_array(CASE top.type WHEN 'object' THEN json('{}') ELSE top.value END) END) AS tag
    WHERE es_tag_rules.type = NEW.eventType AND json_type(NEW.data) = 'object' AND (tag.type IN ('object', 'array')
       OR length(CAST(es_tag_rules.tag || ':' || tag.value AS BLOB)) > 512 OR instr(CAST(tag.value AS BLOB), x'00') > 0 OR tag.value GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
       OR tag.value GLOB '*[^ -~]*' AND EXISTS (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < length(tag.value))
         SELECT 1 FROM c WHERE CAST(substr(tag.value, i, 1) AS BLOB) <> CAST(char(unicode(substr(tag.value, i, 1))) AS BLOB)));

  DELETE FROM es_draft;
  INSERT INTO es_draft (now, occurred, created, position, given)
    SELECT
      max(CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000,
        coalesce((SELECT time FROM es_events ORDER BY position DESC LIMIT 1), 0), coalesce((SELECT max(time) FROM es_gaps), 0)),
      max(microseconds), min(microseconds),
      1 + max(coalesce((SELECT max(position) FROM es_events), 0), coalesce((SELECT max(last) FROM es_gaps), 0)),
      lower(replace(NEW.eventId, '-', ''))
    FROM (SELECT CAST(strftime('%s', {second}) AS INTEGER) * 1000000 + CASE p WHEN 0 THEN 0 ELSE CAST(substr(substr(n, 21, length(n) - 20 - length(ltrim(substr(n, 21), '0123456789'))) || '000000', 1, 6) AS INTEGER) END AS microseconds
      FROM (SELECT n, instr(n, '.') AS p FROM (SELECT NEW.createdDate AS n UNION ALL SELECT NEW.occurredAt)));
  SELECT RAISE(ABORT, 'occurredAt is another time than createdDate: leave one of them out') FROM es_draft WHERE occurred <> created;
  -- The log's own ids carry their position: 48 bits of milliseconds, version 7, 12 bits of the fraction, (position + id_key) mod 2^62.
  UPDATE es_draft SET text = coalesce(given, printf('%012x7%03x%016x', now / 1000, now % 1000 * 4096 / 1000,
    ((position + (SELECT value FROM es_log WHERE name = 'id_key')) & 4611686018427387903) | (-9223372036854775807 - 1)));
  UPDATE es_draft SET
    id = (SELECT CAST(
         substr(b, 1 + 16 * instr(d, substr(t, 1, 1)) + instr(d, substr(t, 2, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 3, 1)) + instr(d, substr(t, 4, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 5, 1)) + instr(d, substr(t, 6, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 7, 1)) + instr(d, substr(t, 8, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 9, 1)) + instr(d, substr(t, 10, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 11, 1)) + instr(d, substr(t, 12, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 13, 1)) + instr(d, substr(t, 14, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 15, 1)) + instr(d, substr(t, 16, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 17, 1)) + instr(d, substr(t, 18, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 19, 1)) + instr(d, substr(t, 20, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 21, 1)) + instr(d, substr(t, 22, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 23, 1)) + instr(d, substr(t, 24, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 25, 1)) + instr(d, substr(t, 26, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 27, 1)) + instr(d, substr(t, 28, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 29, 1)) + instr(d, substr(t, 30, 1)), 1) ||
         substr(b, 1 + 16 * instr(d, substr(t, 31, 1)) + instr(d, substr(t, 32, 1)), 1) AS BLOB)
       FROM (SELECT {bytes} AS b,
         '123456789abcdef' AS d, text AS t)),
    carried = (SELECT (
         ((3 & instr(d, substr(t, 17, 1))) << 60) |
         ((instr(d, substr(t, 18, 1))) << 56) |
         ((instr(d, substr(t, 19, 1))) << 52) |
         ((instr(d, substr(t, 20, 1))) << 48) |
         ((instr(d, substr(t, 21, 1))) << 44) |
         ((instr(d, substr(t, 22, 1))) << 40) |
         ((instr(d, substr(t, 23, 1))) << 36) |
         ((instr(d, substr(t, 24, 1))) << 32) |
         ((instr(d, substr(t, 25, 1))) << 28) |
         ((instr(d, substr(t, 26, 1))) << 24) |
         ((instr(d, substr(t, 27, 1))) << 20) |
         ((instr(d, substr(t, 28, 1))) << 16) |
         ((instr(d, substr(t, 29, 1))) << 12) |
         ((instr(d, substr(t, 30, 1))) << 8) |
         ((instr(d, substr(t, 31, 1))) << 4) |
         ((instr(d, substr(t, 32, 1))) << 0)) - (SELECT value FROM es_log WHERE name = 'id_key') & 4611686018427387903
       FROM (SELECT '123456789abcdef' AS d, text AS t) WHERE substr(t, 13, 1) = '7' AND substr(t, 17, 1) IN ('8', '9', 'a', 'b'));
  UPDATE es_draft SET stream = coalesce(NEW.stream, NEW.eventType || '-' || substr(text, 1, 8) || '-' || substr(text, 9, 4) || '-' || substr(text, 13, 4) || '-' ||
      substr(text, 17, 4) || '-' || substr(text, 21)),
    duplicate = CASE WHEN given IS NOT NULL THEN coalesce((SELECT es_ids.position FROM es_ids WHERE es_ids.id = es_draft.id),
      (SELECT es_events.position FROM es_events WHERE es_events.position = es_draft.carried AND es_events.id = es_draft.id)) END;
  SELECT RAISE(ABORT, 'stream is text of 1 to 512 bytes: without one it is eventType-eventId') FROM es_draft WHERE length(CAST(stream AS BLOB)) > 512;

  SELECT RAISE(ABORT, 'eventId is in use for another event: a repeat has the same stream, type and data') FROM es_draft
    WHERE duplicate IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM es_events JOIN es_streams ON es_streams.id = es_events.stream JOIN es_types ON es_types.id = es_events.type
      WHERE es_events.position = duplicate AND es_streams.name = es_draft.stream AND es_types.name = NEW.eventType AND es_events.data = NEW.data
        AND typeof(es_events.data) = 'text');
  DELETE FROM es_inbox WHERE EXISTS (SELECT 1 FROM es_draft WHERE duplicate IS NOT NULL);
  DELETE FROM es_draft WHERE duplicate IS NOT NULL;
  SELECT RAISE(IGNORE) WHERE NOT EXISTS (SELECT 1 FROM es_inbox);

  UPDATE es_draft SET version = 1 + max(coalesce((SELECT floor FROM es_streams WHERE name = es_draft.stream), 0),
    coalesce((SELECT max(es_events.version) FROM es_events WHERE es_events.stream = (SELECT es_streams.id FROM es_streams WHERE name = es_draft.stream)), 0));
  SELECT RAISE(ABORT, 'version is not the one that the event would have') FROM es_draft
    WHERE NEW.version IS NOT NULL AND CAST(NEW.version AS TEXT) <> CAST(version AS TEXT);

  INSERT INTO es_streams (id, name) SELECT 1 + coalesce((SELECT max(id) FROM es_streams), 0), stream FROM es_draft
    WHERE NOT EXISTS (SELECT 1 FROM es_streams WHERE name = es_draft.stream);
  INSERT INTO es_types (id, name) SELECT 1 + coalesce((SELECT max(id) FROM es_types), 0), NEW.eventType
    WHERE NOT EXISTS (SELECT 1 FROM es_types WHERE name = NEW.eventType);
  INSERT INTO es_events (position, stream, version, type, time, occurred, id, correlation, causation, metadata, data, mark, schema)
    SELECT position, (SELECT es_streams.id FROM es_streams WHERE name = es_draft.stream), version, (SELECT es_types.id FROM es_types WHERE name = NEW.eventType),
      now, occurred, id, NEW.correlationId, NEW.causationId, CASE WHEN NEW.actor IS NULL THEN NEW.metadata ELSE json_set(coalesce(NEW.metadata, '{}'), '$.actor', NEW.actor) END,
      NEW.data, coalesce(nullif((random() & 4294967295) - 2147483648, 0), 1), nullif(NEW.schemaVersion, 1) FROM es_draft;
  INSERT INTO es_ids (id, position) SELECT id, position FROM es_draft WHERE given IS NOT NULL;
  INSERT INTO es_unfinished (position) SELECT position FROM es_draft;
  DELETE FROM es_draft;
  DELETE FROM es_inbox;
END;
