using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>Compares a table in two builds, both read in order of its key.</summary>
internal static class TableComparison
{
    internal static OwnRowDifference? FindDifference(DeclaredTable table, TableWalk found, TableWalk expected, ref long rows)
    {
        var (left, right) = (found.Next(), expected.Next());
        for (; left is not null || right is not null; rows++)
        {
            var order = left is null ? 1 : right is null ? -1 : CompareKeys(left, right, table.Key.Count);
            if (order != 0) return order < 0 ? Difference(table, left, null) : Difference(table, null, right);
            if (!AreSame(left!, right!)) return Difference(table, left, right);
            (left, right) = (found.Next(), expected.Next());
        }

        return null;
    }

    private static int CompareKeys(SqlValue[] left, SqlValue[] right, int columns)
    {
        for (var i = 0; i < columns; i++)
            if (left[i].CompareTo(right[i]) is var order and not 0) return order;
        return 0;
    }

    private static bool AreSame(SqlValue[] left, SqlValue[] right)
    {
        for (var i = 0; i < left.Length; i++)
            if (!left[i].Is(right[i])) return false;
        return true;
    }

    private static OwnRowDifference Difference(DeclaredTable table, SqlValue[]? found, SqlValue[]? expected)
    {
        var row = expected ?? found!;
        var key = string.Join(", ", table.Key.Select((column, i) => $"{column}={row[i]}"));
        var position = table.Position is { } column ? row[table.Columns.ToList().IndexOf(column)].WholeNumber : 0;
        return new($"{table.Name}({key})", Json(table, found), Json(table, expected), GlobalPosition.FromInt64(Math.Max(0, position)));
    }

    private static string? Json(DeclaredTable table, SqlValue[]? row)
    {
        if (row is null) return null;
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            for (var i = 0; i < row.Length; i++)
            {
                json.WritePropertyName(table.Columns[i]);
                row[i].WriteTo(json);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
