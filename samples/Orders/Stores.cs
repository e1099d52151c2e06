using EventSourcing;
using EventSourcing.Sqlite;
using EventSourcing.Storage;
using Orders.Commands;
using Orders.Domain;

namespace Orders;

/// <summary>Opens the shop's store: the one place that knows which database it is in.</summary>
public static class Stores
{
    /// <summary>Opens a file for writing; it is created where there is none. In SQL, orders are found by their number: <c>WHERE orderId = …</c>.</summary>
    public static async Task<IEventStore> OpenAsync(string path)
    {
        var log = OpenLog(path, new());
        await log.AddComputedColumnAsync("orderId");
        return new EventStore(log, ShopEvents.Types);
    }

    /// <summary>Opens a file for queries; it must exist. It is opened for writing, so that events inserted by SQL are finalized and shown. A file that cannot be written shows the events before them.</summary>
    public static IEventStore OpenForReading(string path) => new EventStore(OpenExisting(path), ShopEvents.Types);

    /// <summary>Opens a file that must exist, and leaves it as it is.</summary>
    public static IEventStore OpenReadOnly(string path) => new EventStore(OpenLog(path, new() { ReadOnly = true }), ShopEvents.Types);

    /// <summary>Copies a file, which must exist, into a new one, while others may work on it.</summary>
    public static async Task<BackupResult> BackupAsync(string path, string to, IProgress<BackupProgress> progress, CancellationToken cancellationToken)
    {
        await using var log = OpenExisting(path);
        try
        {
            return await log.BackupAsync(to, progress, cancellationToken);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"'{to}' is no path of a backup: {e.Message}");
        }
    }

    /// <summary>Examines a file that nobody has open.</summary>
    public static async Task<IntegrityReport> VerifyAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await SqliteEventLog.VerifyAsync(path, cancellationToken);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"'{path}' is no path of a database: {e.Message}");
        }
    }

    private static SqliteEventLog OpenExisting(string path)
    {
        try
        {
            return OpenLog(path, new() { MustExist = true });
        }
        catch (StoreReadOnlyException)
        {
            return OpenLog(path, new() { ReadOnly = true });
        }
    }

    private static SqliteEventLog OpenLog(string path, SqliteOptions options)
    {
        try
        {
            return SqliteEventLog.Open(path, options);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"'{path}' is no path of a database: {e.Message}");
        }
    }
}
