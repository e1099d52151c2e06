namespace EventSourcing.Leasing;

/// <summary>The decision of a round about one lease.</summary>
internal enum LeaseVerdictKind
{
    /// <summary>Another process holds the lease, or another member of the group is to take it.</summary>
    Waiting,

    /// <summary>This process has acquired the lease.</summary>
    Granted,

    /// <summary>The lease was renewed.</summary>
    Renewed,

    /// <summary>Another process has taken the lease over.</summary>
    Lost,

    /// <summary>The record was changed during the round: the next round reads it again.</summary>
    Changed,

    /// <summary>The record cannot be read.</summary>
    Failed,
}

/// <summary>The decision of a round about one lease, with the change that carries it out.</summary>
/// <param name="Kind">The decision.</param>
/// <param name="Change">The index of the change among the round's changes; null for none.</param>
/// <param name="Epoch">The epoch of an acquired lease.</param>
/// <param name="IsAskedBack">For a renewed lease: true when this process must release it for another member of the group.</param>
/// <param name="Error">Why the record cannot be read.</param>
internal readonly record struct LeaseVerdict(LeaseVerdictKind Kind, int? Change = null, long Epoch = 0, bool IsAskedBack = false, Exception? Error = null);
