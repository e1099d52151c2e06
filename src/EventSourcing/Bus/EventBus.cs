using EventSourcing.Bus;
using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Brings what is stored to those who listen. Thread-safe. Nobody publishes to it: it is fed by the log, so nothing is heard that is not stored.</summary>
/// <remarks>
/// Listeners come and go at any time. One reader of the log's tail feeds all live listeners; a durable one reads by itself. Neither ever
/// waits for a listener, and so does no writer.
/// </remarks>
public sealed class EventBus : IAsyncDisposable, IDisposable
{
    private readonly IEventStore _store;
    private readonly EventCodec _codec;
    private readonly ICommandBus? _commands;
    private readonly bool _ownsSubscriber;
    private readonly Feed _feed;
    private readonly Lock _lock = new();
    private readonly HashSet<LiveSubscription> _live = [];
    private bool _isDisposed;

    /// <summary>A bus with a subscriber of its own.</summary>
    /// <param name="store">The store; disposed after the bus.</param>
    /// <param name="options">The settings of the subscriber; null for the defaults.</param>
    /// <param name="commands">Where reactions send their commands; null for a bus without reactions.</param>
    public EventBus(IEventStore store, SubscriberOptions? options = null, ICommandBus? commands = null) : this(new Subscriber(store, options), commands) => _ownsSubscriber = true;

    /// <summary>A bus whose durable listeners are subscriptions of a subscriber.</summary>
    /// <param name="subscriber">The subscriber; disposed after the bus, which stops only its live listeners.</param>
    /// <param name="commands">Where reactions send their commands; null for a bus without reactions.</param>
    public EventBus(Subscriber subscriber, ICommandBus? commands = null)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        (Subscriber, _commands) = (subscriber, commands);
        _store = subscriber.Store;
        _codec = _store.Types.Codec;
        _feed = new(subscriber.Pages, _codec);
    }

    /// <summary>Runs the durable listeners.</summary>
    public Subscriber Subscriber { get; }

    /// <summary>The live listeners that were not disposed, in no order that matters.</summary>
    public IReadOnlyList<LiveSubscription> LiveSubscriptions
    {
        get
        {
            lock (_lock) return [.. _live];
        }
    }

    /// <summary>Listens durably to events of one type: named, checkpointed, retried. See <see cref="Subscriber.StartAsync"/>.</summary>
    /// <typeparam name="T">A type of the store's type map.</typeparam>
    /// <param name="name">The subscription's name.</param>
    /// <param name="handle">The event, its envelope, and a token that is cancelled when the effect would come too late.</param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    public Task<Subscription> SubscribeAsync<T>(
        string name, Func<T, EventEnvelope, CancellationToken, ValueTask> handle, SubscriptionOptions? options = null, CancellationToken cancellationToken = default) where T : notnull =>
        Subscriber.StartAsync(name, SubscriptionHandler.ByType(handlers => handlers.On(handle)), options, cancellationToken);

    /// <summary>Listens durably to the events of a route. See <see cref="Subscriber.StartAsync"/>.</summary>
    /// <param name="name">The subscription's name.</param>
    /// <param name="route">Which events. What a predicate throws is the handler's failure.</param>
    /// <param name="handler">What to do with them.</param>
    /// <param name="options">The settings, without a query; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <exception cref="ArgumentException">The options have a query beside the route.</exception>
    public Task<Subscription> SubscribeAsync(
        string name, EventFilter route, SubscriptionHandler handler, SubscriptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(route);
        options ??= new();
        if (options.Query is not null) throw new ArgumentException("The route says which events; leave the query out.", nameof(options));
        var bound = route.Resolve(_store.Types);
        return Subscriber.StartAsync(name, handler, options.With(route.Query, bound.NeedsFilter ? Filter(bound) : null, bound.HasPredicates ? bound.Admits : null), cancellationToken);
    }

    /// <summary>Starts a listener that is a class.</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <exception cref="InvalidOperationException">The listener reacts with commands, and the bus was made without an <see cref="ICommandBus"/>.</exception>
    public Task<Subscription> SubscribeAsync(EventSubscriber listener, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        var handler = listener.Bind(_commands);
        return listener.Route == EventFilter.All
            ? Subscriber.StartAsync(listener.Name, handler, listener.Options, cancellationToken)
            : SubscribeAsync(listener.Name, listener.Route, handler, listener.Options, cancellationToken);
    }

    /// <summary>Reacts to events of one type with a command, exactly once for each event.</summary>
    /// <remarks>
    /// A durable subscription that sends through the bus's <see cref="ICommandBus"/>. The command's id is a hash of the reaction's name and the
    /// event's id, so that an event that comes again, after a crash or a reset, is answered with the first result, whatever the command says then. The
    /// command's events are caused by the event. What the handler of the command throws is this subscription's failure: the command is sent again, and
    /// then the subscription pauses or parks the event, as <see cref="SubscriptionOptions.OnFailure"/> says; so it is with a command that the domain refuses.
    /// </remarks>
    /// <typeparam name="T">A type of the store's type map.</typeparam>
    /// <param name="name">The subscription's name, see <see cref="Subscriber.StartAsync"/>; under another name it is another reaction, which sends its commands for all events from its start on.</param>
    /// <param name="react">The event and its envelope to a command, or null for none. Has no other effect: it may run several times.</param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <exception cref="InvalidOperationException">The bus was made without an <see cref="ICommandBus"/>, or the name runs already.</exception>
    /// <example><c>await bus.ReactAsync&lt;OrderPaid&gt;("ship-when-paid", (paid, e) =&gt; new ScheduleShipping(e.StreamId));</c></example>
    public Task<Subscription> ReactAsync<T>(
        string name, Func<T, EventEnvelope, object?> react, SubscriptionOptions? options = null, CancellationToken cancellationToken = default) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(react);
        var reaction = new Reaction(name, _commands ?? throw Reaction.NoCommands(name));
        return SubscribeAsync<T>(name, (data, e, token) => reaction.SendAsync(e, react(data, e), token), options, cancellationToken);
    }

    /// <summary>Reacts to events of one type with any number of commands, each exactly once for each event; see the other overload.</summary>
    /// <typeparam name="T">A type of the store's type map.</typeparam>
    /// <param name="name">The subscription's name; under another name it is another reaction.</param>
    /// <param name="react">
    /// The event, its envelope and a token to commands: none, one or several. Several are sent one after another, each under an id of its own place and each an
    /// append of its own; the event is done when all are. An event that comes again must give the same commands in the same order, or it
    /// fails with <see cref="CommandIdConflictException"/>. Has no other effect: it may run several times.
    /// </param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <exception cref="InvalidOperationException">The bus was made without an <see cref="ICommandBus"/>, or the name runs already.</exception>
    public Task<Subscription> ReactAsync<T>(
        string name, Func<T, EventEnvelope, CancellationToken, ValueTask<IEnumerable<object>>> react, SubscriptionOptions? options = null, CancellationToken cancellationToken = default)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(react);
        var reaction = new Reaction(name, _commands ?? throw Reaction.NoCommands(name));
        return SubscribeAsync<T>(
            name, async (data, e, token) => await reaction.SendAllAsync(e, await react(data, e, token).ConfigureAwait(false), token).ConfigureAwait(false), options, cancellationToken);
    }

    /// <summary>Listens in memory.</summary>
    /// <param name="route">Which events.</param>
    /// <param name="handle">What to do with each, one at a time, in order: what it returns is awaited before the next event comes.</param>
    /// <param name="options">The settings; null for the defaults: from now on, nothing lost.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <returns>The listener; what is stored from then on, or from the asked start on, comes to it.</returns>
    public ValueTask<LiveSubscription> SubscribeLiveAsync(EventFilter route, Func<EventEnvelope, ValueTask> handle, LiveSubscriptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return StartAsync(route, options, new LiveHandler((e, _) => handle(e)), cancellationToken);
    }

    /// <summary>Listens in memory.</summary>
    /// <param name="route">Which events.</param>
    /// <param name="handle">What to do with each, one at a time, in order; its token is cancelled when the listener is disposed.</param>
    /// <param name="options">The settings; null for the defaults: from now on, nothing lost.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    public ValueTask<LiveSubscription> SubscribeLiveAsync(EventFilter route, Func<EventEnvelope, CancellationToken, ValueTask> handle, LiveSubscriptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return StartAsync(route, options, new LiveHandler(handle), cancellationToken);
    }

    /// <summary>Listens in memory to bytes; a type that the type map does not know is no error.</summary>
    /// <param name="route">Which events.</param>
    /// <param name="handle">What to do with each, one at a time, in order; its token is cancelled when the listener is disposed.</param>
    /// <param name="options">The settings; null for the defaults: from now on, nothing lost.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    public ValueTask<LiveSubscription> SubscribeLiveRawAsync(EventFilter route, Func<RecordedEvent, CancellationToken, ValueTask> handle, LiveSubscriptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return StartAsync(route, options, new LiveHandler(handle), cancellationToken);
    }

    /// <summary>Ends the live listeners and, where the bus made it, the subscriber with the durable ones. May be called again, and by several threads at once.</summary>
    /// <remarks>
    /// Called by a handler of one of them, by one that such a handler waits for, or from inside the work of a transaction, it does not wait: they end after the event at hand. Whatever fails, all are ended.
    /// </remarks>
    /// <exception cref="EventBusException">The handler of a live listener does not return, see <see cref="LiveSubscription.DisposeAsync"/>; an <see cref="AggregateException"/> where several do not.</exception>
    /// <exception cref="SubscriptionException">The handler of a durable listener does not return, see <see cref="Subscriber.DisposeAsync"/>.</exception>
    public async ValueTask DisposeAsync()
    {
        lock (_lock) _isDisposed = true;
        var listeners = LiveSubscriptions;
        foreach (var listener in listeners) listener.BeginStop();
        _feed.BeginStop();
        if (_ownsSubscriber) Subscriber.BeginStop();
        IEnumerable<Loop> loops = listeners.Select(l => l.Loop);
        using var own = LoopWaits.TryBegin([.. _ownsSubscriber ? loops.Concat(Subscriber.Loops) : loops]);
        if (own is null) return;
        var ends = listeners.Select(l => l.DisposeAsync().AsTask()).Append(_feed.DisposeAsync().AsTask());
        await Tasks.AfterAllAsync(_ownsSubscriber ? ends.Append(Subscriber.DisposeAsync().AsTask()) : ends).ConfigureAwait(false);
    }

    /// <summary>Ends the subscribers as <see cref="DisposeAsync"/> does and blocks until they have ended: for containers and <c>using</c> statements. At most <see cref="SubscriberOptions.StopTimeout"/> and 5 s for handlers, and a few seconds for leases and checkpoints.</summary>
    /// <exception cref="EventBusException">As for <see cref="DisposeAsync"/>.</exception>
    /// <exception cref="SubscriptionException">As for <see cref="DisposeAsync"/>.</exception>
    /// <exception cref="TimeoutException">The log does not answer. Stopping continues in the background.</exception>
    public void Dispose() => BlockingDisposal.Run(DisposeAsync, Subscriber.Options.LongestStop + SubscriberOptions.StopGrace, nameof(EventBus));

    private Func<RecordedEvent, bool> Filter(BoundFilter route) => e =>
        route.AdmitsBytes(e) && (!route.HasPredicates || _codec.Read(e).Any(route.Admits));

    private async ValueTask<LiveSubscription> StartAsync(EventFilter route, LiveSubscriptionOptions? options, LiveHandler handler, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(route);
        options ??= new();
        options.Validate();
        var start = await options.From.ResolveAsync(_store.Log, cancellationToken).ConfigureAwait(false);
        var resolved = route.Resolve(_store.Types);
        var listener = new LiveSubscription(_codec, _feed, new(Subscriber.Pages, resolved.Query, SharedPages.PageSize), resolved, options, Subscriber.Options, handler, Remove);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _live.Add(listener);
            listener.Start(start);
        }

        return listener;
    }

    private void Remove(LiveSubscription listener)
    {
        lock (_lock) _live.Remove(listener);
    }
}
