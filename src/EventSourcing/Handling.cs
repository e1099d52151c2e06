namespace EventSourcing;

/// <summary>What the current flow of control is about: the event or command that is being handled. Whatever is appended within takes from it what it does not say itself.</summary>
/// <remarks>
/// Subscriptions, listeners and commands set it; a program sets it only for a loop of its own over events. It follows the flow through
/// awaits and into tasks begun within, and ends with the scope.
/// </remarks>
/// <example><c>using (Handling.Begin(envelope)) await store.AppendAsync(…);</c></example>
public static class Handling
{
    private static readonly AsyncLocal<EventMetadata?> s_current = new();

    /// <summary>Correlation, causation and actor for what is appended now; null where nothing is being handled.</summary>
    public static EventMetadata? Current => s_current.Value;

    /// <summary>Begins to handle an event: what follows is caused by it, and has its correlation id, else its event id, and its actor.</summary>
    /// <param name="handled">The event.</param>
    /// <returns>To be disposed where the handling ends, in the method that began it.</returns>
    /// <exception cref="EventSerializationException">The event's stored metadata is no JSON object.</exception>
    public static HandlingScope Begin(EventEnvelope handled)
    {
        ArgumentNullException.ThrowIfNull(handled);
        var id = handled.EventId.ToString();
        return Begin(new EventMetadata { CorrelationId = handled.CorrelationId ?? id, CausationId = id, Actor = handled.Actor });
    }

    /// <summary>Begins to handle something else that events follow from: a message from outside, a request.</summary>
    /// <param name="inherited">Correlation, causation and actor of what follows; headers are not taken over.</param>
    /// <returns>To be disposed where the handling ends, in the method that began it.</returns>
    public static HandlingScope Begin(EventMetadata inherited)
    {
        ArgumentNullException.ThrowIfNull(inherited);
        var outer = s_current.Value;
        s_current.Value = inherited;
        return new(outer);
    }

    internal static void End(EventMetadata? outer) => s_current.Value = outer;
}
