namespace EventSourcing;

/// <summary>How many events there are: the state for a decision that asks only whether something happened before.</summary>
/// <param name="Count">The number of events; <c>default</c> has seen none.</param>
/// <example><c>seen => seen.Any ? throw new EmailTaken(email) : [new UserRegistered(id, email).In($"user-{id}")]</c></example>
public readonly record struct EventCount(int Count) : IState<EventCount>
{
    /// <inheritdoc/>
    public static EventCount Initial => default;

    /// <summary>True when there is an event.</summary>
    public bool Any => Count > 0;

    /// <inheritdoc/>
    public EventCount Apply(object @event) => new(Count + 1);
}
