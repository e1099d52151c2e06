using EventSourcing.Storage;

namespace EventSourcing.Tests.Shared;

/// <summary>A log that counts appends and how many a version or a condition refused.</summary>
internal sealed class CountingLog(IEventLog log) : IEventLog
{
    private int _appends;
    private int _conflicts;

    public string SystemName => log.SystemName;

    internal (int Appends, int Conflicts) Counts => (_appends, _conflicts);

    public async ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _appends);
        // A log in memory never waits: without this, callers on few cores hardly ever meet.
        await Task.Yield();
        try
        {
            return await log.AppendAsync(append, cancellationToken);
        }
        catch (Exception e) when (e is AppendConditionFailedException or WrongExpectedVersionException)
        {
            Interlocked.Increment(ref _conflicts);
            throw;
        }
    }

    public ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken) => log.ReadAsync(read, cancellationToken);

    public ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken) => log.WaitAsync(after, cancellationToken);

    public ValueTask<IReadOnlyList<Record>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken) =>
        log.ReadRecordsAsync(kind, from, through, max, cancellationToken);

    public ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken) => log.TransactAsync(work, cancellationToken);

    public ValueTask DisposeAsync() => log.DisposeAsync();
}
