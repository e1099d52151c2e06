namespace EventSourcing.Sqlite;

/// <summary>An index over events that a log has only when it is asked for: each is paid for on every append.</summary>
public enum EventIndex
{
    /// <summary>Events by type: <c>WHERE eventType = …</c>.</summary>
    Type,

    /// <summary>Events by correlation id: <c>WHERE correlationId = …</c>. Events without one are not in it.</summary>
    Correlation,

    /// <summary>Events by causation id: <c>WHERE causationId = …</c>. Events without one are not in it. With <see cref="Correlation"/>, <see cref="CausationExtensions.GetCausationTreeAsync"/> reads no more than the trace.</summary>
    Causation,
}
