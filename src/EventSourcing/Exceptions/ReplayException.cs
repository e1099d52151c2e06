using EventSourcing.Internal;

namespace EventSourcing;

/// <summary>The handler of a replay failed at an event, or a predicate of its filter did, and the replay has ended there. What the handler did with the events before it is not undone.</summary>
public sealed class ReplayException : EventSourcingException
{
    /// <summary>Reports where the replay ended.</summary>
    /// <param name="position">The event's position.</param>
    /// <param name="eventType">The event's stored type name.</param>
    /// <param name="streamId">The event's stream.</param>
    /// <param name="innerException">What was thrown.</param>
    public ReplayException(GlobalPosition position, string eventType, StreamId streamId, Exception innerException)
        : base($"The replay ended at position {position} ('{eventType}', stream '{streamId}'): {MessageOf(innerException)} Repair the handler and start again, or continue after the last position that was handled.", innerException) =>
        (Position, EventType, StreamId) = (position, eventType, streamId);

    /// <summary>The event's position.</summary>
    public GlobalPosition Position { get; }

    /// <summary>The event's stored type name.</summary>
    public string EventType { get; }

    /// <summary>The event's stream.</summary>
    public StreamId StreamId { get; }

    private static string MessageOf(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return $"{ExceptionText.MessageOf(error).TrimEnd('.')}.";
    }
}
