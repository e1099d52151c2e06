namespace EventSourcing;

/// <summary>A state folded from events.</summary>
/// <typeparam name="TState">The state's own type.</typeparam>
public interface IState<TState> where TState : IState<TState>
{
    /// <summary>The state before the first event.</summary>
    static abstract TState Initial { get; }

    /// <summary>The state after one more event. Never refuses: an event is history. Events it does not care for leave it as it is.</summary>
    /// <param name="event">The event.</param>
    TState Apply(object @event);
}
