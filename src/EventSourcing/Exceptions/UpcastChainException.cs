namespace EventSourcing;

/// <summary>The upcasters of a type map do not lead from every older schema number to the current one: there is a gap, a cycle or a duplicate. No map was made.</summary>
public sealed class UpcastChainException : EventSourcingException
{
    /// <summary>Reports the step that is wrong.</summary>
    /// <param name="type">The stored name of the event type.</param>
    /// <param name="from">Where the step begins: a schema number or a type.</param>
    /// <param name="to">Where it leads or should lead: a schema number or a type.</param>
    /// <param name="problem">What is wrong, and what to do.</param>
    public UpcastChainException(string type, string from, string to, string problem)
        : base($"Event type '{type}': the upcaster from {from} to {to} cannot be used, {problem}.") =>
        (Type, From, To) = (type, from, to);

    /// <summary>The stored name of the event type.</summary>
    public string Type { get; }

    /// <summary>Where the step begins: a schema number or a type.</summary>
    public string From { get; }

    /// <summary>Where the step leads or should lead: a schema number or a type.</summary>
    public string To { get; }
}
