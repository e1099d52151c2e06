namespace EventSourcing.Sqlite;

/// <summary>An optional index over events, added by <see cref="SqliteEventLog.AddIndexAsync"/>. Each one makes every append a little slower.</summary>
public enum EventIndex
{
    /// <summary>Events by type: <c>WHERE eventType = …</c>.</summary>
    Type,

    /// <summary>Events by correlation id: <c>WHERE correlationId = …</c>. Events without one are not in it.</summary>
    Correlation,

    /// <summary>Events by causation id: <c>WHERE causationId = …</c>. Events without one are not in it. With <see cref="Correlation"/>, <see cref="CausationExtensions.GetCausationTreeAsync"/> reads no events but those of the tree.</summary>
    Causation,
}
