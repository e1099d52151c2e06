namespace EventSourcing.Sqlite.Native;

/// <summary>Every statement on the log's tables but the schema itself. Constant text: values are always bound.</summary>
internal static class Sql
{
    internal const string Begin = "BEGIN IMMEDIATE";
    internal const string Commit = "COMMIT";
    internal const string Rollback = "ROLLBACK";
    internal const string Savepoint = "SAVEPOINT es_item";
    internal const string RollbackToSavepoint = "ROLLBACK TO es_item";
    internal const string ReleaseSavepoint = "RELEASE es_item";
    internal const string CheckpointAll = "PRAGMA wal_checkpoint(FULL)";
    // Changes with every change of the schema (sqlite.org/pragma.html#pragma_schema_version).
    internal const string SchemaCookie = "PRAGMA schema_version";

    // Users' views and tables of other names are theirs, whatever they read.
    internal const string SchemaObjects =
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL "
        + "AND (name LIKE 'es~_%' ESCAPE '~' OR tbl_name LIKE 'es~_%' ESCAPE '~' OR name LIKE 'events%' OR tbl_name LIKE 'events') ORDER BY rowid";

    internal const string DataVersion = "PRAGMA data_version";

    // Counts, because SQLite writes no page for a value that stays the same.
    internal const string CountRefuted =
        "INSERT INTO es_log (name, value) VALUES ('refuted', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1";

    internal const string Fact = "SELECT value FROM es_log WHERE name = ?1";
    internal const string SetFact = "INSERT INTO es_log (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    internal const string Facts = "SELECT name, typeof(value), CAST(value AS TEXT) FROM es_log WHERE name NOT IN ('checksum', 'refuted') ORDER BY name";

    // The last position given, erased or not. Also begins a read's snapshot, which lasts as long as the statement stands on its row.
    internal const string Head =
        "SELECT max(coalesce((SELECT max(position) FROM es_events), 0), coalesce((SELECT max(last) FROM es_gaps), 0)), "
        + "(SELECT min(position) FROM es_unfinished), (SELECT value FROM es_log WHERE name = 'generation')";

    internal const string LastTime =
        "SELECT max(coalesce((SELECT time FROM es_events ORDER BY position DESC LIMIT 1), 0), coalesce((SELECT max(time) FROM es_gaps), 0))";

    internal const string StreamVersion = "SELECT max(version) FROM es_events WHERE stream = ?1";
    internal const string StreamVersionThrough = "SELECT max(version) FROM es_events WHERE stream = ?1 AND position <= ?2";

    // The subquery is one seek in the (stream, version) index, which has the position too.
    internal const string StreamList =
        "SELECT s.id, s.name, s.floor, s.checksum, e.version, e.position, e.time FROM es_streams s LEFT JOIN es_events e ON e.position = "
        + "(SELECT position FROM es_events WHERE stream = s.id AND position <= ?6 ORDER BY version DESC LIMIT 1) "
        + "WHERE s.name >= ?1 AND s.name != ?2 AND (?3 IS NULL OR s.name < ?3) AND (?4 IS NULL OR s.name = ?4 OR s.name >= ?4 || '-') "
        + "AND (s.floor > 0 OR e.position IS NOT NULL) ORDER BY s.name LIMIT ?5";

    internal const string CountStreams =
        "SELECT count(*) FROM es_streams s WHERE s.floor > 0 OR EXISTS (SELECT 1 FROM es_events e WHERE e.stream = s.id AND e.position <= ?1)";

    // The type is among the first columns of a row: pages that a long payload has to itself are not read.
    internal const string CountTypes = "SELECT type, count(*) FROM es_events NOT INDEXED WHERE position > ?1 AND position <= ?2 GROUP BY type";
    internal const string CountTypesByIndex = "SELECT type, count(*) FROM es_events INDEXED BY es_events_type WHERE position > ?1 AND position <= ?2 GROUP BY type";

    /// <summary>The statements on one table of interned names. The second column found is a stream's floor.</summary>
    internal sealed record Names(string Table, string Find, string Name, string Insert, string Max);

    internal static readonly Names Streams = new(
        "es_streams",
        "SELECT id, floor, checksum FROM es_streams WHERE name = ?1",
        "SELECT name, checksum FROM es_streams WHERE id = ?1",
        "INSERT INTO es_streams (id, name, checksum) VALUES (?1, ?2, ?3)",
        "SELECT max(id) FROM es_streams");

    internal static readonly Names Types = new(
        "es_types",
        "SELECT id, 0, checksum FROM es_types WHERE name = ?1",
        "SELECT name, checksum FROM es_types WHERE id = ?1",
        "INSERT INTO es_types (id, name, checksum) VALUES (?1, ?2, ?3)",
        "SELECT max(id) FROM es_types");

    internal static readonly Names Tags = new(
        "es_tags",
        "SELECT id, 0, checksum FROM es_tags WHERE name = ?1",
        "SELECT name, checksum FROM es_tags WHERE id = ?1",
        "INSERT INTO es_tags (id, name, checksum) VALUES (?1, ?2, ?3)",
        "SELECT max(id) FROM es_tags");

    internal static readonly Names ContentTypes = new(
        "es_content_types",
        "SELECT id, 0, checksum FROM es_content_types WHERE name = ?1",
        "SELECT name, checksum FROM es_content_types WHERE id = ?1",
        "INSERT INTO es_content_types (id, name, checksum) VALUES (?1, ?2, ?3)",
        "SELECT max(id) FROM es_content_types");

    internal const string InsertEvent =
        "INSERT INTO es_events (position, stream, version, type, time, occurred, id, correlation, causation, tags, checksum, metadata, data, mark, content_type, schema) "
        + "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";

    internal const string InsertEventTag = "INSERT INTO es_event_tags (tag, position, type) VALUES (?1, ?2, ?3)";
    internal const string InsertId = "INSERT INTO es_ids (id, position) VALUES (?1, ?2)";
    internal const string FindId = "SELECT position, version, content FROM es_ids WHERE id = ?1";
    // What is compared with a token, of an event and of an erased one.
    internal const string MarkAt = "SELECT id, mark FROM es_events WHERE position = ?1";
    internal const string ErasedMarkAt = "SELECT id, mark FROM es_ids WHERE position = ?1 AND content IS NOT NULL";

    internal const string IdAt = "SELECT id FROM es_events WHERE position = ?1";
    internal const string Content = "SELECT stream, version, type, data FROM es_events WHERE position = ?1";

    internal const string ErasableEvents = "SELECT position, version, type, time, id, tags, data, mark FROM es_events WHERE stream = ?1 AND version <= ?2 ORDER BY version";
    internal const string EraseEvent = "DELETE FROM es_events WHERE position = ?1";
    internal const string EraseEventTag = "DELETE FROM es_event_tags WHERE tag = ?1 AND position = ?2";
    internal const string KeepId = "INSERT INTO es_ids (id, position, version, content, mark) VALUES (?1, ?2, ?3, ?4, ?5) "
        + "ON CONFLICT (id) DO UPDATE SET version = excluded.version, content = excluded.content, mark = excluded.mark";
    internal const string GapAround = "SELECT first, last, time FROM es_gaps WHERE first <= ?1 + 1 ORDER BY first DESC LIMIT 2";
    internal const string InsertGap = "INSERT INTO es_gaps (first, last, time, reason) VALUES (?1, ?2, ?3, ?4)";
    internal const string RemoveGap = "DELETE FROM es_gaps WHERE first = ?1";
    internal const string RaiseFloor = "UPDATE es_streams SET floor = max(floor, ?2) WHERE id = ?1";
    internal const string NextGeneration = "UPDATE es_log SET value = value + 1 WHERE name = 'generation'";

    internal const string Unsealed =
        "SELECT e.position, e.stream, e.version, e.type, e.time, e.occurred, e.id, e.correlation, e.causation, e.metadata, e.data, s.checksum, s.name, t.checksum, t.name, e.mark, e.content_type, e.schema "
        + "FROM es_unfinished u CROSS JOIN es_events e ON e.position = u.position LEFT JOIN es_streams s ON s.id = e.stream LEFT JOIN es_types t ON t.id = e.type ORDER BY u.position";
    internal const string SealEvent = "UPDATE es_events SET tags = ?2, checksum = ?3, mark = ?4 WHERE position = ?1";
    internal const string SealStream = "UPDATE es_streams SET checksum = ?2 WHERE id = ?1";
    internal const string SealType = "UPDATE es_types SET checksum = ?2 WHERE id = ?1";
    internal const string AllSealed = "DELETE FROM es_unfinished";

    internal const string TagRules = "SELECT type, tag, property, ignores_case FROM es_tag_rules ORDER BY type, tag, property";
    internal const string RemoveTagRule = "DELETE FROM es_tag_rules WHERE type = ?1 AND tag = ?2 AND property = ?3";
    internal const string PutTagRule = "INSERT INTO es_tag_rules (type, tag, property, ignores_case) VALUES (?1, ?2, ?3, ?4) "
        + "ON CONFLICT (type, tag, property) DO UPDATE SET ignores_case = excluded.ignores_case";

    internal const string KnownTypes = "SELECT name FROM es_known_types ORDER BY name";
    internal const string InsertKnownType = "INSERT INTO es_known_types (name) VALUES (?1)";

    internal const string EventBytes = "SELECT value FROM es_log WHERE name = 'event_bytes'";
    internal const string ComputedColumns = "SELECT name FROM es_promoted ORDER BY id";
    internal const string InsertComputedColumn = "INSERT INTO es_promoted (name) VALUES (?1)";
    internal const string Indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'es_events'";

    internal const string TraceByCorrelation = "SELECT position FROM es_events WHERE correlation = ?1 AND position > ?2 AND position <= ?3 ORDER BY position LIMIT ?4";
    internal const string TraceByCausation = "SELECT position FROM es_events WHERE causation = ?1 AND position > ?2 AND position <= ?3 ORDER BY position LIMIT ?4";

    internal const string Captures = "SELECT name, definition FROM es_captures ORDER BY name";
    internal const string CapturedTable = "SELECT name FROM es_captures WHERE name = ?1";
    internal const string InsertCapture = "INSERT INTO es_captures (name, definition) VALUES (?1, ?2)";
    internal const string RemoveCapture = "DELETE FROM es_captures WHERE name = ?1";
    internal const string TableName = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE AND sql NOT LIKE 'CREATE VIRTUAL%'";
    internal const string TriggersOf = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name = ?1";
    internal const string ColumnsOf = "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid";

    internal const string GetRecord = "SELECT key, revision, checksum, value FROM es_records WHERE kind = ?1 AND key = ?2";
    internal const string RangeOfRecords = "SELECT key, revision, checksum, value FROM es_records WHERE kind = ?1 AND key >= ?2 ORDER BY key";
    internal const string PutRecord = "INSERT INTO es_records (kind, key, revision, checksum, value) VALUES (?1, ?2, ?3, ?4, ?5) "
        + "ON CONFLICT (kind, key) DO UPDATE SET revision = excluded.revision, checksum = excluded.checksum, value = excluded.value";
    internal const string RemoveRecord = "DELETE FROM es_records WHERE kind = ?1 AND key = ?2";

    // The table's last column, schema, comes before the others: SQLite then decodes a row's header once, and not one more entry for each column.
    private const string Columns = "position, schema, version, type, time, occurred, id, correlation, causation, tags, checksum, metadata, data, mark, content_type, stream FROM es_events ";

    internal const string EventAt = "SELECT " + Columns + "WHERE position = ?1";
    // Without an upper or lower end: SQLite would compare every row with it. The reader stops at the last row that it needs.
    internal const string LogForward = "SELECT " + Columns + "WHERE position >= ?1 ORDER BY position";
    internal const string LogBackward = "SELECT " + Columns + "WHERE position <= ?1 ORDER BY position DESC";
    internal const string StreamForward = "SELECT " + Columns + "WHERE stream = ?3 AND version BETWEEN ?1 AND ?2 ORDER BY version";
    internal const string StreamBackward = "SELECT " + Columns + "WHERE stream = ?3 AND version BETWEEN ?1 AND ?2 ORDER BY version DESC";

    internal const string Kinds = "SELECT stream, type FROM es_events WHERE position = ?1";
    internal const string KindsAfter = "SELECT position, stream, type FROM es_events WHERE position > ?1 ORDER BY position";
    internal const string TagRange = "SELECT position, type FROM es_event_tags WHERE tag = ?1 AND position BETWEEN ?2 AND ?3 ORDER BY position";
    internal const string TagForward = "SELECT position FROM es_event_tags WHERE tag = ?1 AND position >= ?2 ORDER BY position LIMIT 1";
    internal const string TagBackward = "SELECT position FROM es_event_tags WHERE tag = ?1 AND position <= ?2 ORDER BY position DESC LIMIT 1";

    // Of the verification.
    internal const string IsTagged = "SELECT 1 FROM es_event_tags WHERE tag = ?1 AND position = ?2";
    internal const string TagsAt = "SELECT tags, type FROM es_events WHERE position = ?1";
    internal const string IsUnsealed = "SELECT 1 FROM es_unfinished WHERE position = ?1";
    internal const string GapAt = "SELECT last FROM (SELECT last FROM es_gaps WHERE first <= ?1 ORDER BY first DESC LIMIT 1) WHERE last >= ?1";
    internal const string GapAfter = "SELECT min(first) FROM es_gaps WHERE first > ?1";
    internal const string ErasedBetween = "SELECT sum(min(last, ?2 - 1) - max(first, ?1 + 1) + 1) FROM es_gaps WHERE last > ?1 AND first < ?2";
    internal const string VerifyVersions =
        "SELECT stream, version, position FROM es_events INDEXED BY es_events_stream WHERE (stream, version) > (?1, ?2) ORDER BY stream, version LIMIT ?3";
    internal const string VerifyTags = "SELECT tag, position, type FROM es_event_tags WHERE (tag, position) > (?1, ?2) ORDER BY tag, position LIMIT ?3";
    internal const string VerifyIds = "SELECT id, position, content FROM es_ids WHERE id > ?1 ORDER BY id LIMIT ?2";
    internal const string VerifyRecords =
        "SELECT kind, key, revision, checksum, value FROM es_records WHERE (kind, key) > (?1, ?2) ORDER BY kind, key LIMIT ?3";
    internal const string VerifyGaps =
        "SELECT first, last, (SELECT min(position) FROM es_events WHERE position BETWEEN first AND last), "
        + "first <= max(last) OVER (ORDER BY first ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) FROM es_gaps ORDER BY first";
    internal const string VerifyUnsealed =
        "SELECT position FROM es_unfinished WHERE NOT EXISTS (SELECT 1 FROM es_events WHERE es_events.position = es_unfinished.position)";
}
