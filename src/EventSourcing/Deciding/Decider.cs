using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>A pure decision and its fold, as three functions. Immutable.</summary>
/// <typeparam name="TCommand">The command.</typeparam>
/// <typeparam name="TState">The state.</typeparam>
public sealed class Decider<TCommand, TState>
{
    /// <summary>A decider of three functions.</summary>
    /// <param name="create">Creates the state before the first event; a new object each time where the state is mutable.</param>
    /// <param name="decide">Command and state to the new events; throws to refuse. Has no other effect and does not change the state: it may run several times.</param>
    /// <param name="evolve">State and event to the next state. Never refuses.</param>
    /// <exception cref="ArgumentException">A function is asynchronous: nothing would wait for it.</exception>
    public Decider(Func<TState> create, Func<TCommand, TState, IEnumerable<object>> decide, Func<TState, object, TState> evolve)
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(decide);
        ArgumentNullException.ThrowIfNull(evolve);
        SynchronousDelegate.ThrowIfAsync(create, nameof(create));
        SynchronousDelegate.ThrowIfAsync(evolve, nameof(evolve));
        (Create, Decide, Evolve) = (create, decide, evolve);
    }

    /// <summary>Creates the state before the first event.</summary>
    public Func<TState> Create { get; }

    /// <summary>Command and state to the new events; throws to refuse.</summary>
    public Func<TCommand, TState, IEnumerable<object>> Decide { get; }

    /// <summary>State and event to the next state.</summary>
    public Func<TState, object, TState> Evolve { get; }
}
