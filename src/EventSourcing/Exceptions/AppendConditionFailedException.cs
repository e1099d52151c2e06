using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>An event matched the query of an append's condition. Nothing was written.</summary>
public sealed class AppendConditionFailedException : ConcurrencyException
{
    /// <summary>Reports the first conflict.</summary>
    /// <param name="query">The condition's query.</param>
    /// <param name="after">The condition's position; events up to it were ignored.</param>
    /// <param name="conflict">The first matching event's position.</param>
    public AppendConditionFailedException(LogQuery query, GlobalPosition after, GlobalPosition conflict)
        : base($"Nothing was written. The event at position {conflict} matches {query} after position {after}.") =>
        (Query, After, Conflict) = (query, after, conflict);

    /// <summary>The condition's query as the log evaluated it: by stored names, with tags, categories and streams as they were given. CLR types of an <see cref="EventQuery"/> appear as the names that the type map gives for them.</summary>
    public LogQuery Query { get; }

    /// <summary>The condition's position; events up to it were ignored.</summary>
    public GlobalPosition After { get; }

    /// <summary>The position of the first matching event.</summary>
    public GlobalPosition Conflict { get; }
}
