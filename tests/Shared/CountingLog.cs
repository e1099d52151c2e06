using EventSourcing.Storage;
using EventSourcing.Testing;

namespace EventSourcing.Tests.Shared;

/// <summary>A log that counts appends and how many a version or a condition refused.</summary>
internal sealed class CountingLog(IEventLog log) : DelegatingLog(log)
{
    private int _appends;
    private int _conflicts;

    internal (int Appends, int Conflicts) Counts => (_appends, _conflicts);

    public override async ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _appends);
        // A log in memory never waits: without this, callers on few cores hardly ever meet.
        await Task.Yield();
        try
        {
            return await Inner.AppendAsync(append, cancellationToken);
        }
        catch (ConcurrencyException)
        {
            Interlocked.Increment(ref _conflicts);
            throw;
        }
    }
}
