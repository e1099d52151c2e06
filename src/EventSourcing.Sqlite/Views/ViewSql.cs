using System.Globalization;
using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>The statements on a build's tables. Values are always bound.</summary>
internal sealed class ViewSql
{
    internal const string Begin = "BEGIN";
    internal const string BeginWriting = "BEGIN IMMEDIATE";
    internal const string Commit = "COMMIT";
    internal const string Rollback = "ROLLBACK";

    internal const string Objects = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL";
    internal const string JournalMode = "PRAGMA journal_mode";
    internal const string IsOfOneOrigin = "SELECT (SELECT origin FROM es_origin) = (SELECT origin FROM es_view)";
    internal const string InsertOrigin = "INSERT INTO es_origin (id, origin) VALUES (1, ?1)";
    internal const string CheckpointAll = "PRAGMA wal_checkpoint(TRUNCATE)";

    private readonly ViewLayout _layout;
    private readonly string[] _finds, _puts, _removals;

    internal ViewSql(ViewLayout layout, IReadOnlyList<ViewTable> tables)
    {
        _layout = layout;
        _finds = [.. tables.Select((_, table) => $"SELECT json, position FROM {layout.Rows(table)} WHERE key = ?1")];
        _puts = [.. tables.Select((table, number) => PutText(layout.Rows(number), table.Indexes.Count))];
        _removals = [.. tables.Select((_, table) => $"DELETE FROM {layout.Rows(table)} WHERE key = ?1")];
        // The order is that of ViewFacts.
        Facts = $"SELECT format, log_id, view_set, version, build, is_complete, position, token, fencing_token, stall, origin FROM {layout.Facts}";
        InsertFacts = $"INSERT INTO {layout.Facts} (id, format, log_id, view_set, version, build, is_complete, position, token, fencing_token, stall, origin) VALUES (1, ?1, ?2, ?3, ?4, ?5, 0, 0, ?6, 0, NULL, ?7)";
        Fence = $"UPDATE {layout.Facts} SET fencing_token = ?1 WHERE fencing_token <= ?1";
        Advance = $"UPDATE {layout.Facts} SET position = ?2, token = ?3, is_complete = ?4, fencing_token = ?1 WHERE fencing_token <= ?1";
        Stall = $"UPDATE {layout.Facts} SET stall = ?2, fencing_token = ?1 WHERE fencing_token <= ?1";
        AdvanceInline = $"UPDATE {layout.Facts} SET position = ?1, token = ?2, stall = NULL";
        StallInline = $"UPDATE {layout.Facts} SET stall = ?1";
    }

    internal string Facts { get; }

    internal string Origin => $"SELECT origin FROM {_layout.Facts}";

    internal string InsertFacts { get; }

    internal string Fence { get; }

    internal string Advance { get; }

    internal string Stall { get; }

    /// <summary>The checkpoint of a complete build, in a transaction of the log.</summary>
    internal string AdvanceInline { get; }

    /// <summary>The note of a complete build, in a transaction of the log.</summary>
    internal string StallInline { get; }

    internal ViewLayout Layout => _layout;

    internal string Find(int table) => _finds[table];

    internal string Put(int table) => _puts[table];

    internal string Remove(int table) => _removals[table];

    internal string FindKeys(int table, int index) => string.Create(CultureInfo.InvariantCulture, $"SELECT key FROM {_layout.Rows(table)} WHERE i_{index} IS ?1 ORDER BY key");

    // The document before the change is read from the rows, so the change comes before them. Equal documents give no change.
    internal static string AddChange(ViewLayout layout, int table) =>
        $"INSERT INTO {layout.Changes(table)} (mark, key, position, before, after) SELECT ?4, ?1, ?2, before, ?3 FROM (SELECT (SELECT json FROM {layout.Rows(table)} WHERE key = ?1) AS before) WHERE before IS NOT ?3";

    // The ordinals have no gaps.
    internal static string TrimChanges(ViewLayout layout, int table) => $"DELETE FROM {layout.Changes(table)} WHERE ordinal <= (SELECT max(ordinal) FROM {layout.Changes(table)}) - ?1";

    internal static string LastChange(ViewLayout layout, int table) => $"SELECT ordinal, mark FROM {layout.Changes(table)} ORDER BY ordinal DESC LIMIT 1";

    internal static string Changes(ViewLayout layout, int table) => $"SELECT ordinal, mark, key, position, before, after FROM {layout.Changes(table)} WHERE ordinal >= ?1 ORDER BY ordinal LIMIT ?2";

    private static string PutText(string rows, int indexes)
    {
        var (columns, values, changes) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
        for (var i = 0; i < indexes; i++)
        {
            columns.Append(CultureInfo.InvariantCulture, $", i_{i}");
            values.Append(CultureInfo.InvariantCulture, $", ?{i + 4}");
            changes.Append(CultureInfo.InvariantCulture, $", i_{i} = excluded.i_{i}");
        }

        return $"INSERT INTO {rows} (key, position, json{columns}) VALUES (?1, ?2, ?3{values}) ON CONFLICT (key) DO UPDATE SET position = excluded.position, json = excluded.json{changes}";
    }
}
