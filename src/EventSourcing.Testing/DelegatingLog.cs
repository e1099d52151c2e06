using EventSourcing.Storage;

namespace EventSourcing.Testing;

/// <summary>A log that forwards every call to another one: the base of logs that count, delay or fail calls. Override what is to change.</summary>
/// <remarks><see cref="Find"/> forwards as well: calls of a capability bypass the overrides of the other members.</remarks>
public abstract class DelegatingLog : IEventLog
{
    /// <summary>A log over another one.</summary>
    /// <param name="inner">The other log; disposed with this one.</param>
    protected DelegatingLog(IEventLog inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        Inner = inner;
    }

    /// <inheritdoc/>
    public virtual string SystemName => Inner.SystemName;

    /// <summary>The other log.</summary>
    protected IEventLog Inner { get; }

    /// <inheritdoc/>
    public virtual ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken) => Inner.AppendAsync(append, cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken) => Inner.ReadAsync(read, cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken) => Inner.WaitAsync(after, cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken) =>
        Inner.ReadRecordsAsync(kind, from, through, max, cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken) => Inner.WriteAsync(write, cancellationToken);

    /// <inheritdoc/>
    public virtual T? Find<T>()
        where T : class => Inner.Find<T>();

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Inner.DisposeAsync();
    }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        GC.SuppressFinalize(this);
        Inner.Dispose();
    }
}
