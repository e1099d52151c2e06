namespace EventSourcing;

/// <summary>A live subscription has ended because its queue was full (<see cref="OverflowPolicy.Fail"/>), or its handler did not return in time when it was disposed.</summary>
public sealed class EventBusException : EventSourcingException
{
    /// <summary>Reports why.</summary>
    /// <param name="message">What was found.</param>
    public EventBusException(string message) : base(message)
    {
    }
}
