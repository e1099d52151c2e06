using EventSourcing.Storage;
using EventSourcing.Tracing;

namespace EventSourcing;

/// <summary>What the current flow of control is about: the event or command that is being handled. Whatever is appended within takes from it what it does not say itself.</summary>
/// <remarks>
/// Subscriptions and live listeners set it around a handler of single events, and commands around theirs; a program sets it for a loop of its
/// own over events, a batch included: of several events none is the cause until the handler says which. It follows the flow through awaits
/// and into tasks begun within, and ends with the scope.
/// </remarks>
/// <example><c>using (Handling.Begin(envelope)) await store.AppendAsync(…);</c></example>
public static class EventContext
{
    // An EventMetadata or an IHandled, whose metadata is read only when something follows from it; a HandlerCall; or what is handled within a handler's call.
    private static readonly AsyncLocal<object?> s_current = new();

    /// <summary>Correlation, causation and actor for what is appended now; null where nothing is being handled.</summary>
    /// <exception cref="EventSerializationException">The stored metadata of the event that is being handled is no JSON object.</exception>
    public static EventMetadata? Current => (s_current.Value is NestedHandling nested ? nested.Handled : s_current.Value) switch
    {
        EventMetadata inherited => inherited,
        IHandled handled => handled.Inherited,
        _ => null,
    };

    /// <summary>The call of a handler whose flow of control this is, or was; null where there was none.</summary>
    internal static object? Call => s_current.Value is NestedHandling nested ? nested.Call : s_current.Value;

    /// <summary>Begins to handle an event: what follows is caused by it, and has its correlation id, else its event id, and its actor.</summary>
    /// <param name="handled">The event.</param>
    /// <returns>To be disposed where the handling ends, in the method that began it.</returns>
    public static EventContextScope BeginScope(EventEnvelope handled)
    {
        ArgumentNullException.ThrowIfNull(handled);
        return BeginScope((object)handled);
    }

    /// <summary>Begins to handle an event as bytes; see the other overload.</summary>
    /// <param name="handled">The event; its memory must stay as it is until the handling ends (<see cref="LogRead.ReuseBuffers"/>).</param>
    /// <returns>To be disposed where the handling ends, in the method that began it.</returns>
    public static EventContextScope BeginScope(in RecordedEvent handled) => BeginScope((object)new HandledBytes(handled));

    /// <summary>Begins to handle something else that events follow from: a message from outside, a request.</summary>
    /// <param name="inherited">Correlation, causation and actor of what follows; headers are not taken over.</param>
    /// <returns>To be disposed where the handling ends, in the method that began it.</returns>
    public static EventContextScope BeginScope(EventMetadata inherited)
    {
        ArgumentNullException.ThrowIfNull(inherited);
        return BeginScope((object)inherited);
    }

    /// <summary>Says what is handled until the flow of the asynchronous method that calls this ends.</summary>
    internal static void Enter(IHandled handled) => s_current.Value = handled;

    /// <summary>The same for a call of a handler from which nothing follows.</summary>
    internal static void Enter(HandlerCall call) => s_current.Value = call;

    internal static void End(object? outer) => s_current.Value = outer;

    /// <summary>What follows from an event.</summary>
    internal static EventMetadata Inherit(Guid eventId, string? correlationId, string? actor)
    {
        var id = eventId.ToString();
        return new() { CorrelationId = correlationId ?? id, CausationId = id, Actor = actor };
    }

    private static EventContextScope BeginScope(object handled)
    {
        var outer = s_current.Value;
        // The call of the handler stays known within.
        s_current.Value = outer is null ? handled : new NestedHandling(handled, Call!);
        return new(outer);
    }
}
