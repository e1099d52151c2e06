using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>A log on which something happens just before a call, another writer's append for one, or after it.</summary>
internal sealed class InterruptedLog(IEventLog log) : DelegatingLog(log)
{
    internal Func<Task>? BeforeAppend { get; set; }

    internal Func<LogRead, Task>? BeforeRead { get; set; }

    internal Action? BeforeTransaction { get; set; }

    internal Action? AfterTransaction { get; set; }

    public override async ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        if (BeforeAppend is { } happen) await happen().ConfigureAwait(false);
        return await Inner.AppendAsync(append, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        if (BeforeRead is { } happen) await happen(read).ConfigureAwait(false);
        return await Inner.ReadAsync(read, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
    {
        BeforeTransaction?.Invoke();
        var result = await Inner.TransactAsync(work, cancellationToken).ConfigureAwait(false);
        AfterTransaction?.Invoke();
        return result;
    }
}
