namespace EventSourcing;

/// <summary>Another append came between what the caller has read and its own append. Nothing was written.</summary>
/// <remarks>Not transient: the same append fails again. Load the state, decide again and append the result, as <see cref="ExecuteExtensions"/> and <see cref="DecisionExtensions"/> do.</remarks>
public abstract class ConcurrencyException : EventSourcingException
{
    private protected ConcurrencyException(string message) : base(message)
    {
    }
}
