namespace EventSourcing.Sqlite;
internal sealed class SqliteOptions { public bool ReadOnly { get; init; } }
internal static class SqliteEventStore { public static EventStore Open(string p, EventSourcing.Serialization.EventTypeMap t, SqliteOptions? o = null) => throw new StoreUnavailableException(p + t + o?.ReadOnly); }
