using EventSourcing.Bus;

namespace EventSourcing;

/// <summary>A durable subscription as a class with handlers: it declares in its constructor which events it handles. One instance handles all events of the subscription, in order.</summary>
/// <remarks>
/// In a container a subscriber is a singleton, so its constructor cannot take scoped services (a DbContext, for one). A handler that needs one makes a scope for each event, from an injected <c>IServiceScopeFactory</c>; see the second example.
/// </remarks>
/// <example>
/// <code>
/// public sealed class ShippingSubscriber : EventSubscriber
/// {
///     public ShippingSubscriber(ICarrier carrier) : base("shipping")
///     {
///         Options = new() { OnFailure = new() { Then = AfterRetries.Park } };
///         On&lt;OrderPaid&gt;((paid, e, ct) => carrier.BookAsync(e.StreamId, ct));
///         React&lt;OrderCancelled, RefundOrder&gt;((cancelled, e) => new(e.StreamId));
///     }
/// }
/// </code>
/// <code>
/// public sealed class LoanSubscriber : EventSubscriber
/// {
///     public LoanSubscriber(IServiceScopeFactory scopes) : base("loans") =>
///         On&lt;BookLent&gt;(async (lent, e, ct) =>
///         {
///             await using var scope = scopes.CreateAsyncScope();
///             var database = scope.ServiceProvider.GetRequiredService&lt;LibraryContext&gt;();
///             …
///         });
/// }
/// </code>
/// </example>
public abstract class EventSubscriber
{
    private readonly Dictionary<Type, Action<TypedHandlers, ICommandBus?>> _handlers = [];
    private SubscriptionHandler? _whole;

    /// <summary>A subscriber with a name.</summary>
    /// <param name="name">The subscription's name: 1 to 200 characters without a slash; never changed.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    protected EventSubscriber(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <summary>The subscription's name.</summary>
    public string Name { get; }

    /// <summary>The subscription's settings, its <see cref="SubscriptionOptions.Filter"/> among them. Default: the defaults of <see cref="SubscriptionOptions"/>. Copied when the subscription starts.</summary>
    public SubscriptionOptions Options { get; protected init; } = new();

    /// <summary>The handlers for one bus, whose reactions send to these commands. A subscriber may be given to several buses.</summary>
    /// <exception cref="InvalidOperationException">A reaction has no command bus, or its command no handler.</exception>
    internal SubscriptionHandler Bind(ICommandBus? commands)
    {
        if (_whole is not null) return _whole;
        if (_handlers.Count == 0) throw new InvalidOperationException($"Subscriber '{Name}' ({GetType()}) handles no event. Call On<…>(…) or React<…>(…) in its constructor.");
        return SubscriptionHandler.ByType(handlers =>
        {
            foreach (var add in _handlers.Values) add(handlers, commands);
        });
    }

    /// <summary>Handles all events of the subscription with one handler, in batches for example, instead of with handlers by type. Called once, in the constructor.</summary>
    /// <param name="handler">The handler.</param>
    /// <exception cref="InvalidOperationException">The subscriber has a handler already.</exception>
    protected void Handle(SubscriptionHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        if (_whole is not null || _handlers.Count > 0) throw new InvalidOperationException($"Subscriber '{Name}' ({GetType()}) has a handler already. Call Handle(…) once, and neither On<…>(…) nor React<…>(…).");
        _whole = handler;
    }

    /// <summary>Handles events of a type. Called in the constructor.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">Handles the event; gets its envelope, and a token that is cancelled when the subscription stops or its lease is lost. Its task is awaited before the next event.</param>
    /// <exception cref="ArgumentException">The type already has a handler, or the delegate has several targets.</exception>
    protected void On<T>(Func<T, EventEnvelope, CancellationToken, Task> handle) where T : notnull
    {
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        Add<T>((handlers, _) => handlers.On(handle));
    }

    /// <summary>Handles events of a type, with the context of their delivery. Called in the constructor.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">Handles the event; gets its envelope, the delivery's context, and a token that is cancelled when the subscription stops or its lease is lost. Its task is awaited before the next event.</param>
    /// <exception cref="ArgumentException">The type already has a handler, or the delegate has several targets.</exception>
    protected void On<T>(Func<T, EventEnvelope, DeliveryContext, CancellationToken, Task> handle) where T : notnull
    {
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        Add<T>((handlers, _) => handlers.On(handle));
    }

    /// <summary>Reacts to events of a type with a command, exactly once for each event; see <see cref="EventBus.ReactAsync{TEvent, TCommand}(string, Func{TEvent, EventEnvelope, TCommand}, SubscriptionOptions?, CancellationToken)"/>. Called in the constructor.</summary>
    /// <typeparam name="TEvent">A type of the store's type map, exactly.</typeparam>
    /// <typeparam name="TCommand">The command's type, exactly; that it has a handler is checked when the subscription starts.</typeparam>
    /// <param name="react">Gives the command for an event and its envelope, or null for none. Must have no other effect: it may run several times.</param>
    /// <exception cref="ArgumentException">The type already has a handler, or the delegate has several targets.</exception>
    protected void React<TEvent, TCommand>(Func<TEvent, EventEnvelope, TCommand?> react) where TEvent : notnull where TCommand : class
    {
        HandlerDelegate.ThrowIfCombined(react, nameof(react));
        Add<TEvent>((handlers, commands) => handlers.On(Reaction.To<TCommand>(Name, commands).One(react)));
    }

    /// <summary>Reacts to events of a type with any number of commands, each exactly once for each event; see <see cref="EventBus.ReactManyAsync{TEvent, TCommand}(string, Func{TEvent, EventEnvelope, IEnumerable{TCommand}}, SubscriptionOptions?, CancellationToken)"/>. Called in the constructor.</summary>
    /// <typeparam name="TEvent">A type of the store's type map, exactly.</typeparam>
    /// <typeparam name="TCommand">The commands' type, exactly; that it has a handler is checked when the subscription starts.</typeparam>
    /// <param name="react">Gives the commands for an event and its envelope: none, one or several, the same whenever the event is delivered.</param>
    /// <exception cref="ArgumentException">The type already has a handler, or the delegate has several targets.</exception>
    protected void ReactMany<TEvent, TCommand>(Func<TEvent, EventEnvelope, IEnumerable<TCommand>> react) where TEvent : notnull where TCommand : notnull
    {
        HandlerDelegate.ThrowIfCombined(react, nameof(react));
        Add<TEvent>((handlers, commands) => handlers.On(Reaction.To<TCommand>(Name, commands).Many(react)));
    }

    /// <summary>Reacts to events of a type with any number of commands that are found asynchronously; see the other overload.</summary>
    /// <typeparam name="TEvent">A type of the store's type map, exactly.</typeparam>
    /// <typeparam name="TCommand">The commands' type, exactly; that it has a handler is checked when the subscription starts.</typeparam>
    /// <param name="react">As in the other overload; also gets a token that is cancelled when the subscription stops or its lease is lost.</param>
    /// <exception cref="ArgumentException">The type already has a handler, or the delegate has several targets.</exception>
    protected void ReactMany<TEvent, TCommand>(Func<TEvent, EventEnvelope, CancellationToken, Task<IEnumerable<TCommand>>> react) where TEvent : notnull where TCommand : notnull
    {
        HandlerDelegate.ThrowIfCombined(react, nameof(react));
        Add<TEvent>((handlers, commands) => handlers.On(Reaction.To<TCommand>(Name, commands).Many(react)));
    }

    private void Add<T>(Action<TypedHandlers, ICommandBus?> add)
    {
        if (_whole is not null) throw new InvalidOperationException($"Subscriber '{Name}' ({GetType()}) handles all its events by the handler that it gave to Handle(…). Add no other.");
        if (!_handlers.TryAdd(typeof(T), add)) throw new ArgumentException($"{typeof(T)} already has a handler. An event type can have only one handler in a subscriber.", nameof(T));
    }
}
