using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Monitoring;
using EventSourcing.Subscriptions.Running;

namespace EventSourcing;

/// <summary>Runs the subscriptions of a process on one store. Thread-safe.</summary>
/// <remarks>
/// Its leases are renewed together, by one write per renewal interval, and by none where nothing is subscribed. Nothing is
/// read or written otherwise while nothing happens.
/// </remarks>
public sealed class Subscriber : IAsyncDisposable, IDisposable
{
    private readonly IEventStore _store;
    private readonly SubscriberOptions _options;
    private readonly LeaseKeeper _leases;
    private readonly FailureReport _report = new();
    private readonly LagWatch _lag;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Subscription?> _subscriptions = new(StringComparer.Ordinal);
    private Action<string, SubscriptionState, Exception?>? _stateChanged;
    private Task? _closing;
    private bool _isDisposed;

    /// <summary>A participant on a store.</summary>
    /// <param name="store">The store, a decorated one too: its <see cref="IEventStore.Log"/> is read and written, with its <see cref="IEventStore.Types"/>. Not disposed with the subscriber, and disposed after it.</param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Subscriber(IEventStore store, SubscriberOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        _options = (options ?? new()).Validated();
        _leases = new(store.Log, _options.TimeProvider, _options.LeaseTimeout);
        Pages = new(store.Log);
        _lag = new(_options.TimeProvider, ObserveLag, ReadLagAsync);
    }

    /// <summary>The subscriptions that were started and not stopped, in no order that matters.</summary>
    public IReadOnlyList<Subscription> Subscriptions
    {
        get
        {
            lock (_lock) return [.. _subscriptions.Values.OfType<Subscription>()];
        }
    }

    /// <summary>Told of every change of state: the subscription's name, of a group with the segment, the new state and, where it is paused or faulted, the failure that led to it or null. Raised on the runner, from several threads; must be short.</summary>
    /// <remarks>What it throws is the subscription's <see cref="SubscriptionStatus.LastError"/>, unless that says why it is paused or faulted; the subscription goes on. It must not wait for the subscription (<see cref="Subscription"/>); work that it starts may.</remarks>
    /// <exception cref="ArgumentException">The delegate is asynchronous: nothing would wait for it.</exception>
    public event Action<string, SubscriptionState, Exception?>? StateChanged
    {
        add
        {
            if (value is not null) SynchronousDelegate.ThrowIfAsync(value, nameof(value));
            lock (_lock) _stateChanged += value;
        }

        remove
        {
            lock (_lock) _stateChanged -= value;
        }
    }

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

    internal IEventStore Store => _store;

    internal LeaseKeeper Leases => _leases;

    internal SubscriberOptions Options => _options;

    internal SharedPages Pages { get; }

    /// <summary>Starts a subscription: durable under its name, resumed after its checkpoint, active in one process at a time.</summary>
    /// <remarks>
    /// Every event that is asked for is handled at least once, in order of position; after a crash the events since the last checkpoint come
    /// again. What the handler enlists in its <see cref="DeliveryContext"/> happens exactly once. What a handler of single events appends or sends
    /// follows from its event (<see cref="EventContext"/>). Handlers run on the thread pool, never while the log is locked for writing.
    /// </remarks>
    /// <param name="name">1 to 200 characters without a slash, at most 472 bytes of UTF-8; the same in every process and for ever.</param>
    /// <param name="handler">What to do with the events.</param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <returns>The subscription, once its place is recorded: from then on no event is missed, whatever crashes. It may not be active yet.</returns>
    /// <exception cref="ArgumentException">The name is not valid, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The name runs in this subscriber already, or was a group before and now is none, or the other way round.</exception>
    /// <exception cref="UnknownEventTypeException">A CLR type that is asked for has no entry in the type map.</exception>
    /// <exception cref="LogDivergedException">The start is a token of another history.</exception>
    /// <exception cref="PositionOutOfRangeException">The start lies beyond the head. A checkpoint that lies beyond the head or cannot be read faults the subscription instead.</exception>
    public async Task<Subscription> StartAsync(string name, SubscriptionHandler handler, SubscriptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        PartitionId.ThrowIfInvalid(name);
        ArgumentNullException.ThrowIfNull(handler);
        options ??= new();
        options.Validate();
        var query = options.Query ?? handler.Query;
        // A batch is at most a page: pages of a divisor of the usual interval make whole batches.
        var pageSize = handler.IsBatch ? Math.Min(SharedPages.PageSize, options.CheckpointEvery) : SharedPages.PageSize;
        var resolved = query?.Resolve(_store.Types);
        var bound = handler.Bind(_store.Types);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!_subscriptions.TryAdd(name, null)) throw new InvalidOperationException($"Subscription '{name}' runs in this subscriber already.");
        }

        try
        {
            var place = await FindOrRecordAsync(name, options, cancellationToken).ConfigureAwait(false);
            var subscription = options.IsPartitioned ? Group(name, bound, options, resolved, pageSize) : Single(name, bound, options, resolved, pageSize);
            // Outside the lock: instruments may be shown to listeners here.
            LagGauges.Add(_lag);
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                _subscriptions[name] = subscription;
                subscription.Start(place);
            }

            return subscription;
        }
        catch
        {
            lock (_lock)
            {
                _subscriptions.Remove(name);
                if (_isDisposed) LagGauges.Remove(_lag);
            }

            throw;
        }
    }

    /// <summary>Stops every subscription: handlers end, checkpoints are written, leases given back. May be called again, and by several threads at once.</summary>
    /// <remarks>
    /// Called by a handler of one of them, by one that such a handler waits for, or from inside the work of a transaction, it does not wait: they stop after the event at hand. Whatever fails, all are stopped.
    /// </remarks>
    /// <exception cref="SubscriptionException">
    /// A handler is still running 5 s after <see cref="SubscriberOptions.StopTimeout"/>; an <see cref="AggregateException"/> where several are. Their leases are renewed until they return. Another call waits once more.
    /// </exception>
    public async ValueTask DisposeAsync()
    {
        var (subscriptions, closing) = BeginStop();
        using var own = LoopWaits.TryBegin(Loops);
        if (own is null) return;
        await Tasks.AfterAllAsync(subscriptions.Select(s => s.DisposeAsync().AsTask())).ConfigureAwait(false);
        await closing.ConfigureAwait(false);
    }

    /// <summary>Stops every subscription as <see cref="DisposeAsync"/> does and blocks until they have stopped: for containers and <c>using</c> statements. At most <see cref="SubscriberOptions.StopTimeout"/> and 5 s for handlers, and a few seconds for leases and checkpoints.</summary>
    /// <exception cref="SubscriptionException">As for <see cref="DisposeAsync"/>.</exception>
    /// <exception cref="TimeoutException">The log does not answer. Stopping continues in the background.</exception>
    public void Dispose() => BlockingDisposal.Run(DisposeAsync, _options.LongestStop + SubscriberOptions.StopGrace, nameof(Subscriber));

    internal IReadOnlyCollection<Loop> Loops => [.. Subscriptions.SelectMany(s => s.Loops)];

    internal (IReadOnlyList<Subscription> Subscriptions, Task Closing) BeginStop()
    {
        lock (_lock) _isDisposed = true;
        var subscriptions = Subscriptions;
        foreach (var subscription in subscriptions) subscription.BeginStop();
        lock (_lock) return (subscriptions, _closing ??= CloseAsync(subscriptions));
    }

    /// <summary>Forgets one that has ended: another of its name may have been started since.</summary>
    internal void Remove(Subscription subscription)
    {
        lock (_lock)
            if (_subscriptions.GetValueOrDefault(subscription.Name) == subscription) _subscriptions.Remove(subscription.Name);
    }

    private void ObserveLag(DateTimeOffset now, List<SubscriptionLag> lags)
    {
        foreach (var subscription in Subscriptions)
            if (subscription.Lag(now) is { } lag) lags.Add(lag);
    }

    private async Task ReadLagAsync(CancellationToken cancellationToken)
    {
        Pages.Head = (await _store.GetHeadAsync(cancellationToken).ConfigureAwait(false)).ToInt64();
        foreach (var subscription in Subscriptions) await subscription.ReadNextAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task CloseAsync(IReadOnlyList<Subscription> subscriptions)
    {
        foreach (var subscription in subscriptions) await subscription.Ended.ConfigureAwait(false);
        LagGauges.Remove(_lag);
        await _lag.CloseAsync().ConfigureAwait(false);
        await _leases.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Tells everybody; what they threw, or null.</summary>
    private Exception? Changed(string name, SubscriptionState state, Exception? error)
    {
        if (Volatile.Read(ref _stateChanged) is not { } told) return null;
        List<Exception>? thrown = null;
        foreach (var handler in told.GetInvocationList())
        {
            try
            {
                ((Action<string, SubscriptionState, Exception?>)handler)(name, state, error);
            }
            catch (Exception e)
            {
                (thrown ??= []).Add(e);
            }
        }

        return thrown is [var one] ? one : thrown is null ? null : new AggregateException(thrown);
    }

    private Subscription Single(string name, BoundHandler handler, SubscriptionOptions options, LogQuery? query, int pageSize) =>
        new(name, this, [NewRunner(new(name, 0, 1), handler, options, new(Pages, query, pageSize), null)], null);

    private Subscription Group(string name, BoundHandler handler, SubscriptionOptions options, LogQuery? query, int pageSize)
    {
        var places = new SemaphoreSlim(options.MaxConcurrency);
        Runner[] runners = [];
        var tail = new SharedTail(Pages, query, pageSize, PartitionOf);
        runners = [.. Keys(name, isGroup: true).Select(key => NewRunner(key, handler, options, new(Pages, query, pageSize, tail, key.Segment), places))];
        return new(name, this, runners, tail);

        int PartitionOf(in RecordedEvent e)
        {
            if (!handler.Selects(e.Type)) return -1;
            var outer = LoopWaits.EnterDelegate(runners[0].Loop);
            try
            {
                return PartitionId.SegmentOf(options.KeyOrStream(e, out _));
            }
            finally
            {
                LoopWaits.LeaveDelegate(outer);
            }
        }
    }

    private Runner NewRunner(PartitionId key, BoundHandler handler, SubscriptionOptions options, SharedReader reader, SemaphoreSlim? places) =>
        new(_store, key, handler, options, _options, _leases, reader, places, Changed, _report);

    private static IEnumerable<PartitionId> Keys(string name, bool isGroup)
    {
        var segments = isGroup ? PartitionId.PartitionCount : 1;
        return Enumerable.Range(0, segments).Select(segment => new PartitionId(name, segment, segments));
    }

    private async ValueTask<ResumeToken> FindOrRecordAsync(string name, SubscriptionOptions options, CancellationToken cancellationToken)
    {
        PartitionId[] keys = [.. Keys(name, options.IsPartitioned)];
        var (own, other) = (keys[0].Key, Keys(name, !options.IsPartitioned).First().Key);
        foreach (var key in new[] { other, own })
        {
            var found = await _store.Log.ReadRecordsAsync(RecordKind.Checkpoint, key, key, 1, cancellationToken).ConfigureAwait(false);
            if (found.Count == 0) continue;
            if (key == other) throw Mismatch(name, options);
            if (options.LoadToken is not null)
                throw new InvalidOperationException($"Subscription '{name}' has a checkpoint in the log; it cannot be started with one that lies elsewhere (SubscriptionOptions.LoadToken). Give it another name.");
            return PositionOf(found[0]);
        }

        var start = await options.From.ResolveAsync(_store.Log, cancellationToken).ConfigureAwait(false);
        if (options.LoadToken is not null) return start;
        var checkpoint = new Checkpoint(start.Position.ToInt64(), 0, keys.Length).ToBytes();
        // The first decides whether the subscription is new; all are stored with it.
        var written = await _store.Log.WriteAsync(new()
        {
            Requirements = [RecordRequirement.Absent(RecordKind.Checkpoint, other), RecordRequirement.Absent(RecordKind.Checkpoint, own)],
            Changes = [.. keys.Select(key => RecordChange.Put(RecordKind.Checkpoint, key.Key, checkpoint, 0).OrSkip())],
        }, cancellationToken).ConfigureAwait(false);
        if (written.Refusal is not { } refusal) return start;
        if (refusal.Index == 0) throw Mismatch(name, options);
        // Another process has started it meanwhile.
        var meanwhile = await _store.Log.ReadRecordsAsync(RecordKind.Checkpoint, own, own, 1, cancellationToken).ConfigureAwait(false);
        return meanwhile.Count == 0 ? start : PositionOf(meanwhile[0]);
    }

    // One that cannot be read faults the subscription, which reads it again; the others of the process are started all the same.
    private static ResumeToken PositionOf(StoredRecord record)
    {
        try
        {
            return ResumeToken.Unverified(GlobalPosition.FromInt64(Checkpoint.Parse(record).Position));
        }
        catch (StoreCorruptException)
        {
            return default;
        }
    }

    private static InvalidOperationException Mismatch(string name, SubscriptionOptions options) =>
        new($"Subscription '{name}' has a checkpoint as {(options.IsPartitioned ? "no group; it cannot be started as one" : "a group; it cannot be started as a single subscription")}.");
}
