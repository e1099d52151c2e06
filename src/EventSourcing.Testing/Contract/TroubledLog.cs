using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>A log whose operations fail for as long as a case requests it.</summary>
internal sealed class TroubledLog(IEventLog log) : DelegatingLog(log), IUserTransactions<object>
{
    /// <summary>The operation's name for a write with a user's function.</summary>
    internal const string UserWork = nameof(UserWork);

    private volatile Func<string, Exception?> _trouble = static _ => null;

    /// <summary>Called before each operation, with its name. The exception that it returns is thrown.</summary>
    internal Func<string, Exception?> Trouble
    {
        get => _trouble;
        set => _trouble = value;
    }

    public override async ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        Meet(nameof(AppendAsync));
        return await Inner.AppendAsync(append, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        Meet(nameof(ReadAsync));
        return await Inner.ReadAsync(read, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken)
    {
        Meet(nameof(WaitAsync));
        await Inner.WaitAsync(after, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken)
    {
        Meet(nameof(ReadRecordsAsync));
        return await Inner.ReadRecordsAsync(kind, from, through, max, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken)
    {
        Meet(nameof(WriteAsync));
        return await Inner.WriteAsync(write, cancellationToken).ConfigureAwait(false);
    }

    public override T? Find<T>()
        where T : class => typeof(T) == typeof(IUserTransactions<object>) ? (T)(object)this : base.Find<T>();

    async ValueTask<LogWritten> IUserTransactions<object>.WriteAsync(LogWrite write, Action<object> work, CancellationToken cancellationToken)
    {
        Meet(UserWork);
        return await Inner.Find<IUserTransactions<object>>()!.WriteAsync(write, work, cancellationToken).ConfigureAwait(false);
    }

    private void Meet(string operation)
    {
        if (_trouble(operation) is { } error) throw error;
    }
}
