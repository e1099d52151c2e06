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
