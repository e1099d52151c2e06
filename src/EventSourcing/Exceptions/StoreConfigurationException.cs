namespace EventSourcing;

/// <summary>The store cannot be used the way it is set up: a path, a file, an option or the environment is wrong, or the database answered with an error that this library does not know. Never transient: the same call fails until somebody changes something, and the message says what.</summary>
public sealed class StoreConfigurationException : EventSourcingException
{
    /// <summary>Reports what is wrong.</summary>
    /// <param name="message">What is wrong, with the path or the value, and what to do.</param>
    /// <param name="innerException">The driver's or the system's error, or null.</param>
    public StoreConfigurationException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}
