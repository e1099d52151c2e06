using System.Globalization;
using System.Text;

namespace EventSourcing.Sqlite.Views;

/// <summary>The statements on a build's file. Values are always bound.</summary>
internal static class ViewSql
{
    internal const string Begin = "BEGIN";
    internal const string BeginWriting = "BEGIN IMMEDIATE";
    internal const string Commit = "COMMIT";
    internal const string Rollback = "ROLLBACK";

    internal const string Objects = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL";
    internal const string JournalMode = "PRAGMA journal_mode";
    internal const string IsOfOneOrigin = "SELECT (SELECT origin FROM es_origin) = (SELECT origin FROM es_view)";
    internal const string CheckpointAll = "PRAGMA wal_checkpoint(TRUNCATE)";

    // The order is that of ViewFacts.
    internal const string Facts = "SELECT format, log_id, view_set, version, build, is_complete, position, token, fencing_token, stall FROM es_view";

    internal const string InsertFacts =
        "INSERT INTO es_view (id, format, log_id, view_set, version, build, is_complete, position, token, fencing_token, stall, origin) VALUES (1, ?1, ?2, ?3, ?4, ?5, 0, 0, ?6, 0, NULL, ?7)";

    internal const string InsertOrigin = "INSERT INTO es_origin (id, origin) VALUES (1, ?1)";

    internal const string Fence = "UPDATE es_view SET fencing_token = ?1 WHERE fencing_token <= ?1";
    internal const string Advance = "UPDATE es_view SET position = ?2, token = ?3, is_complete = ?4, fencing_token = ?1 WHERE fencing_token <= ?1";
    internal const string Stall = "UPDATE es_view SET stall = ?2, fencing_token = ?1 WHERE fencing_token <= ?1";

    internal static string Find(int table) => Text($"SELECT json, position FROM es_rows_{table} WHERE key = ?1");

    internal static string FindKeys(int table, int index) => Text($"SELECT key FROM es_rows_{table} WHERE i_{index} IS ?1 ORDER BY key");

    internal static string Remove(int table) => Text($"DELETE FROM es_rows_{table} WHERE key = ?1");

    internal static string Put(int table, int indexes)
    {
        var (columns, values, changes) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
        for (var i = 0; i < indexes; i++)
        {
            columns.Append(CultureInfo.InvariantCulture, $", i_{i}");
            values.Append(CultureInfo.InvariantCulture, $", ?{i + 4}");
            changes.Append(CultureInfo.InvariantCulture, $", i_{i} = excluded.i_{i}");
        }

        return Text($"INSERT INTO es_rows_{table} (key, position, json{columns}) VALUES (?1, ?2, ?3{values}) ON CONFLICT (key) DO UPDATE SET position = excluded.position, json = excluded.json{changes}");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
