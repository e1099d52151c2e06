namespace EventSourcing;

/// <summary>The result of a verification of a view set: its documents compared with those of a replay of the log.</summary>
public sealed record ViewVerification
{
    /// <summary>Reports what was compared.</summary>
    /// <param name="position">The position up to which both were compared.</param>
    /// <param name="documents">How many documents were compared.</param>
    /// <param name="difference">The first difference, in order of projections and keys; null when there is none.</param>
    public ViewVerification(GlobalPosition position, long documents, ViewDifference? difference) => (Position, Documents, Difference) = (position, documents, difference);

    /// <summary>The position up to which both were compared.</summary>
    public GlobalPosition Position { get; init; }

    /// <summary>How many documents were compared.</summary>
    public long Documents { get; init; }

    /// <summary>The first difference, in order of projections and keys; null when there is none.</summary>
    public ViewDifference? Difference { get; init; }

    /// <summary>True when every document is what a replay gives.</summary>
    public bool IsEqual => Difference is null;
}
