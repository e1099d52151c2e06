using EventSourcing.Storage;

namespace EventSourcing.Tests.Subscriptions;

/// <summary>Counts what is asked of a log.</summary>
internal sealed class CountingLog(IEventLog log) : IEventLog
{
    private long _transactions, _reads, _last = -1;

    public long Transactions => Volatile.Read(ref _transactions);

    public long Reads => Volatile.Read(ref _reads);

    /// <summary>True when nothing was asked since the last look.</summary>
    public bool IsQuiet()
    {
        var now = Transactions + Reads;
        return Interlocked.Exchange(ref _last, now) == now;
    }

    public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken) => log.AppendAsync(append, cancellationToken);

    public ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _reads);
        return log.ReadAsync(read, cancellationToken);
    }

    public ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken) => log.WaitAsync(after, cancellationToken);

    public ValueTask<IReadOnlyList<Record>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken) =>
        log.ReadRecordsAsync(kind, from, through, max, cancellationToken);

    public ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _transactions);
        return log.TransactAsync(work, cancellationToken);
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();
}
