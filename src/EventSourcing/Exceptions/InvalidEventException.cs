namespace EventSourcing;

/// <summary>An event breaks constraints of the store or of its type. Nothing was written.</summary>
public sealed class InvalidEventException : EventSourcingException
{
    /// <summary>Reports every violated constraint.</summary>
    /// <param name="type">The event's type name, or its CLR type where it has none.</param>
    /// <param name="violations">At least one; each names the value and the place.</param>
    public InvalidEventException(string type, IReadOnlyList<string> violations)
        : base($"Nothing was written. Event '{type}': {string.Join("; ", violations ?? throw new ArgumentNullException(nameof(violations)))}") =>
        (Type, Violations) = (type, [.. violations]);

    /// <summary>The event's type name, or its CLR type where it has none.</summary>
    public string Type { get; }

    /// <summary>Every violated constraint; at least one.</summary>
    public IReadOnlyList<string> Violations { get; }
}
