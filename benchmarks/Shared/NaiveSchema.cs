namespace EventSourcing.Benchmarks;

/// <summary>What one writes by hand in an afternoon: one table, names in the row, the same indexes as the log's. Floors and the C limit use it.</summary>
internal static class NaiveSchema
{
    public const string Tables =
        "CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, id BLOB NOT NULL, type TEXT NOT NULL, "
        + "time INTEGER NOT NULL, data BLOB NOT NULL, metadata BLOB NOT NULL);"
        + "CREATE UNIQUE INDEX events_stream ON events (stream, version);";

    public const string Insert =
        "INSERT INTO events (stream, version, id, type, time, data, metadata) VALUES ($stream, $version, $id, $type, $time, $data, $metadata)";

    public const string ReadAll = Select + "WHERE position > $after ORDER BY position";

    public const string ReadStream = Select + "WHERE stream = $stream AND version > $after ORDER BY version";

    private const string Select = "SELECT position, stream, version, id, type, time, data, metadata FROM events ";
}
