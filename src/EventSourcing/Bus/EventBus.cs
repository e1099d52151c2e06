using EventSourcing.Bus;
using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Subscriptions;

namespace EventSourcing;

/// <summary>Delivers stored events to subscriptions: durable ones, live ones and reactions. Thread-safe. Programs do not publish to it: it reads the log, so it delivers only what is stored.</summary>
/// <remarks>
/// Subscriptions start and stop at any time. One reader of the log's end feeds all live subscriptions; a durable one reads the log by itself. No subscription delays the feed, another subscription or a writer.
/// Handlers run on the thread pool, never while the log is locked for writing. The leases of all durable subscriptions are renewed by one write per renewal interval; without subscriptions nothing is read or written.
/// </remarks>
public sealed class EventBus : IAsyncDisposable, IDisposable
{
    private readonly IEventStore _store;
    private readonly EventCodec _codec;
    private readonly ICommandBus? _commands;
    private readonly SubscriptionHost _host;
    private readonly Feed _feed;
    private readonly Lock _lock = new();
    private readonly HashSet<LiveSubscription> _live = [];
    private bool _isDisposed;

    /// <summary>A bus on a store.</summary>
    /// <param name="store">The store, a decorated one too: the bus reads and writes its <see cref="IEventStore.Log"/>, with its <see cref="IEventStore.Types"/>. Stays the caller's, who disposes it after the bus.</param>
    /// <param name="options">The settings; null for the defaults. Copied.</param>
    /// <param name="commands">Where reactions send their commands; null for a bus without reactions.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public EventBus(IEventStore store, EventBusOptions? options = null, ICommandBus? commands = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        (_store, _codec, _commands) = (store, store.Types.Codec, commands);
        _host = new(store, (options ?? new()).Validated());
        _feed = new(_host.Pages, _codec);
    }

    /// <summary>The durable subscriptions that were started and not stopped, in any order.</summary>
    public IReadOnlyList<Subscription> Subscriptions => _host.Subscriptions;

    /// <summary>The live subscriptions that were not disposed, in any order.</summary>
    public IReadOnlyList<LiveSubscription> LiveSubscriptions
    {
        get
        {
            lock (_lock) return [.. _live];
        }
    }

    /// <summary>The name of this bus in its leases (<see cref="SubscriptionStatus.LeaseOwner"/>): a random number, another one for each bus.</summary>
    public Guid Owner => _host.Owner;

    /// <summary>See <see cref="EventBusOptions.LeaseTimeout"/>.</summary>
    public TimeSpan LeaseTimeout => _host.Options.LeaseTimeout;

    /// <summary>Runs the durable subscriptions.</summary>
    internal SubscriptionHost Host => _host;

    /// <summary>Raised when a durable subscription changes its state: the subscription's name (of a partitioned one with the partition), the new state and, where it is paused or faulted, the failure that caused it, else null.</summary>
    /// <remarks>
    /// Raised by the subscription, from several threads; a handler must be short and must not wait for the subscription (<see cref="Subscription"/>); work that it starts may.
    /// What a handler throws becomes the subscription's <see cref="SubscriptionStatus.LastError"/>, unless that property already holds the reason why the subscription is paused or faulted. The subscription continues.
    /// </remarks>
    /// <exception cref="ArgumentException">The delegate is asynchronous, or one of several that it combines is: nothing would wait for it.</exception>
    public event Action<string, SubscriptionState, Exception?>? StateChanged
    {
        add
        {
            if (value is not null) SynchronousDelegate.ThrowIfAsync(value, nameof(StateChanged));
            _host.StateChanged += value;
        }

        remove => _host.StateChanged -= value;
    }

    /// <summary>Raised for every event whose handling by a durable subscription failed, with the outcome: retried, parked, held back for an earlier event of its key, or the subscription pauses.</summary>
    /// <remarks>Raised by the subscription, from several threads, before the outcome is stored; a handler must be short. An exception of a handler has no effect; it is counted as <see cref="EventSourcingTelemetry.ObserverFailures"/>.</remarks>
    /// <exception cref="ArgumentException">The delegate is asynchronous, or one of several that it combines is: nothing would wait for it.</exception>
    public event Action<EventFailure>? EventFailed
    {
        add
        {
            if (value is not null) SynchronousDelegate.ThrowIfAsync(value, nameof(EventFailed));
            _host.EventFailed += value;
        }

        remove => _host.EventFailed -= value;
    }

    /// <summary>Starts a durable subscription to events of one type. See <see cref="SubscribeAsync(string, SubscriptionHandler, SubscriptionOptions?, CancellationToken)"/>.</summary>
    /// <typeparam name="T">A type of the store's type map.</typeparam>
    /// <param name="name">The subscription's name.</param>
    /// <param name="handle">Handles the event; gets its envelope, and a token that is cancelled when the subscription stops or its lease is lost. Its task is awaited before the next event.</param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <example><code>
    /// await using var shipping = await bus.SubscribeAsync&lt;OrderPaid&gt;("shipping",
    ///     (paid, envelope, ct) => carrier.BookAsync(envelope.StreamId, ct),
    ///     new() { OnFailure = new() { MaxRetryAttempts = 5, Then = AfterRetries.Park } });
    /// </code></example>
    public Task<Subscription> SubscribeAsync<T>(
        string name, Func<T, EventEnvelope, CancellationToken, Task> handle, SubscriptionOptions? options = null, CancellationToken cancellationToken = default) where T : notnull =>
        _host.StartAsync(name, SubscriptionHandler.ByType(handlers => handlers.On(handle)), options, cancellationToken);

    /// <summary>Starts a durable subscription: its checkpoint is stored under its name, it resumes after it, and is active in one process at a time.</summary>
    /// <remarks>
    /// Every event that passes the filter is handled at least once, in order of position; after a crash the events since the last checkpoint are delivered again. What the handler enlists in its <see cref="DeliveryContext"/>
    /// happens exactly once. What a handler of single events appends or sends is caused by its event (<see cref="EventContext"/>).
    /// </remarks>
    /// <param name="name">1 to 200 characters without a slash, at most 472 bytes of UTF-8; the same in every process, and never changed.</param>
    /// <param name="handler">What to do with the events.</param>
    /// <param name="options">The settings; null for the defaults. Copied.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <returns>The subscription, once its start is stored: from then on no event is missed, whatever crashes. It may not be active yet.</returns>
    /// <exception cref="ArgumentException">The name is not valid, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The name already runs on this bus, or its checkpoint is partitioned and the options are not, or the other way round.</exception>
    /// <exception cref="UnknownEventTypeException">A CLR type that is asked for has no entry in the type map.</exception>
    /// <exception cref="LogDivergedException">The start is a token of another history.</exception>
    /// <exception cref="PositionOutOfRangeException">The start lies beyond the head. A checkpoint that lies beyond the head or cannot be read faults the subscription instead.</exception>
    /// <exception cref="ObjectDisposedException">The bus was disposed.</exception>
    public Task<Subscription> SubscribeAsync(string name, SubscriptionHandler handler, SubscriptionOptions? options = null, CancellationToken cancellationToken = default) =>
        _host.StartAsync(name, handler, options, cancellationToken);

    /// <summary>Starts a durable subscription that is a class.</summary>
    /// <param name="subscriber">The handlers, with the subscription's name and options.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <exception cref="InvalidOperationException">It reacts with commands, and the bus has no <see cref="ICommandBus"/> or that has no handler for one of them; or as in the other overloads. Nothing was started.</exception>
    public Task<Subscription> SubscribeAsync(EventSubscriber subscriber, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        return _host.StartAsync(subscriber.Name, subscriber.Bind(_commands), subscriber.Options, cancellationToken);
    }

    /// <summary>Reacts to events of one type with a command, exactly once for each event.</summary>
    /// <remarks>
    /// A durable subscription that sends through the bus's <see cref="ICommandBus"/>. The command's id is a hash of the reaction's name and the event's id: an event that is delivered again, after a crash or a reset,
    /// gives the first result, whatever command the delegate returns then. The events of the command are caused by the event. What the command's handler throws, a refusal by the domain too, is this subscription's failure:
    /// the command is sent again, and then the subscription pauses or parks the event, as <see cref="SubscriptionOptions.OnFailure"/> says.
    /// </remarks>
    /// <typeparam name="TEvent">A type of the store's type map.</typeparam>
    /// <typeparam name="TCommand">The command's type, exactly; it has a handler.</typeparam>
    /// <param name="name">The subscription's name, see <see cref="SubscribeAsync(string, SubscriptionHandler, SubscriptionOptions?, CancellationToken)"/>. Under another name it is another reaction, which sends its commands for all events from its start on.</param>
    /// <param name="react">Gives the command for an event and its envelope, or null for none. Must have no other effect: it may run several times.</param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <exception cref="InvalidOperationException">The bus has no <see cref="ICommandBus"/>, that has no handler for <typeparamref name="TCommand"/>, or the name already runs. Nothing was started.</exception>
    /// <example><c>await bus.ReactAsync&lt;OrderPaid, ScheduleShipping&gt;("ship-when-paid", (paid, e) =&gt; new(e.StreamId));</c></example>
    public Task<Subscription> ReactAsync<TEvent, TCommand>(
        string name, Func<TEvent, EventEnvelope, TCommand?> react, SubscriptionOptions? options = null, CancellationToken cancellationToken = default)
        where TEvent : notnull where TCommand : class
    {
        HandlerDelegate.ThrowIfCombined(react, nameof(react));
        return SubscribeAsync(name, Reaction.To<TCommand>(name, _commands).One(react), options, cancellationToken);
    }

    /// <summary>Reacts to events of one type with any number of commands, each exactly once for each event. See <see cref="ReactAsync{TEvent, TCommand}(string, Func{TEvent, EventEnvelope, TCommand}, SubscriptionOptions?, CancellationToken)"/>.</summary>
    /// <typeparam name="TEvent">A type of the store's type map.</typeparam>
    /// <typeparam name="TCommand">The commands' type, exactly; it has a handler. Commands of another type are another reaction, with a name of its own.</typeparam>
    /// <param name="name">The subscription's name. Under another name it is another reaction.</param>
    /// <param name="react">
    /// Gives the commands for an event and its envelope: none, one or several. Several are sent one after another, each an append of its own, with an id that depends on its place; the event is done when all are.
    /// An event that is delivered again must give the same commands in the same order, else it fails with <see cref="CommandIdConflictException"/>. Must have no other effect: it may run several times.
    /// </param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <exception cref="InvalidOperationException">The bus has no <see cref="ICommandBus"/>, that has no handler for <typeparamref name="TCommand"/>, or the name already runs. Nothing was started.</exception>
    public Task<Subscription> ReactManyAsync<TEvent, TCommand>(
        string name, Func<TEvent, EventEnvelope, IEnumerable<TCommand>> react, SubscriptionOptions? options = null, CancellationToken cancellationToken = default)
        where TEvent : notnull where TCommand : notnull
    {
        HandlerDelegate.ThrowIfCombined(react, nameof(react));
        return SubscribeAsync(name, Reaction.To<TCommand>(name, _commands).Many(react), options, cancellationToken);
    }

    /// <summary>Reacts to events of one type with any number of commands that are found asynchronously. See the other overload.</summary>
    /// <typeparam name="TEvent">A type of the store's type map.</typeparam>
    /// <typeparam name="TCommand">The commands' type, exactly; it has a handler.</typeparam>
    /// <param name="name">The subscription's name. Under another name it is another reaction.</param>
    /// <param name="react">As in the other overload; also gets a token that is cancelled when the subscription stops or its lease is lost.</param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <exception cref="InvalidOperationException">As in the other overload.</exception>
    public Task<Subscription> ReactManyAsync<TEvent, TCommand>(
        string name, Func<TEvent, EventEnvelope, CancellationToken, Task<IEnumerable<TCommand>>> react, SubscriptionOptions? options = null, CancellationToken cancellationToken = default)
        where TEvent : notnull where TCommand : notnull
    {
        HandlerDelegate.ThrowIfCombined(react, nameof(react));
        return SubscribeAsync(name, Reaction.To<TCommand>(name, _commands).Many(react), options, cancellationToken);
    }

    /// <summary>Starts a live subscription: in memory, without a checkpoint.</summary>
    /// <param name="filter">Which events; an <see cref="EventQuery"/> converts to it.</param>
    /// <param name="handle">Handles the event. Its task is awaited before the next event.</param>
    /// <param name="options">The settings; null for the defaults: from now on, nothing lost. Copied.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <returns>The subscription; what is stored from then on, or from the given start on, is delivered to it.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or the delegate has several targets.</exception>
    /// <exception cref="UnknownEventTypeException">A CLR type of the filter has no entry in the type map.</exception>
    /// <exception cref="ObjectDisposedException">The bus was disposed.</exception>
    public Task<LiveSubscription> SubscribeLiveAsync(EventFilter filter, Func<EventEnvelope, Task> handle, LiveSubscriptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        return StartLiveAsync(filter, options, new LiveHandler((e, _) => handle(e)), cancellationToken);
    }

    /// <summary>Starts a live subscription: in memory, without a checkpoint.</summary>
    /// <param name="filter">Which events; an <see cref="EventQuery"/> converts to it.</param>
    /// <param name="handle">Handles the event; gets a token that is cancelled when the subscription is disposed. Its task is awaited before the next event.</param>
    /// <param name="options">The settings; null for the defaults: from now on, nothing lost. Copied.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <returns>The subscription; what is stored from then on, or from the given start on, is delivered to it.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or the delegate has several targets.</exception>
    /// <exception cref="UnknownEventTypeException">A CLR type of the filter has no entry in the type map.</exception>
    /// <exception cref="ObjectDisposedException">The bus was disposed.</exception>
    public Task<LiveSubscription> SubscribeLiveAsync(
        EventFilter filter, Func<EventEnvelope, CancellationToken, Task> handle, LiveSubscriptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        return StartLiveAsync(filter, options, new LiveHandler(handle), cancellationToken);
    }

    /// <summary>Starts a live subscription to stored bytes; a type that the type map does not have is no error. See the other overloads.</summary>
    /// <param name="filter">Which events; an <see cref="EventQuery"/> converts to it.</param>
    /// <param name="handle">Handles the event; gets a token that is cancelled when the subscription is disposed. Its task is awaited before the next event. The memory may be kept.</param>
    /// <param name="options">The settings; null for the defaults: from now on, nothing lost. Copied.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    public Task<LiveSubscription> SubscribeLiveRawAsync(
        EventFilter filter, Func<RecordedEvent, CancellationToken, Task> handle, LiveSubscriptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        return StartLiveAsync(filter, options, new LiveHandler(handle), cancellationToken);
    }

    /// <summary>Stops every subscription: handlers end, checkpoints are written, leases are given back. May be called again, and by several threads at once.</summary>
    /// <remarks>
    /// Called by a handler of one of the subscriptions, by a handler that such a handler waits for, or inside the work of a transaction, it does not wait: they stop after the current event. When one fails to stop, the others are still stopped.
    /// </remarks>
    /// <exception cref="EventBusException">The handler of a live subscription does not return, see <see cref="LiveSubscription.DisposeAsync"/>; an <see cref="AggregateException"/> where several do not.</exception>
    /// <exception cref="SubscriptionException">
    /// The handler of a durable subscription is still running 5 s after <see cref="EventBusOptions.StopTimeout"/>; an <see cref="AggregateException"/> where several are. Its lease is renewed until it returns. Another call waits again.
    /// </exception>
    public async ValueTask DisposeAsync()
    {
        lock (_lock) _isDisposed = true;
        var live = LiveSubscriptions;
        foreach (var subscription in live) subscription.BeginStop();
        _feed.BeginStop();
        _host.BeginStop();
        using var own = LoopWaits.TryBegin([.. live.Select(s => s.Loop), .. _host.Loops]);
        if (own is null) return;
        await Tasks.AfterAllAsync(live.Select(s => s.DisposeAsync().AsTask()).Append(_feed.DisposeAsync().AsTask()).Append(_host.DisposeAsync().AsTask())).ConfigureAwait(false);
    }

    /// <summary>Stops every subscription as <see cref="DisposeAsync"/> does and blocks until they have stopped: for containers and <c>using</c> statements. At most <see cref="EventBusOptions.StopTimeout"/> and 5 s for handlers, and a few seconds for leases and checkpoints.</summary>
    /// <exception cref="EventBusException">As for <see cref="DisposeAsync"/>.</exception>
    /// <exception cref="SubscriptionException">As for <see cref="DisposeAsync"/>.</exception>
    /// <exception cref="TimeoutException">The log does not answer. Stopping continues in the background.</exception>
    public void Dispose() => BlockingDisposal.Run(DisposeAsync, _host.Options.MaxStopTime + EventBusOptions.StopGrace, nameof(EventBus));

    private async Task<LiveSubscription> StartLiveAsync(EventFilter filter, LiveSubscriptionOptions? options, LiveHandler handler, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        options = (options ?? new()).Validated();
        var start = await options.From.ResolveAsync(_store.Log, cancellationToken).ConfigureAwait(false);
        var bound = filter.Bind(_store.Types);
        var subscription = new LiveSubscription(_codec, _feed, new(_host.Pages, bound.Query, SharedPages.PageSize), bound, options, _host.Options, handler);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _live.Add(subscription);
            subscription.Start(start, Remove);
        }

        return subscription;
    }

    private void Remove(LiveSubscription subscription)
    {
        lock (_lock) _live.Remove(subscription);
    }
}
