using EventSourcing.Bus;

namespace EventSourcing;

/// <summary>A durable listener as a class: it says in its constructor what it handles. One instance handles everything, in order.</summary>
/// <example><code>
/// public sealed class ShippingListener : Listener
/// {
///     public ShippingListener(ICarrier carrier) : base("shipping")
///     {
///         Options = new() { OnFailure = OnFailure.RetryThenPark(times: 5) };
///         On&lt;OrderPaid&gt;((paid, e, ct) => carrier.BookAsync(e.StreamId, ct));
///         React&lt;OrderCancelled&gt;((cancelled, e) => new RefundOrder(e.StreamId));
///     }
/// }
/// </code></example>
public abstract class EventSubscriber
{
    private readonly Dictionary<Type, Action<TypedHandlers, Reaction?>> _handlers = [];
    private bool _reacts;

    /// <summary>A listener of a name.</summary>
    /// <param name="name">The subscription's name: 1 to 200 characters without a slash; the same for ever.</param>
    protected EventSubscriber(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <summary>The subscription's name.</summary>
    public string Name { get; }

    /// <summary>How the subscription works. Default: the defaults of <see cref="SubscriptionOptions"/>.</summary>
    public SubscriptionOptions Options { get; protected init; } = new();

    /// <summary>Which events of its types it is for. Default: all.</summary>
    public EventFilter Route { get; protected init; } = EventFilter.All;

    /// <summary>A handler for one bus, whose reactions send to these commands. The listener itself knows no bus: it may be given to several.</summary>
    internal SubscriptionHandler Bind(ICommandBus? commands)
    {
        var reaction = _reacts ? new Reaction(Name, commands ?? throw Reaction.NoCommands(Name)) : null;
        return SubscriptionHandler.ByType(handlers =>
        {
            foreach (var add in _handlers.Values) add(handlers, reaction);
        });
    }

    /// <summary>Handles events of a type.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">The event, its envelope, and a token that is cancelled when the effect would come too late.</param>
    /// <exception cref="ArgumentException">The type has a handler.</exception>
    protected void On<T>(Func<T, EventEnvelope, CancellationToken, ValueTask> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        Add<T>((handlers, _) => handlers.On(handle));
    }

    /// <summary>Handles events of a type, with what is known of their delivery.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">The event, its envelope, its delivery, and a token that is cancelled when the effect would come too late.</param>
    /// <exception cref="ArgumentException">The type has a handler.</exception>
    protected void On<T>(Func<T, EventEnvelope, DeliveryContext, CancellationToken, ValueTask> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        Add<T>((handlers, _) => handlers.On(handle));
    }

    /// <summary>Reacts to events of a type with a command, exactly once for each event; see <see cref="EventBus.ReactAsync{T}(string, Func{T, EventEnvelope, object?}, SubscriptionOptions?, CancellationToken)"/>.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="react">The event and its envelope to a command, or null for none. Has no other effect: it may run several times.</param>
    /// <exception cref="ArgumentException">The type has a handler.</exception>
    protected void React<T>(Func<T, EventEnvelope, object?> react) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(react);
        Add<T>((handlers, reaction) => handlers.On<T>((data, e, token) => reaction!.SendAsync(e, react(data, e), token)));
        _reacts = true;
    }

    /// <summary>Reacts to events of a type with any number of commands, each exactly once for each event.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="react">See <see cref="EventBus.ReactAsync{T}(string, Func{T, EventEnvelope, CancellationToken, ValueTask{IEnumerable{object}}}, SubscriptionOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">The type has a handler.</exception>
    protected void React<T>(Func<T, EventEnvelope, CancellationToken, ValueTask<IEnumerable<object>>> react) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(react);
        Add<T>((handlers, reaction) => handlers.On<T>(
            async (data, e, token) => await reaction!.SendAllAsync(e, await react(data, e, token).ConfigureAwait(false), token).ConfigureAwait(false)));
        _reacts = true;
    }

    private void Add<T>(Action<TypedHandlers, Reaction?> add)
    {
        if (!_handlers.TryAdd(typeof(T), add)) throw new ArgumentException($"{typeof(T)} has a handler.", nameof(add));
    }
}
