namespace EventSourcing;

/// <summary>An error that a caller of the library can expect and handle. Misuse throws framework exceptions instead.</summary>
public abstract class EventSourcingException : Exception
{
    /// <summary>For derived types.</summary>
    /// <param name="message">Names the subject, what was expected and what was found.</param>
    /// <param name="innerException">The cause, or null.</param>
    protected EventSourcingException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }

    /// <summary>True when the same call may succeed later without anybody changing anything. Default: false.</summary>
    public virtual bool IsTransient => false;
}
