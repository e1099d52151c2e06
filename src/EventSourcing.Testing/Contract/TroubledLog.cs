using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>A log whose operations fail as long as a case wants them to.</summary>
internal sealed class TroubledLog(IEventLog log) : IEventLog
{
    private volatile Func<string, Exception?> _trouble = static _ => null;

    /// <summary>Asked before each operation, by its name; what it returns is thrown.</summary>
    internal Func<string, Exception?> Trouble
    {
        get => _trouble;
        set => _trouble = value;
    }

    public async ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        Meet(nameof(AppendAsync));
        return await log.AppendAsync(append, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        Meet(nameof(ReadAsync));
        return await log.ReadAsync(read, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken)
    {
        Meet(nameof(WaitAsync));
        await log.WaitAsync(after, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<Record>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken)
    {
        Meet(nameof(ReadRecordsAsync));
        return await log.ReadRecordsAsync(kind, from, through, max, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
    {
        Meet(nameof(TransactAsync));
        return await log.TransactAsync(work, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<T> TransactNativelyAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
    {
        Meet(nameof(TransactNativelyAsync));
        return await log.TransactNativelyAsync(work, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();

    private void Meet(string operation)
    {
        if (_trouble(operation) is { } error) throw error;
    }
}
