namespace EventSourcing.Aggregates;

/// <summary>How many events there are: the state for a decision that asks only whether something happened before.</summary>
/// <param name="Count">The number of events; <c>default</c> has seen none.</param>
/// <example><c>seen => seen.Any ? throw new EmailTaken(email) : [new UserRegistered(id, email).In($"user-{id}")]</c></example>
public readonly record struct Seen(int Count) : IState<Seen>
{
    /// <inheritdoc/>
    public static Seen Initial => default;

    /// <summary>True when there is an event.</summary>
    public bool Any => Count > 0;

    /// <inheritdoc/>
    public Seen Apply(object @event) => new(Count + 1);
}
