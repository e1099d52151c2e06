namespace EventSourcing;

/// <summary>The store can be read but not written. Nothing was written.</summary>
public sealed class StoreReadOnlyException : EventSourcingException
{
    /// <summary>Reports the cause.</summary>
    /// <param name="message">What was tried and what happened.</param>
    /// <param name="innerException">The driver's error.</param>
    public StoreReadOnlyException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}
