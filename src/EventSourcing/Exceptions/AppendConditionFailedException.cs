namespace EventSourcing;

/// <summary>An event matched the query of an append's condition. Nothing was written.</summary>
public sealed class AppendConditionFailedException : EventSourcingException
{
    /// <summary>Reports the first conflict.</summary>
    /// <param name="query">The condition's query.</param>
    /// <param name="after">The condition's position; events up to it were ignored.</param>
    /// <param name="conflict">The first matching event's position.</param>
    public AppendConditionFailedException(EventQuery query, GlobalPosition after, GlobalPosition conflict)
        : base($"Nothing was written. The event at position {conflict} matches {query} after position {after}.") =>
        (Query, After, Conflict) = (query, after, conflict);

    /// <summary>The condition's query.</summary>
    public EventQuery Query { get; }

    /// <summary>The condition's position; events up to it were ignored.</summary>
    public GlobalPosition After { get; }

    /// <summary>The position of the first matching event.</summary>
    public GlobalPosition Conflict { get; }
}
