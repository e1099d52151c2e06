using EventSourcing;
using EventSourcing.Sqlite;
using Orders.Domain;

namespace Orders;

/// <summary>Opens the shop's store: the one place that knows which database it is in.</summary>
public static class Stores
{
    /// <summary>Opens a file for writing; it is created where there is none.</summary>
    public static IEventStore Open(string path) => SqliteEventStore.Open(path, ShopEvents.Types);

    /// <summary>Opens a file for reading; it must exist and is not changed.</summary>
    public static IEventStore OpenForReading(string path) => SqliteEventStore.Open(path, ShopEvents.Types, new SqliteOptions { ReadOnly = true });
}
