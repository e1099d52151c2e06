namespace EventSourcing;

/// <summary>The result of a verification of a view set: its documents compared with those of a replay of the log.</summary>
/// <param name="Position">The position up to which both were compared.</param>
/// <param name="Documents">How many documents were compared.</param>
/// <param name="Difference">The first difference, in order of projections and keys; null when there is none.</param>
public sealed record ViewVerification(GlobalPosition Position, long Documents, ViewDifference? Difference)
{
    /// <summary>True when every document is what a replay gives.</summary>
    public bool IsEqual => Difference is null;
}
