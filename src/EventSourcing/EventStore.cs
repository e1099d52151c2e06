using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Tracing;

namespace EventSourcing;

/// <summary>The one implementation of <see cref="IEventStore"/>: encodes and decodes, over any log.</summary>
public sealed class EventStore : IEventStore
{
    private readonly EventCodec _codec;

    /// <summary>A store on a log.</summary>
    /// <param name="log">The log; disposed with the store.</param>
    /// <param name="types">The type map, by which events are encoded and decoded.</param>
    public EventStore(IEventLog log, EventTypeMap types)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(types);
        Log = log;
        Types = types;
        _codec = types.Codec;
        log.Find<ITaggingLog>()?.UseTagRules(types.Types);
    }

    /// <inheritdoc/>
    public IEventLog Log { get; }

    /// <inheritdoc/>
    public EventTypeMap Types { get; }

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(Append append, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(append);
        return AppendObservation.IsWanted ? ObserveAsync(append, cancellationToken) : EncodeAndAppendAsync(append, cancellationToken);
    }

    /// <inheritdoc/>
    public EventSequence ReadStreamAsync(StreamId stream, ReadStreamOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (stream.IsDefault) throw new ArgumentException("default(StreamId) is not a stream. Use a stream name such as 'order-42'.", nameof(stream));
        if (options is null) return new(Log, _codec, new StreamRead(stream) { IncludeToken = true }, null, null, null, cancellationToken);
        options.Validate();
        var filter = (options.Filter ?? EventFilter.All).Bind(Types);
        var read = new StreamRead(stream)
        {
            Query = filter.Query,
            Direction = options.Direction,
            AfterVersion = options.AfterVersion,
            ThroughVersion = options.ThroughVersion,
            IncludeToken = true,
        };
        return new(Log, _codec, read, options.MaxCount, filter, null, cancellationToken);
    }

    /// <inheritdoc/>
    public EventSequence ReadAllAsync(EventQuery? query = null, ReadAllOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (options is null)
        {
            if (query?.OnDecoded(Types) is null) return new(Log, _codec, new AllRead { Query = query?.Resolve(Types), IncludeToken = true }, null, null, null, cancellationToken);
            options = new();
        }

        options.Validate();
        var filter = (options.Filter ?? EventFilter.All).Bind(Types, query);
        var read = new AllRead
        {
            Query = filter.Query,
            Direction = options.Direction,
            AfterPosition = options.After,
            ThroughPosition = options.ThroughPosition,
            Token = options.AfterToken,
            IncludeToken = true,
        };
        return new(Log, _codec, read, options.MaxCount, filter, options.Bounds, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LoadResult<TState>> FoldStreamAsync<TState>(
        StreamId stream, Func<TState> create, Func<TState, object, TState> apply, long afterVersion = 0, long? throughVersion = null, CancellationToken cancellationToken = default)
    {
        if (stream.IsDefault) throw new ArgumentException("default(StreamId) is not a stream. Use a stream name such as 'order-42'.", nameof(stream));
        ThrowIfNoFold(create, apply);
        Require.NotNegative(afterVersion, nameof(afterVersion));
        Require.Range(afterVersion, throughVersion, nameof(afterVersion), nameof(throughVersion));
        var read = new StreamRead(stream) { AfterVersion = afterVersion, ThroughVersion = throughVersion, IncludeTags = false, ReuseBuffers = true, IncludeToken = true };
        return FoldAsync(read, afterVersion, create, apply, null, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LoadResult<TState>> FoldAsync<TState>(
        EventQuery query, Func<TState> create, Func<TState, object, TState> apply, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ThrowIfNoFold(create, apply);
        var decoded = query.OnDecoded(Types);
        return FoldAsync(new AllRead { Query = query.Resolve(Types), IncludeTags = decoded is not null, ReuseBuffers = true, IncludeToken = true }, 0, create, apply, decoded, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<StreamInfo> GetStreamInfoAsync(StreamId stream, CancellationToken cancellationToken = default)
    {
        if (stream.IsDefault) throw new ArgumentException("default(StreamId) is not a stream. Use a stream name such as 'order-42'.", nameof(stream));
        var read = new StreamRead(stream) { Direction = ReadDirection.Backward, MaxCount = 1, IncludeTags = false, ReuseBuffers = true };
        using var page = await Log.ReadAsync(read, cancellationToken).ConfigureAwait(false);
        return page.Events is [var last, ..]
            ? new(stream, page.StreamVersion, last.Position, last.Timestamp)
            : new(stream, page.StreamVersion, GlobalPosition.Start, null);
    }

    /// <inheritdoc/>
    public ValueTask<GlobalPosition> GetHeadAsync(CancellationToken cancellationToken = default) => Log.GetHeadAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<CommandResult?> FindCommandAsync(string commandId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commandId);
        Name.ThrowIfInvalid(commandId, "command id", nameof(commandId));
        var found = await Log.ReadRecordsAsync(RecordKind.Command, commandId, commandId, 1, cancellationToken).ConfigureAwait(false);
        if (found.Count == 0) return null;
        var command = CommandResult.Parse(commandId, found[0].Value);
        if (command.Result.ResumeToken is not { IsVerifiable: false } place || place == ResumeToken.Start) return command;
        // The result was stored before logs drew marks.
        return new(command.Fingerprint, command.Result.WithToken(await Log.FindTokenAsync(place, cancellationToken).ConfigureAwait(false)));
    }

    /// <inheritdoc/>
    public ValueTask WaitForEventsAsync(GlobalPosition after, CancellationToken cancellationToken = default) => Log.WaitAsync(after, cancellationToken);

    /// <summary>Ends calls in progress and closes the log.</summary>
    public ValueTask DisposeAsync() => Log.DisposeAsync();

    /// <summary>Ends calls in progress and closes the log, as <see cref="DisposeAsync"/> does, and blocks until that is done. The log determines the maximum time.</summary>
    public void Dispose() => Log.Dispose();

    private async ValueTask<AppendResult> ObserveAsync(Append append, CancellationToken cancellationToken)
    {
        using var observed = AppendObservation.Begin(append, Log.SystemName);
        try
        {
            var result = await EncodeAndAppendAsync(append, cancellationToken).ConfigureAwait(false);
            observed.Succeed(result);
            return result;
        }
        catch (Exception e) when (observed.Fail(e))
        {
            throw;
        }
    }

    // If the log has completed synchronously, nothing is awaited: the async state machine would be most of the store's cost.
    private ValueTask<AppendResult> EncodeAndAppendAsync(Append append, CancellationToken cancellationToken)
    {
        var encoder = _codec.RentEncoder();
        ValueTask<AppendResult> pending;
        try
        {
            pending = Log.AppendAsync(encoder.Encode(append), cancellationToken);
        }
        catch (Exception e)
        {
            pending = ValueTask.FromException<AppendResult>(e);
        }

        if (!pending.IsCompleted) return PendingAppend.Rent(_codec, pending, encoder).Task;
        _codec.Return(encoder);
        return pending;
    }

    // A fold whose state is a task would create tasks that are never awaited.
    private static void ThrowIfNoFold<TState>(Func<TState> create, Func<TState, object, TState> apply)
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(apply);
        if (FoldedState<TState>.IsTask) SynchronousDelegate.ThrowIfAsync(apply, nameof(apply));
    }

    private static class FoldedState<TState>
    {
        internal static readonly bool IsTask = SynchronousDelegate.IsAwaitable(typeof(TState));
    }

    private async ValueTask<LoadResult<TState>> FoldAsync<TState>(
        RangeRead read, long afterVersion, Func<TState> create, Func<TState, object, TState> apply, DecodedQuery? selection, CancellationToken cancellationToken)
    {
        var (state, version, count, pages) = (create(), afterVersion, 0L, new LogPages(read));
        var isStream = read is StreamRead;
        while (pages.Next is { } next)
        {
            using var page = await Log.ReadAsync(next, cancellationToken).ConfigureAwait(false);
            pages.Take(page);
            foreach (ref readonly var e in page.Events)
            {
                var decoded = _codec.Decode(e);
                for (var ordinal = 0; ordinal < decoded.Count; ordinal++)
                {
                    if (selection?.Selects(decoded[ordinal], e.Type, e.StreamId, e.Tags ?? []) == false) continue;
                    state = apply(state, decoded[ordinal]);
                    count++;
                }

                if (isStream) version = e.Version;
            }
        }

        return new(state, version, count, pages.Head);
    }
}
