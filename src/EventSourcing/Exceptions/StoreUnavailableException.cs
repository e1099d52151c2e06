namespace EventSourcing;

/// <summary>The store could not be reached or was busy for longer than allowed. Nothing was written. Always transient: the same call may succeed later without anybody changing anything.</summary>
public sealed class StoreUnavailableException : EventSourcingException
{
    /// <summary>Reports the cause.</summary>
    /// <param name="message">What was tried and what happened.</param>
    /// <param name="innerException">The driver's error.</param>
    public StoreUnavailableException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
