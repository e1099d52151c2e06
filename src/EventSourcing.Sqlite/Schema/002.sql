-- Schema 2. A new file is made by 001.sql and then this script, so that it has the text that a migrated file has. Nothing here rewrites an event: columns are added behind the others
-- (sqlite.org/lang_altertable.html, "ALTER TABLE ADD COLUMN"), and NULL in one of them means what every event of schema 1 is.

-- The mark of an event, 32 random bits as a signed number, never 0: two events of two histories of the log at one position have different marks. NULL: stored before there were marks.
ALTER TABLE es_events ADD COLUMN mark INTEGER;

-- es_content_types.id; NULL: JSON, or a form that was not named.
ALTER TABLE es_events ADD COLUMN content_type INTEGER;

-- The schema number of the event's type; NULL: 1.
ALTER TABLE es_events ADD COLUMN schema INTEGER;

CREATE TABLE es_content_types (            -- media types
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  checksum INTEGER
);

-- Of an erased event.
ALTER TABLE es_ids ADD COLUMN mark INTEGER;

-- Erased events by position.
CREATE INDEX es_ids_erased ON es_ids (position) WHERE content IS NOT NULL;

-- Under another name, so that a library of schema 1 that has the file open fails with its next transaction.
CREATE TABLE es_unfinished (               -- events that lack their checksum and tags still
  position INTEGER PRIMARY KEY
);
INSERT INTO es_unfinished (position) SELECT position FROM es_unsealed;
DROP TABLE es_unsealed;

-- 1: the property's name is compared without case, as the type's contract reads it. NULL: by its bytes.
ALTER TABLE es_tag_rules ADD COLUMN ignores_case INTEGER;

CREATE TABLE es_known_types (              -- the types of the maps that a log was opened with, and their aliases
  name     TEXT PRIMARY KEY
) WITHOUT ROWID;

-- What an INSERT appends passes here as one row, which is gone when its own trigger ends: what stands there opens the guards.
DROP TABLE es_inbox;
CREATE TABLE es_inbox (                    -- an event that an INSERT INTO events, or a change of a captured table, is about to append; the values as given
  one           INTEGER PRIMARY KEY CHECK (one = 1),
  origin        TEXT,                      -- events; capture: a change of a captured table
  eventId,
  stream,
  version,
  eventType,
  createdDate,
  correlationId,
  causationId,
  metadata,
  data,
  occurredAt,
  actor,
  schemaVersion
);
CREATE TABLE es_draft (                    -- what the log makes of it; triggers have no variables
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  now       INTEGER,
  occurred  INTEGER,
  created   INTEGER,                       -- the same, where createdDate and occurredAt agree
  position  INTEGER,
  version   INTEGER,
  stream    TEXT,
  given     TEXT,                          -- the id as the statement gave it, 32 hexadecimal digits
  text      TEXT,                          -- the id that the event has: the same form
  id        BLOB,
  carried   INTEGER,                       -- the position that an id of the log's own making carries
  duplicate INTEGER                        -- where an event with this id is stored already
);
