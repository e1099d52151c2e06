using EventSourcing.Storage;

namespace EventSourcing.KillTest.Segments;

/// <summary>A log that tells when a transaction was refused because its lease had passed on.</summary>
internal sealed class FencedLog(IEventLog log, Action refused) : IEventLog
{
    public string SystemName => log.SystemName;

    public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken) => log.AppendAsync(append, cancellationToken);

    public ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken) => log.ReadAsync(read, cancellationToken);

    public ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken) => log.WaitAsync(after, cancellationToken);

    public ValueTask<IReadOnlyList<Record>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken) =>
        log.ReadRecordsAsync(kind, from, through, max, cancellationToken);

    public async ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await log.TransactAsync(work, cancellationToken);
        }
        catch (LeaseLostException)
        {
            refused();
            throw;
        }
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();
}
