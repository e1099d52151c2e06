namespace EventSourcing;

/// <summary>The number of events: the state for a decision that asks only whether something happened before.</summary>
/// <example><code>
/// await store.ExecuteAsync&lt;EventCount&gt;(EventQuery.Of&lt;UserRegistered&gt;().Tagged("email", email),
///     earlier => earlier.Any ? throw new EmailTaken(email) : [EventData.For($"user-{userId}", new UserRegistered(userId, email))]);
/// </code></example>
public readonly record struct EventCount : IState<EventCount>
{
    /// <summary>A count.</summary>
    /// <param name="count">The number of events, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public EventCount(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Count = count;
    }

    /// <summary>The number of events; 0 for <c>default</c>.</summary>
    public int Count { get; }

    /// <summary>True when there is at least one event.</summary>
    public bool Any => Count > 0;

    /// <inheritdoc/>
    public static EventCount Create() => default;

    /// <inheritdoc/>
    public EventCount Apply(object @event) => new(Count + 1);
}
