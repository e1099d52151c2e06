using EventSourcing.Internal;

namespace EventSourcing;

/// <summary>A subscription's handler failed at an event after all attempts: the event counts as not handled, and the checkpoint lies before it. Or a subscription does not do what was waited for, and the message says why.</summary>
public sealed class SubscriptionException : EventSourcingException
{
    /// <summary>Reports where the handler failed.</summary>
    /// <param name="name">The subscription.</param>
    /// <param name="position">The event's position.</param>
    /// <param name="attempts">How often it was tried.</param>
    /// <param name="innerException">What the handler threw at last.</param>
    public SubscriptionException(string name, GlobalPosition position, int attempts, Exception innerException)
        : base($"Subscription '{name}' failed at position {position} after {attempts} attempts: {(innerException is null ? null : ExceptionText.MessageOf(innerException))}", innerException) =>
        (Name, Position, Attempts) = (name, position, attempts);

    /// <summary>Reports that a subscription does not do what was waited for: it is paused or faulted, or its handler does not return.</summary>
    /// <param name="name">The subscription.</param>
    /// <param name="position">Everything up to here is done.</param>
    /// <param name="message">What is the matter, and what to do.</param>
    /// <param name="innerException">The cause; null where there is none.</param>
    public SubscriptionException(string name, GlobalPosition position, string message, Exception? innerException) : base(message, innerException) =>
        (Name, Position) = (name, position);

    /// <summary>The subscription.</summary>
    public string Name { get; }

    /// <summary>The position of the event that failed; where none did, everything up to here is done.</summary>
    public GlobalPosition Position { get; }

    /// <summary>How often the event was tried; 0 where none failed.</summary>
    public int Attempts { get; }
}
