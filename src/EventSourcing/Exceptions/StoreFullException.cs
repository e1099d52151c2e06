namespace EventSourcing;

/// <summary>The store has no room for more. Nothing was written; what is stored stays readable.</summary>
public sealed class StoreFullException : EventSourcingException
{
    /// <summary>Reports the cause.</summary>
    /// <param name="message">What was tried and what happened.</param>
    /// <param name="innerException">The driver's error.</param>
    public StoreFullException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}
