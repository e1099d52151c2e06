using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Monitoring;
using EventSourcing.Subscriptions.Running;

namespace EventSourcing.Subscriptions;

/// <summary>Runs the durable subscriptions of one <see cref="EventBus"/>. Thread-safe.</summary>
/// <remarks>
/// The leases of all subscriptions are renewed together, by one write per renewal interval, and by none where nothing is subscribed. Nothing else is
/// read or written while no event is stored.
/// </remarks>
internal sealed class SubscriptionHost : IAsyncDisposable
{
    private readonly LeaseKeeper _leases;
    private readonly FailureReport _report = new();
    private readonly LagWatch _lag;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Subscription?> _subscriptions = new(StringComparer.Ordinal);
    private Action<string, SubscriptionState, Exception?>? _stateChanged;
    private Task? _closing;
    private bool _isDisposed;

    internal SubscriptionHost(IEventStore store, EventBusOptions options)
    {
        (Store, Options) = (store, options);
        _leases = new(store.Log, options.TimeProvider, options.LeaseTimeout);
        Pages = new(store.Log);
        _lag = new(options.TimeProvider, ObserveLag, ReadLagAsync);
    }

    /// <summary>The subscriptions that were started and not stopped, in any order.</summary>
    internal IReadOnlyList<Subscription> Subscriptions
    {
        get
        {
            lock (_lock) return [.. _subscriptions.Values.OfType<Subscription>()];
        }
    }

    /// <summary>See <see cref="EventBus.StateChanged"/>.</summary>
    internal event Action<string, SubscriptionState, Exception?>? StateChanged
    {
        add
        {
            lock (_lock) _stateChanged += value;
        }

        remove
        {
            lock (_lock) _stateChanged -= value;
        }
    }

    /// <summary>See <see cref="EventBus.EventFailed"/>.</summary>
    internal event Action<EventFailure>? EventFailed
    {
        add => _report.Failed += value;
        remove => _report.Failed -= value;
    }

    /// <summary>The id of this process in its leases.</summary>
    internal Guid Owner => _leases.Owner;

    internal LeaseKeeper Leases => _leases;

    internal IEventStore Store { get; }

    internal EventBusOptions Options { get; }

    internal SharedPages Pages { get; }

    internal IReadOnlyCollection<Loop> Loops => [.. Subscriptions.SelectMany(s => s.Loops)];

    /// <summary>See <see cref="EventBus.SubscribeAsync(string, SubscriptionHandler, SubscriptionOptions?, CancellationToken)"/>.</summary>
    internal async Task<Subscription> StartAsync(string name, SubscriptionHandler handler, SubscriptionOptions? options, CancellationToken cancellationToken)
    {
        PartitionId.ThrowIfInvalid(name);
        ArgumentNullException.ThrowIfNull(handler);
        if (options?.Place is null && IsReserved(name))
            throw new ArgumentException($"The subscription name '{name}' is reserved: names of views begin with 'view:' and 'view-build:'.", nameof(name));
        var setup = NewSetup(name, handler, (options ?? new()).Validated());
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(EventBus));
            if (!_subscriptions.TryAdd(name, null)) throw new InvalidOperationException($"Subscription '{name}' already runs on this bus. Stop it first, or use another name.");
        }

        try
        {
            return await StartAsync(setup, cancellationToken).ConfigureAwait(false);
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

    // Leases of views and of their builds have such names.
    private static bool IsReserved(string? name) => name is not null && (name.StartsWith("view:", StringComparison.Ordinal) || name.StartsWith("view-build:", StringComparison.Ordinal));

    private async Task<Subscription> StartAsync(SubscriptionSetup setup, CancellationToken cancellationToken)
    {
        var place = await FindOrRecordAsync(setup.Name, setup.Options, cancellationToken).ConfigureAwait(false);
        var subscription = setup.Options.IsPartitioned ? Partitioned(setup) : Single(setup);
        // Outside the lock: creating an instrument calls code of meter listeners.
        LagGauges.Add(_lag);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(EventBus));
            _subscriptions[setup.Name] = subscription;
            subscription.Start(place);
        }

        return subscription;
    }

    /// <summary>Waits until every subscription has stopped; see <see cref="EventBus.DisposeAsync"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        var (subscriptions, closing) = BeginStop();
        await Tasks.AfterAllAsync(subscriptions.Select(s => s.DisposeAsync().AsTask())).ConfigureAwait(false);
        await closing.ConfigureAwait(false);
    }

    internal (IReadOnlyList<Subscription> Subscriptions, Task Closing) BeginStop()
    {
        lock (_lock) _isDisposed = true;
        var subscriptions = Subscriptions;
        foreach (var subscription in subscriptions) subscription.BeginStop();
        lock (_lock) return (subscriptions, _closing ??= CloseAsync(subscriptions));
    }

    /// <summary>Removes a subscription that has ended, unless another of its name was started since.</summary>
    internal void Remove(Subscription subscription)
    {
        lock (_lock)
            if (_subscriptions.GetValueOrDefault(subscription.Name) == subscription) _subscriptions.Remove(subscription.Name);
    }

    private SubscriptionSetup NewSetup(string name, SubscriptionHandler handler, SubscriptionOptions options) => new()
    {
        Name = name,
        Store = Store,
        Handler = handler.Bind(Store.Types),
        Filter = BindFilter(handler, options),
        Options = options,
        BusOptions = Options,
        Leases = _leases,
        Report = _report,
        StateChanged = NotifyStateChanged,
        Slots = options.IsPartitioned ? new(options.MaxConcurrency) : null,
    };

    private BoundFilter BindFilter(SubscriptionHandler handler, SubscriptionOptions options)
    {
        var filter = options.Filter ?? EventFilter.All;
        // The log evaluates one query. With a query of the filter, the handler's types are selected by their stored names.
        return filter.Bind(Store.Types, filter.HasQuery ? null : handler.Query);
    }

    private void ObserveLag(DateTimeOffset now, List<SubscriptionLag> lags)
    {
        foreach (var subscription in Subscriptions)
            if (subscription.Lag(now) is { } lag) lags.Add(lag);
    }

    private async Task ReadLagAsync(CancellationToken cancellationToken)
    {
        Pages.Head = (await Store.GetHeadAsync(cancellationToken).ConfigureAwait(false)).ToInt64();
        foreach (var subscription in Subscriptions) await subscription.ReadNextAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task CloseAsync(IReadOnlyList<Subscription> subscriptions)
    {
        foreach (var subscription in subscriptions) await subscription.Ended.ConfigureAwait(false);
        LagGauges.Remove(_lag);
        await _lag.CloseAsync().ConfigureAwait(false);
        await _leases.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Calls every callback of <see cref="StateChanged"/>. Returns the exceptions that they threw, as one, or null.</summary>
    internal Exception? NotifyStateChanged(string name, SubscriptionState state, Exception? error)
    {
        if (Volatile.Read(ref _stateChanged) is not { } handlers) return null;
        List<Exception>? thrown = null;
        foreach (var handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                handler(name, state, error);
            }
            catch (Exception e)
            {
                (thrown ??= []).Add(e);
            }
        }

        return thrown is [var one] ? one : thrown is null ? null : new AggregateException(thrown);
    }

    private Subscription Single(SubscriptionSetup setup) =>
        new(setup.Name, this, [new(setup, new(setup.Name, 0, 1), new(Pages, setup.Filter.Query, PageSizeOf(setup)))], null);

    private Subscription Partitioned(SubscriptionSetup setup)
    {
        Runner[] runners = [];
        var (query, pageSize) = (setup.Filter.Query, PageSizeOf(setup));
        var tail = new SharedTail(Pages, query, pageSize, PartitionOf);
        runners = [.. Keys(setup.Name, isPartitioned: true).Select(key => new Runner(setup, key, new(Pages, query, pageSize, tail, key.Partition)))];
        return new(setup.Name, this, runners, tail);

        int PartitionOf(in RecordedEvent e)
        {
            if (!setup.Handler.Selects(e.Type)) return -1;
            var outer = LoopWaits.EnterDelegate(runners[0].Loop);
            try
            {
                return PartitionId.PartitionOf(setup.Options.KeyOrStream(e, out _));
            }
            finally
            {
                LoopWaits.LeaveDelegate(outer);
            }
        }
    }

    // A batch is at most a page: pages whose size divides the usual checkpoint interval make whole batches.
    private static int PageSizeOf(SubscriptionSetup setup) => setup.Handler.IsBatch ? Math.Min(SharedPages.PageSize, setup.Options.CheckpointEvery) : SharedPages.PageSize;

    private static IEnumerable<PartitionId> Keys(string name, bool isPartitioned)
    {
        var count = isPartitioned ? PartitionId.PartitionCount : 1;
        return Enumerable.Range(0, count).Select(partition => new PartitionId(name, partition, count));
    }

    private async ValueTask<ResumeToken> FindOrRecordAsync(string name, SubscriptionOptions options, CancellationToken cancellationToken)
    {
        PartitionId[] keys = [.. Keys(name, options.IsPartitioned)];
        var (own, other) = (keys[0].Key, Keys(name, !options.IsPartitioned).First().Key);
        foreach (var key in new[] { other, own })
        {
            var found = await Store.Log.ReadRecordsAsync(RecordKind.Checkpoint, key, key, 1, cancellationToken).ConfigureAwait(false);
            if (found.Count == 0) continue;
            if (key == other) throw Mismatch(name, options);
            if (options.LoadToken is not null || options.Place is not null)
                throw new InvalidOperationException($"Subscription '{name}' has a checkpoint in the log; it cannot be started with one outside the log (SubscriptionOptions.LoadToken). Use another name.");
            return PositionOf(found[0]);
        }

        var start = await options.From.ResolveAsync(Store.Log, cancellationToken).ConfigureAwait(false);
        if (options.LoadToken is not null || options.Place is not null) return start;
        var checkpoint = new Checkpoint(start.Position.ToInt64(), 0, keys.Length).ToBytes();
        // The first one decides whether the subscription is new. All are stored in the same write.
        var written = await Store.Log.WriteAsync(new()
        {
            Requirements = [RecordRequirement.Absent(RecordKind.Checkpoint, other), RecordRequirement.Absent(RecordKind.Checkpoint, own)],
            Changes = [.. keys.Select(key => RecordChange.Put(RecordKind.Checkpoint, key.Key, checkpoint, 0).OrSkip())],
        }, cancellationToken).ConfigureAwait(false);
        if (written.Refusal is not { } refusal) return start;
        if (refusal.Index == 0) throw Mismatch(name, options);
        // Another process has created the subscription meanwhile.
        var meanwhile = await Store.Log.ReadRecordsAsync(RecordKind.Checkpoint, own, own, 1, cancellationToken).ConfigureAwait(false);
        return meanwhile.Count == 0 ? start : PositionOf(meanwhile[0]);
    }

    // A checkpoint that cannot be read is no error here: the runner reads it again and faults its subscription. Other subscriptions of the process start.
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
        new($"Subscription '{name}' has a checkpoint as {(options.IsPartitioned ? "one that is not partitioned; it cannot be started with IsPartitioned = true" : "a partitioned one; it cannot be started with IsPartitioned = false")}. Start it as before, or under another name.");
}
