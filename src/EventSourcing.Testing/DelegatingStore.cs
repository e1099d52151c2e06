using EventSourcing.Storage;

namespace EventSourcing.Testing;

/// <summary>A store that forwards every call to another one: the base of stores that count, delay or fail calls. Override what is to change; <see cref="IEventStore"/> lists the calls that bypass it.</summary>
public abstract class DelegatingStore : IEventStore
{
    /// <summary>A store over another one.</summary>
    /// <param name="inner">The other store; disposed with this one.</param>
    protected DelegatingStore(IEventStore inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        Inner = inner;
    }

    /// <inheritdoc/>
    public virtual IEventLog Log => Inner.Log;

    /// <inheritdoc/>
    public virtual EventTypeMap Types => Inner.Types;

    /// <summary>The other store.</summary>
    protected IEventStore Inner { get; }

    /// <inheritdoc/>
    public virtual ValueTask<AppendResult> AppendAsync(Append append, CancellationToken cancellationToken = default) => Inner.AppendAsync(append, cancellationToken);

    /// <inheritdoc/>
    public virtual EventSequence ReadStreamAsync(StreamId stream, ReadStreamOptions? options = null, CancellationToken cancellationToken = default) =>
        Inner.ReadStreamAsync(stream, options, cancellationToken);

    /// <inheritdoc/>
    public virtual EventSequence ReadAllAsync(EventQuery? query = null, ReadAllOptions? options = null, CancellationToken cancellationToken = default) =>
        Inner.ReadAllAsync(query, options, cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<LoadResult<TState>> FoldStreamAsync<TState>(
        StreamId stream, Func<TState> create, Func<TState, object, TState> apply, long afterVersion = 0, long? throughVersion = null, CancellationToken cancellationToken = default) =>
        Inner.FoldStreamAsync(stream, create, apply, afterVersion, throughVersion, cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<LoadResult<TState>> FoldAsync<TState>(
        EventQuery query, Func<TState> create, Func<TState, object, TState> apply, CancellationToken cancellationToken = default) =>
        Inner.FoldAsync(query, create, apply, cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<StreamInfo> GetStreamInfoAsync(StreamId stream, CancellationToken cancellationToken = default) => Inner.GetStreamInfoAsync(stream, cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<GlobalPosition> GetHeadAsync(CancellationToken cancellationToken = default) => Inner.GetHeadAsync(cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<CommandResult?> FindCommandAsync(string commandId, CancellationToken cancellationToken = default) => Inner.FindCommandAsync(commandId, cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask WaitForEventsAsync(GlobalPosition after, CancellationToken cancellationToken = default) => Inner.WaitForEventsAsync(after, cancellationToken);

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
