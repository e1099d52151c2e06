using EventSourcing;
using EventSourcing.Sqlite;
using Orders.Commands;
using Orders.Domain;

namespace Orders;

/// <summary>Opens the shop's store: the one place that knows which database it is in.</summary>
public static class Stores
{
    /// <summary>Opens a file for writing; it is created where there is none.</summary>
    public static IEventStore Open(string path) => Open(path, new());

    /// <summary>Opens a file for reading; it must exist and is not changed.</summary>
    public static IEventStore OpenForReading(string path) => Open(path, new() { ReadOnly = true });

    private static EventStore Open(string path, SqliteOptions options)
    {
        try
        {
            return SqliteEventStore.Open(path, ShopEvents.Types, options);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"'{path}' is no path of a database: {e.Message}");
        }
    }
}
