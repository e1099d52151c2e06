using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>A log on which something happens just before a call, another writer's append for one, or after it.</summary>
internal sealed class InterruptedLog(IEventLog log) : IEventLog
{
    internal Func<Task>? BeforeAppend { get; set; }

    internal Func<LogRead, Task>? BeforeRead { get; set; }

    internal Action? BeforeTransaction { get; set; }

    internal Action? AfterTransaction { get; set; }

    public async ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        if (BeforeAppend is { } happen) await happen().ConfigureAwait(false);
        return await log.AppendAsync(append, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        if (BeforeRead is { } happen) await happen(read).ConfigureAwait(false);
        return await log.ReadAsync(read, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken) => log.WaitAsync(after, cancellationToken);

    public ValueTask<IReadOnlyList<Record>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken) =>
        log.ReadRecordsAsync(kind, from, through, max, cancellationToken);

    public async ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
    {
        BeforeTransaction?.Invoke();
        var result = await log.TransactAsync(work, cancellationToken).ConfigureAwait(false);
        AfterTransaction?.Invoke();
        return result;
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();
}
