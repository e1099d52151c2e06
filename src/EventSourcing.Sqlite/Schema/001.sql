-- The log. Names are interned to integers; every checksum is XxHash3 over what the row says.

CREATE TABLE es_log (                      -- facts about the log: schema, generation, id_key, event_bytes (the most of an event inserted in SQL), refuted (commits that failed and were undone)
  name     TEXT PRIMARY KEY,
  value    NOT NULL
) WITHOUT ROWID;

CREATE TABLE es_streams (
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  floor    INTEGER NOT NULL DEFAULT 0,     -- versions up to here were given and erased
  checksum INTEGER
);

CREATE TABLE es_types (
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  checksum INTEGER
);

CREATE TABLE es_tags (
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,           -- name:value
  checksum INTEGER
);

CREATE TABLE es_events (                   -- append-only, so no AUTOINCREMENT; the longest columns last
  position    INTEGER PRIMARY KEY,
  stream      INTEGER NOT NULL,            -- es_streams.id
  version     INTEGER NOT NULL,
  type        INTEGER NOT NULL,            -- es_types.id
  time        INTEGER NOT NULL,            -- when stored: microseconds since 1970, UTC; never falls with position
  occurred    INTEGER,                     -- when it happened, as the caller said: the same unit
  id          BLOB NOT NULL,               -- 16 bytes, big-endian
  correlation TEXT,
  causation   TEXT,
  tags        BLOB,                        -- es_tags.id as varints, in the order given
  checksum    INTEGER,
  metadata    TEXT,                        -- a JSON object of strings
  data        NOT NULL                     -- JSON as TEXT, anything else as BLOB
);
CREATE UNIQUE INDEX es_events_stream ON es_events (stream, version);

CREATE TABLE es_ids (                      -- ids whose event is not found by the position they carry: given by callers, or of erased events
  id       BLOB PRIMARY KEY,
  position INTEGER NOT NULL,
  version  INTEGER,                        -- of an erased event
  content  BLOB                            -- of an erased event: hash of stream, type and data
) WITHOUT ROWID;

CREATE TABLE es_event_tags (
  tag      INTEGER NOT NULL,               -- es_tags.id
  position INTEGER NOT NULL,
  type     INTEGER NOT NULL,               -- as in es_events, so that a condition need not look there
  PRIMARY KEY (tag, position)
) WITHOUT ROWID;

CREATE TABLE es_unsealed (                 -- events that lack their checksum and tags still
  position INTEGER PRIMARY KEY
);

CREATE TABLE es_gaps (                     -- positions that were given and erased, each range as long as it can be
  first    INTEGER PRIMARY KEY,
  last     INTEGER NOT NULL,
  time     INTEGER NOT NULL,               -- the latest time of the events that were there
  reason   TEXT NOT NULL
);

CREATE TABLE es_tag_rules (                -- a JSON property of a type's events that is a tag
  type     TEXT NOT NULL,
  tag      TEXT NOT NULL,
  property TEXT NOT NULL,
  PRIMARY KEY (type, tag, property)
) WITHOUT ROWID;

CREATE TABLE es_records (                  -- checkpoints, leases, command results and the like
  kind     INTEGER NOT NULL,
  key      TEXT NOT NULL,
  revision INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  value    BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) WITHOUT ROWID;

CREATE TABLE es_promoted (                 -- fields of the payload that are columns of the view `events`, in order
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE COLLATE NOCASE
);

CREATE TABLE es_captures (                 -- tables whose changes become events
  name       TEXT PRIMARY KEY COLLATE NOCASE,
  definition TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE es_inbox (                    -- the event that an INSERT INTO events is about to append; empty in between
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  origin    TEXT NOT NULL,                 -- events; capture: a change of a captured table leads to it
  now       INTEGER,
  occurred  INTEGER,
  position  INTEGER,
  version   INTEGER,
  stream    TEXT,
  given     TEXT,                          -- the id as the statement gave it, 32 hexadecimal digits
  text      TEXT,                          -- the id that the event has: the same form
  id        BLOB,
  carried   INTEGER,                       -- the position that an id of the log's own making carries
  duplicate INTEGER                        -- where an event with this id is stored already
);
