using EventSourcing.Storage;
using EventSourcing.Tracing;

namespace EventSourcing;

/// <summary>The ambient context of the event or command that is being handled. Appends made within it take correlation, causation and actor from it where they do not set them.</summary>
/// <remarks>
/// Subscriptions and live subscriptions set it around a handler of single events, and command buses around command handlers. A program sets it in its own loop over events, also in a handler of batches: none of several events
/// is the cause until the handler begins a scope for it. The context flows through awaits and into tasks started within, and ends with the scope.
/// </remarks>
/// <example><c>using (EventContext.BeginScope(envelope)) await store.AppendAsync(…);</c></example>
public static class EventContext
{
    // An EventMetadata or an IHandled, whose metadata is read only when an append needs it; a HandlerCall; or a NestedHandling.
    private static readonly AsyncLocal<object?> s_current = new();

    /// <summary>Correlation, causation and actor for what is appended now; null where nothing is being handled.</summary>
    /// <exception cref="EventSerializationException">The stored metadata of the event that is being handled is no JSON object.</exception>
    public static EventMetadata? Current => (s_current.Value is NestedHandling nested ? nested.Handled : s_current.Value) switch
    {
        EventMetadata inherited => inherited,
        IHandled handled => handled.Inherited,
        _ => null,
    };

    /// <summary>The handler call to which this flow of control belongs, also after the call has returned; null if there is none.</summary>
    internal static object? Call => s_current.Value is NestedHandling nested ? nested.Call : s_current.Value;

    /// <summary>Begins a scope for an event: appends within it have the event as cause, its correlation id or else its event id, and its actor.</summary>
    /// <param name="handled">The event.</param>
    /// <returns>The scope; dispose it in the method that began it.</returns>
    public static EventContextScope BeginScope(EventEnvelope handled)
    {
        ArgumentNullException.ThrowIfNull(handled);
        return BeginScope((object)handled);
    }

    /// <summary>Begins a scope for an event as bytes; see the other overload.</summary>
    /// <param name="handled">The event; its memory must stay as it is until the handling ends (<see cref="LogRead.ReuseBuffers"/>).</param>
    /// <returns>The scope; dispose it in the method that began it.</returns>
    public static EventContextScope BeginScope(in RecordedEvent handled) => BeginScope((object)new HandledBytes(handled));

    /// <summary>Begins a scope for something else that causes events: an external message, a request.</summary>
    /// <param name="inherited">Correlation, causation and actor of appends within the scope; headers are not taken over.</param>
    /// <returns>The scope; dispose it in the method that began it.</returns>
    public static EventContextScope BeginScope(EventMetadata inherited)
    {
        ArgumentNullException.ThrowIfNull(inherited);
        return BeginScope((object)inherited);
    }

    /// <summary>Sets the event that is being handled, until the calling asynchronous method ends.</summary>
    internal static void Enter(IHandled handled) => s_current.Value = handled;

    /// <summary>Sets the current handler call, without a cause, until the asynchronous method that calls this returns.</summary>
    internal static void Enter(HandlerCall call) => s_current.Value = call;

    internal static void End(object? outer) => s_current.Value = outer;

    /// <summary>The metadata that effects of an event inherit.</summary>
    internal static EventMetadata Inherit(Guid eventId, string? correlationId, string? actor)
    {
        var id = eventId.ToString();
        return new() { CorrelationId = correlationId ?? id, CausationId = id, Actor = actor };
    }

    private static EventContextScope BeginScope(object handled)
    {
        var outer = s_current.Value;
        // A nested scope keeps the handler call.
        s_current.Value = outer is null ? handled : new NestedHandling(handled, Call!);
        return new(outer);
    }
}
