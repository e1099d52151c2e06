namespace EventSourcing;

/// <summary>A live listener has ended: it was slower than the log, and was to fail then.</summary>
public sealed class EventBusException : EventSourcingException
{
    /// <summary>Reports why.</summary>
    /// <param name="message">What was found.</param>
    public EventBusException(string message) : base(message)
    {
    }
}
