namespace EventSourcing.Leasing;

/// <summary>What a round decided about one lease.</summary>
internal enum LeaseVerdictKind
{
    /// <summary>Another holds it, or has more right to it.</summary>
    Waiting,

    /// <summary>It is this process's from now on.</summary>
    Granted,

    /// <summary>It is held for longer.</summary>
    Renewed,

    /// <summary>It has passed on.</summary>
    Lost,

    /// <summary>Its record was changed while the round was under way: it is read again.</summary>
    Changed,

    /// <summary>Its record cannot be read.</summary>
    Failed,
}

/// <summary>What a round decided about one lease, and the change that brings it about.</summary>
/// <param name="Kind">The decision.</param>
/// <param name="Change">The place of the change among the round's; null for none.</param>
/// <param name="Epoch">Of a lease that is granted: its epoch.</param>
/// <param name="IsAskedBack">Of a lease that is renewed: true when another member of the group should have it.</param>
/// <param name="Error">Why its record cannot be read.</param>
internal readonly record struct LeaseVerdict(LeaseVerdictKind Kind, int? Change = null, long Epoch = 0, bool IsAskedBack = false, Exception? Error = null);
