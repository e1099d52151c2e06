using EventSourcing.Benchmarks;

namespace EventSourcing.LoadTests.Limits;

/// <summary>What many write: one connection, one prepared statement, a lock around them.</summary>
internal sealed class LockedConnection(string path, string pragmas) : IDisposable
{
    private readonly AdoFloor _floor = new(path, pragmas, create: true);
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _semaphore = new(1);

    /// <summary>Under a lock that lets a running thread overtake those that sleep.</summary>
    public void AppendLocked(string stream, long version)
    {
        lock (_lock) _floor.Append(stream, version, 1);
    }

    /// <summary>Under a semaphore, which is nearer to first come, first served.</summary>
    public void AppendInTurn(string stream, long version)
    {
        _semaphore.Wait();
        try
        {
            _floor.Append(stream, version, 1);
        }
        finally
        {
            _semaphore.Release();
        }
    }

    public void Dispose()
    {
        _floor.Dispose();
        _semaphore.Dispose();
    }
}
