using EventSourcing.Internal;

namespace EventSourcing;

/// <summary>A projection failed at an event: a handler threw, a key is not valid, or a document is missing. Nothing of the event is in the view, and the view does not advance until repaired code runs it. From an append, it says that an inline view refused the append (<see cref="ViewMode.Inline"/>): nothing of that was stored.</summary>
public sealed class ViewException : EventSourcingException
{
    /// <summary>Reports where a projection failed.</summary>
    /// <param name="projection">The projection.</param>
    /// <param name="position">The position of the event.</param>
    /// <param name="eventType">The stored type name of the event.</param>
    /// <param name="streamId">The stream of the event.</param>
    /// <param name="key">The key of the document; null where it was not found.</param>
    /// <param name="innerException">What was thrown.</param>
    public ViewException(string projection, GlobalPosition position, string eventType, StreamId streamId, string? key, Exception innerException)
        : base(MessageOf(projection, position, eventType, streamId, key, innerException), innerException) =>
        (Projection, Position, EventType, Key) = (projection, position, eventType, key);

    /// <summary>The projection.</summary>
    public string Projection { get; }

    /// <summary>The event's position.</summary>
    public GlobalPosition Position { get; }

    /// <summary>The event's stored type name.</summary>
    public string EventType { get; }

    /// <summary>The key of the document; null where it was not found.</summary>
    public string? Key { get; }

    // An exception of the library, such as that of a damaged view, says itself what to do.
    private static string Advice(Exception cause) => cause is EventSourcingException ? ""
        : " Repair the projection and start the program again: with a higher version where documents that exist change too, with the same version where the repair concerns only this event.";

    private static string MessageOf(string projection, GlobalPosition position, string eventType, StreamId streamId, string? key, Exception innerException)
    {
        ArgumentNullException.ThrowIfNull(innerException);
        return $"Projection '{projection}' failed at position {position} ('{eventType}', stream '{streamId}'{(key is null ? "" : $", key '{key}'")}): {ExceptionText.MessageOf(innerException).TrimEnd('.')}.{Advice(innerException)}";
    }
}
