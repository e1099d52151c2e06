using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Reading;

/// <summary>Lists the streams of a log and counts its events, from indexes and numbers only.</summary>
internal static class LogCatalog
{
    // Counting this many rows takes about 10 ms. A snapshot that short does not prevent the write-ahead log from restarting.
    private const long CountedAtOnce = 65_536;

    /// <summary>A page of the streams that have, or had, an event at or before a head. The caller holds the snapshot.</summary>
    internal static List<StreamInfo> Streams(Database database, string? category, StreamId after, int max, long head)
    {
        var page = new List<StreamInfo>();
        using var rows = database.PrepareOnce(Sql.StreamList);
        Bind(rows, category, after.IsDefault ? "" : after.Value).Bind(5, max).Bind(6, head);
        while (rows.Step())
        {
            var id = rows.Int64(0);
            var name = rows.Bytes(1);
            if (!rows.IsNull(3) && rows.Int64(3) != Checksum.OfName(id, name)) throw new StoreCorruptException("the name is not what was stored", $"es_streams, id {id}");
            var stream = new StreamId(Encoding.UTF8.GetString(name));
            if (category is not null && !stream.IsInCategory(category)) continue;
            page.Add(rows.IsNull(4)
                ? new(stream, rows.Int64(2), GlobalPosition.Start, null)
                : new(stream, rows.Int64(4), GlobalPosition.FromInt64(rows.Int64(5)), Microseconds.FromEpoch(rows.Int64(6))));
        }

        return page;
    }

    /// <summary>Counts the events and streams at or before a head.</summary>
    internal static LogStatistics Count(Database database, long head, CancellationToken cancellationToken)
    {
        database.Execute("BEGIN");
        var generation = Generation(database);
        var streams = Scalar(database, Sql.CountStreams, head);
        var size = Number(database.Scalar("PRAGMA page_count")) * Number(database.Scalar("PRAGMA page_size"));
        var byId = new Dictionary<long, long>();
        if (OptionalIndexes.Read(database).Contains(EventIndex.Type))
        {
            Add(database, Sql.CountTypesByIndex, 0, head, byId);
        }
        else
        {
            // Only an erasure changes events at or before the head, and it changes the generation. So many short snapshots give the result of one.
            for (var first = 0L; first < head; first += CountedAtOnce)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Add(database, Sql.CountTypes, first, Math.Min(first + CountedAtOnce, head), byId);
                database.Execute("COMMIT");
                database.Execute("BEGIN");
            }

            if (Generation(database) != generation) throw new StoreUnavailableException("Events of the log were merged or removed while they were counted. Count again.");
        }

        var types = new NameTable(database, Sql.Types);
        var byType = byId.ToFrozenDictionary(type => types.Name(type.Key), type => type.Value, StringComparer.Ordinal);
        database.Execute("COMMIT");
        var stored = byId.Values.Sum();
        return new()
        {
            Head = GlobalPosition.FromInt64(head),
            EventCount = stored,
            ErasedEventCount = head - stored,
            StreamCount = streams,
            EventsByType = byType,
            Generation = generation,
            SizeInBytes = size,
        };
    }

    // The streams of a category have its name, or that and a dash and more; the dot is the character after the dash. A category with a dash in it is a name by itself:
    // no name has a control character, so that the range holds nothing else.
    private static Statement Bind(Statement rows, string? category, string after)
    {
        var first = category is null || Encoding.UTF8.GetBytes(after).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(category)) > 0 ? after : category;
        return rows.Bind(1, first).Bind(2, after).Bind(3, category is null ? null : category.Contains('-', StringComparison.Ordinal) ? category + "\u0001" : category + ".").Bind(4, category);
    }

    private static void Add(Database database, string sql, long after, long through, Dictionary<long, long> byId)
    {
        using var rows = database.PrepareOnce(sql);
        rows.Bind(1, after).Bind(2, through);
        while (rows.Step()) byId[rows.Int64(0)] = byId.GetValueOrDefault(rows.Int64(0)) + rows.Int64(1);
    }

    private static long Generation(Database database) => Scalar(database, Sql.Fact, "generation");

    private static long Scalar(Database database, string sql, long value)
    {
        using var row = database.PrepareOnce(sql);
        return row.Bind(1, value).Scalar(0);
    }

    private static long Scalar(Database database, string sql, string value)
    {
        using var row = database.PrepareOnce(sql);
        return row.Bind(1, value).Scalar(0);
    }

    private static long Number(string? text) => long.Parse(text ?? "0", CultureInfo.InvariantCulture);
}
