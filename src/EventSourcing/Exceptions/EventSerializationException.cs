using EventSourcing.Internal;

namespace EventSourcing;

/// <summary>An event could not be written as bytes, or stored bytes could not be read as the type they are named.</summary>
public class EventSerializationException : EventSourcingException
{
    /// <summary>Reports where the event is.</summary>
    /// <param name="type">The type name.</param>
    /// <param name="streamId">The event's stream.</param>
    /// <param name="position">The event's position; <see cref="GlobalPosition.Start"/> when it was about to be appended.</param>
    /// <param name="innerException">The serializer's error, or null.</param>
    public EventSerializationException(string type, StreamId streamId, GlobalPosition position, Exception? innerException)
        : this(type, streamId, position, position == GlobalPosition.Start
            ? $"Nothing was written. An event for stream '{streamId}' could not be serialized as '{type}': {(innerException is null ? null : ExceptionText.MessageOf(innerException))}"
            : $"The event at position {position} of stream '{streamId}' could not be read as '{type}': {(innerException is null ? null : ExceptionText.MessageOf(innerException))}", innerException)
    {
    }

    private protected EventSerializationException(string type, StreamId streamId, GlobalPosition position, string message, Exception? innerException)
        : base(message, innerException) =>
        (Type, StreamId, Position) = (type, streamId, position);

    /// <summary>The type name; the CLR type's name where the type map has none.</summary>
    public string Type { get; }

    /// <summary>The event's stream; <c>default</c> where it is not known.</summary>
    public StreamId StreamId { get; }

    /// <summary>The event's position; <see cref="GlobalPosition.Start"/> when it was about to be appended.</summary>
    public GlobalPosition Position { get; }
}
