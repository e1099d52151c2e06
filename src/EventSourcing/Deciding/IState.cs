namespace EventSourcing;

/// <summary>A state that is folded from events.</summary>
/// <typeparam name="TState">The state's own type.</typeparam>
public interface IState<TState> where TState : IState<TState>
{
    /// <summary>Creates the state before the first event. Called once for every load.</summary>
    /// <returns>A new object where the state is mutable: two loads that got the same one would count each other's events. An immutable state may return the same object each time.</returns>
    static abstract TState Create();

    /// <summary>Gives the state after one more event. Never refuses: an event is history. Events that do not concern the state leave it as it is.</summary>
    /// <param name="event">The event.</param>
    /// <returns>The next state: a new object, or this one where the state is mutable.</returns>
    TState Apply(object @event);
}
