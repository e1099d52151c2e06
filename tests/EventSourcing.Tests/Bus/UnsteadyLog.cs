using EventSourcing.Storage;

namespace EventSourcing.Tests.Bus;

/// <summary>A log that cannot be read a number of times.</summary>
internal sealed class UnsteadyLog(IEventLog log) : IEventLog
{
    private int _failures;

    public int Failures
    {
        get => Volatile.Read(ref _failures);
        set => Volatile.Write(ref _failures, value);
    }

    public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken) => log.AppendAsync(append, cancellationToken);

    public async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        // The backward read of the head is the start's, which is its caller's to repeat.
        if (read.Direction == ReadDirection.Forward && Failures > 0)
        {
            Interlocked.Decrement(ref _failures);
            throw new StoreUnavailableException("The log is busy.");
        }

        return await log.ReadAsync(read, cancellationToken);
    }

    public ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken) => log.WaitAsync(after, cancellationToken);

    public ValueTask<IReadOnlyList<Record>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken) =>
        log.ReadRecordsAsync(kind, from, through, max, cancellationToken);

    public ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken) => log.TransactAsync(work, cancellationToken);

    public ValueTask DisposeAsync() => log.DisposeAsync();
}
