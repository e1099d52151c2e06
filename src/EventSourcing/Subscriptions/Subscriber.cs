using EventSourcing.Storage;
using EventSourcing.Subscriptions.Internal;

namespace EventSourcing.Subscriptions;

/// <summary>Runs the subscriptions of a process on one store. Thread-safe.</summary>
/// <remarks>
/// Its leases are renewed together, by one transaction per renewal interval, and by none where nothing is subscribed. Nothing is
/// read or written otherwise while nothing happens.
/// </remarks>
public sealed class Subscriber : IAsyncDisposable
{

    private readonly EventStore _store;
    private readonly SubscriberOptions _options;
    private readonly LeaseKeeper _leases;
    private readonly FailureReport _report = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Subscription?> _subscriptions = new(StringComparer.Ordinal);
    private bool _isDisposed;

    /// <summary>A participant on a store.</summary>
    /// <param name="store">The store; not disposed with the subscriber, and disposed after it.</param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <exception cref="ArgumentException">The store is no <see cref="EventStore"/>, or an option is out of its range.</exception>
    public Subscriber(IEventStore store, SubscriberOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store as EventStore ?? throw new ArgumentException($"Subscriptions need the {nameof(EventStore)}; {store.GetType()} is another.", nameof(store));
        _options = (options ?? new()).Validated();
        _leases = new(store.Log, _options);
        Pages = new(store.Log);
    }

    /// <summary>The subscriptions that were started and not stopped, in no order that matters.</summary>
    public IReadOnlyList<Subscription> Subscriptions
    {
        get
        {
            lock (_lock) return [.. _subscriptions.Values.OfType<Subscription>()];
        }
    }

    /// <summary>Told of every change of state: the subscription's name, of a group with the segment, the new state and, where it is paused or faulted, the failure that led to it or null. Raised on the runner, from several threads; must be short and must not throw.</summary>
    public event Action<string, SubscriptionState, Exception?>? StateChanged;

    /// <summary>Told of every event whose handling failed, and of what becomes of it: retried, parked, held back for an earlier one, or waited at. Raised on the runner, from several threads, before the outcome is written; must be short. What a handler throws changes nothing; it is counted as <see cref="EventSourcingTelemetry.ObserverFailures"/>.</summary>
    public event Action<EventFailure>? EventFailed
    {
        add => _report.Failed += value;
        remove => _report.Failed -= value;
    }

    /// <summary>What this process is called in its leases.</summary>
    public Guid Owner => _leases.Owner;

    /// <summary>After how long without a sign of life a lease is taken over, see <see cref="SubscriberOptions.LeaseTimeout"/>.</summary>
    public TimeSpan LeaseTimeout => _options.LeaseTimeout;

    internal EventStore Store => _store;

    internal SubscriberOptions Options => _options;

    internal SharedPages Pages { get; }

    /// <summary>Starts a subscription: durable under its name, resumed after its checkpoint, active in one process at a time.</summary>
    /// <remarks>
    /// Every event that is asked for is handled at least once, in order of position; after a crash the events since the last checkpoint come
    /// again. What the handler enlists in its <see cref="Delivery"/> happens exactly once. What a handler of single events appends or sends
    /// follows from its event (<see cref="Handling"/>). Handlers run on the thread pool, never while the log is locked for writing.
    /// </remarks>
    /// <param name="name">1 to 200 characters without a slash; the same in every process and for ever.</param>
    /// <param name="handler">What to do with the events.</param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <returns>The subscription, once its place is recorded: from then on no event is missed, whatever crashes. It may not be active yet.</returns>
    /// <exception cref="ArgumentException">The name is not valid, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The name runs in this subscriber already, or was a group before and now is none, or the other way round.</exception>
    /// <exception cref="UnknownEventTypeException">A CLR type that is asked for has no entry in the type map.</exception>
    /// <exception cref="LogTruncatedException">The start lies beyond the head. A checkpoint beyond the head faults the subscription instead.</exception>
    public async Task<Subscription> StartAsync(string name, SubscriptionHandler handler, SubscriptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        SegmentKey.ThrowIfInvalid(name);
        ArgumentNullException.ThrowIfNull(handler);
        options ??= new();
        options.Validate();
        var query = options.Query ?? handler.Query;
        // A batch is at most a page: pages of a divisor of the usual interval make whole batches.
        var pageSize = handler.IsBatch ? Math.Min(SharedPages.PageSize, options.CheckpointEvery) : SharedPages.PageSize;
        SharedReader NewReader() => new(Pages, query is null ? null : _store.Types.Resolve(query), pageSize);
        var bound = handler.Bind(_store.Types);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!_subscriptions.TryAdd(name, null)) throw new InvalidOperationException($"Subscription '{name}' runs in this subscriber already.");
        }

        try
        {
            var position = await FindOrRecordAsync(name, options, cancellationToken).ConfigureAwait(false);
            var subscription = new Subscription(name, this, Runners(name, bound, options, NewReader));
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                _subscriptions[name] = subscription;
                subscription.Start(position);
            }

            return subscription;
        }
        catch
        {
            Remove(name);
            throw;
        }
    }

    /// <summary>Stops every subscription in order: handlers end, checkpoints are written, leases given back.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock) _isDisposed = true;
        await Task.WhenAll(Subscriptions.Select(s => s.DisposeAsync().AsTask())).ConfigureAwait(false);
        await _leases.DisposeAsync().ConfigureAwait(false);
    }

    internal void Remove(string name)
    {
        lock (_lock) _subscriptions.Remove(name);
    }

    private void Changed(string name, SubscriptionState state, Exception? error) => StateChanged?.Invoke(name, state, error);

    private Runner[] Runners(string name, BoundHandler handler, SubscriptionOptions options, Func<SharedReader> newReader)
    {
        var places = options.IsGroup ? new SemaphoreSlim(options.Workers) : null;
        return [.. Keys(name, options.IsGroup).Select(key => new Runner(_store, key, handler, options, _options, _leases, newReader(), places, Changed, _report))];
    }

    private static IEnumerable<SegmentKey> Keys(string name, bool isGroup)
    {
        var segments = isGroup ? SegmentKey.GroupSegments : 1;
        return Enumerable.Range(0, segments).Select(segment => new SegmentKey(name, segment, segments));
    }

    private async ValueTask<GlobalPosition> FindOrRecordAsync(string name, SubscriptionOptions options, CancellationToken cancellationToken)
    {
        SegmentKey[] keys = [.. Keys(name, options.IsGroup)];
        var (own, other) = (keys[0].Key, Keys(name, !options.IsGroup).First().Key);
        foreach (var key in new[] { other, own })
        {
            var found = await _store.Log.ReadRecordsAsync(RecordKind.Checkpoint, key, key, 1, cancellationToken).ConfigureAwait(false);
            if (found.Count == 0) continue;
            if (key == other) throw Mismatch(name, options);
            return GlobalPosition.FromInt64(Checkpoint.Parse(found[0]).Position);
        }

        var start = await options.From.ResolveAsync(_store.Log, cancellationToken).ConfigureAwait(false);
        var checkpoint = new Checkpoint(start.ToInt64(), 0, keys.Length).ToBytes();
        return await _store.Log.TransactAsync(transaction =>
        {
            if (transaction.TryGet(RecordKind.Checkpoint, other, out _)) throw Mismatch(name, options);
            if (transaction.TryGet(RecordKind.Checkpoint, own, out var meanwhile)) return GlobalPosition.FromInt64(Checkpoint.Parse(meanwhile).Position);
            foreach (var key in keys) transaction.TryPut(RecordKind.Checkpoint, key.Key, checkpoint, 0);
            return start;
        }, cancellationToken).ConfigureAwait(false);
    }

    private static InvalidOperationException Mismatch(string name, SubscriptionOptions options) =>
        new($"Subscription '{name}' has a checkpoint as {(options.IsGroup ? "no group; it cannot be started as one" : "a group; it cannot be started as a single subscription")}.");
}
