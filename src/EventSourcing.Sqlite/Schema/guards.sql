-- Guards against accidents: what is not an INSERT INTO events is refused on every connection but the library's own, which switches
-- triggers off for itself. They check first and RAISE, and never lean on a conflict clause: REPLACE fires no DELETE trigger.
-- es_inbox has a row only while its own trigger es_inbox_append runs, which is what opens them.

CREATE TRIGGER es_log_insert BEFORE INSERT ON es_log
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_log_update BEFORE UPDATE ON es_log
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_log_delete BEFORE DELETE ON es_log
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER es_streams_insert BEFORE INSERT ON es_streams WHEN NOT EXISTS (SELECT 1 FROM es_inbox)
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_streams_update BEFORE UPDATE ON es_streams
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_streams_delete BEFORE DELETE ON es_streams
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER es_types_insert BEFORE INSERT ON es_types WHEN NOT EXISTS (SELECT 1 FROM es_inbox)
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_types_update BEFORE UPDATE ON es_types
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_types_delete BEFORE DELETE ON es_types
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER es_tags_insert BEFORE INSERT ON es_tags
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_tags_update BEFORE UPDATE ON es_tags
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_tags_delete BEFORE DELETE ON es_tags
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER es_content_types_insert BEFORE INSERT ON es_content_types
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_content_types_update BEFORE UPDATE ON es_content_types
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_content_types_delete BEFORE DELETE ON es_content_types
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER es_events_insert BEFORE INSERT ON es_events WHEN NOT EXISTS (SELECT 1 FROM es_inbox)
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_events_update BEFORE UPDATE ON es_events
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_events_delete BEFORE DELETE ON es_events
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER es_ids_insert BEFORE INSERT ON es_ids WHEN NOT EXISTS (SELECT 1 FROM es_inbox)
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_ids_update BEFORE UPDATE ON es_ids
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_ids_delete BEFORE DELETE ON es_ids
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER es_event_tags_insert BEFORE INSERT ON es_event_tags
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_event_tags_update BEFORE UPDATE ON es_event_tags
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_event_tags_delete BEFORE DELETE ON es_event_tags
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER es_unfinished_insert BEFORE INSERT ON es_unfinished WHEN NOT EXISTS (SELECT 1 FROM es_inbox)
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_unfinished_update BEFORE UPDATE ON es_unfinished
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_unfinished_delete BEFORE DELETE ON es_unfinished
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER es_gaps_insert BEFORE INSERT ON es_gaps
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_gaps_update BEFORE UPDATE ON es_gaps
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_gaps_delete BEFORE DELETE ON es_gaps
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER es_tag_rules_insert BEFORE INSERT ON es_tag_rules
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_tag_rules_update BEFORE UPDATE ON es_tag_rules
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER es_tag_rules_delete BEFORE DELETE ON es_tag_rules
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER es_records_insert BEFORE INSERT ON es_records
  BEGIN SELECT RAISE(ABORT, 'es_records is written by the library only'); END;
CREATE TRIGGER es_records_update BEFORE UPDATE ON es_records
  BEGIN SELECT RAISE(ABORT, 'es_records is written by the library only'); END;
CREATE TRIGGER es_records_delete BEFORE DELETE ON es_records
  BEGIN SELECT RAISE(ABORT, 'es_records is written by the library only'); END;

CREATE TRIGGER es_promoted_insert BEFORE INSERT ON es_promoted
  BEGIN SELECT RAISE(ABORT, 'es_promoted is written by the library only'); END;
CREATE TRIGGER es_promoted_update BEFORE UPDATE ON es_promoted
  BEGIN SELECT RAISE(ABORT, 'es_promoted is written by the library only'); END;
CREATE TRIGGER es_promoted_delete BEFORE DELETE ON es_promoted
  BEGIN SELECT RAISE(ABORT, 'es_promoted is written by the library only'); END;

CREATE TRIGGER es_captures_insert BEFORE INSERT ON es_captures
  BEGIN SELECT RAISE(ABORT, 'es_captures is written by the library only'); END;
CREATE TRIGGER es_captures_update BEFORE UPDATE ON es_captures
  BEGIN SELECT RAISE(ABORT, 'es_captures is written by the library only'); END;
CREATE TRIGGER es_captures_delete BEFORE DELETE ON es_captures
  BEGIN SELECT RAISE(ABORT, 'es_captures is written by the library only'); END;

CREATE TRIGGER es_known_types_insert BEFORE INSERT ON es_known_types
  BEGIN SELECT RAISE(ABORT, 'es_known_types is written by the library only'); END;
CREATE TRIGGER es_known_types_update BEFORE UPDATE ON es_known_types
  BEGIN SELECT RAISE(ABORT, 'es_known_types is written by the library only'); END;
CREATE TRIGGER es_known_types_delete BEFORE DELETE ON es_known_types
  BEGIN SELECT RAISE(ABORT, 'es_known_types is written by the library only'); END;

-- A row by hand is an append like that of INSERT INTO events, with all its checks.
CREATE TRIGGER es_inbox_insert BEFORE INSERT ON es_inbox
  BEGIN SELECT RAISE(ABORT, 'events are append-only') WHERE NEW.origin IS NOT 'events' AND NEW.origin IS NOT 'capture'; DELETE FROM es_inbox; END;
CREATE TRIGGER es_draft_insert BEFORE INSERT ON es_draft WHEN NOT EXISTS (SELECT 1 FROM es_inbox)
  BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
