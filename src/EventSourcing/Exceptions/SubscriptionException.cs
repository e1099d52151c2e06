using EventSourcing.Internal;

namespace EventSourcing;

/// <summary>A subscription's handler failed at an event after all attempts: the event counts as not handled, and the checkpoint lies before it. Also thrown when a call waits for a subscription that cannot continue; the message gives the reason.</summary>
public sealed class SubscriptionException : EventSourcingException
{
    /// <summary>Reports where the handler failed.</summary>
    /// <param name="name">The subscription.</param>
    /// <param name="position">The event's position.</param>
    /// <param name="attempts">How often it was tried.</param>
    /// <param name="innerException">What the handler threw at last.</param>
    public SubscriptionException(string name, GlobalPosition position, int attempts, Exception innerException)
        : base($"Subscription '{name}' failed at position {position} after {attempts} {(attempts == 1 ? "attempt" : "attempts")}: {(innerException is null ? null : ExceptionText.MessageOf(innerException))}", innerException) =>
        (Name, Position, Attempts) = (name, position, attempts);

    /// <summary>Reports a subscription that cannot continue: it is paused or faulted, or its handler does not return.</summary>
    /// <param name="name">The subscription.</param>
    /// <param name="position">All events up to here are handled.</param>
    /// <param name="message">What is wrong, and what to do.</param>
    /// <param name="innerException">The cause; null where there is none.</param>
    public SubscriptionException(string name, GlobalPosition position, string message, Exception? innerException) : base(message, innerException) =>
        (Name, Position) = (name, position);

    /// <summary>The subscription.</summary>
    public string Name { get; }

    /// <summary>The position of the event that failed; without one, the position up to which all events are handled.</summary>
    public GlobalPosition Position { get; }

    /// <summary>The number of attempts; 0 if no event failed.</summary>
    public int Attempts { get; }
}
