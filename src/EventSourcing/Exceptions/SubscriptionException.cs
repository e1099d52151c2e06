using EventSourcing.Internal;

namespace EventSourcing;

/// <summary>A subscription's handler failed at an event after all attempts. The event counts as not handled; the checkpoint lies before it.</summary>
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

    /// <summary>The subscription.</summary>
    public string Name { get; }

    /// <summary>The event's position.</summary>
    public GlobalPosition Position { get; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; }
}
