using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.Benchmarks;

/// <summary>The logs that are measured.</summary>
public enum Backend
{
    /// <summary>The log in memory; its floor is a SQLite database in memory.</summary>
    InMemory,

    /// <summary>The log in a SQLite file, not fsynced on each commit, so that the code and not the disk is measured.</summary>
    Sqlite,
}

/// <summary>A log and its floor, on files of their own.</summary>
internal sealed class Bench : IAsyncDisposable
{
    private readonly DatabaseFile _ours = new(null, "benchmark-ours");
    private readonly DatabaseFile _floor = new(null, "benchmark-floor");

    public Bench(Backend backend)
    {
        Log = backend == Backend.InMemory ? new InMemoryEventLog() : SqliteEventLog.Open(_ours.Path, new() { Durability = Durability.ProcessCrashOnly });
        Floor = new(backend == Backend.InMemory ? ":memory:" : _floor.Path, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;", create: true);
    }

    public IEventLog Log { get; }

    public AdoFloor Floor { get; }

    public async ValueTask DisposeAsync()
    {
        Floor.Dispose();
        await Log.DisposeAsync();
        _ours.Dispose();
        _floor.Dispose();
    }
}
