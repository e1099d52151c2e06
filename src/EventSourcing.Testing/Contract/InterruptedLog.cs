using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>A log that runs a function just before or after a call, for example another writer's append.</summary>
internal sealed class InterruptedLog(IEventLog log) : DelegatingLog(log)
{
    internal Func<Task>? BeforeAppend { get; set; }

    internal Func<LogRead, Task>? BeforeRead { get; set; }

    internal Action? BeforeWrite { get; set; }

    internal Action? AfterWrite { get; set; }

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

    public override async ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken)
    {
        BeforeWrite?.Invoke();
        var written = await Inner.WriteAsync(write, cancellationToken).ConfigureAwait(false);
        AfterWrite?.Invoke();
        return written;
    }
}
