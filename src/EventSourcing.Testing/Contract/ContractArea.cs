namespace EventSourcing.Testing.Contract;

/// <summary>The area of a contract case. The author of a new backend can make the areas of the log pass one after another, in this order.</summary>
public enum ContractArea
{
    /// <summary>Appends: versions and positions, content, limits, and how a caller may take the result.</summary>
    Append,

    /// <summary>Expected versions.</summary>
    Versions,

    /// <summary>Reading: order, bounds, pages, snapshots.</summary>
    Read,

    /// <summary>Repeats by event ids, command ids and tracking, and the messages of refused appends.</summary>
    Idempotency,

    /// <summary>Conditions by query.</summary>
    Conditions,

    /// <summary>Records, and transactions of appends and records.</summary>
    Records,

    /// <summary>Waiting, cancellation, disposal.</summary>
    Life,

    /// <summary>What the library builds on every log: subscriptions, checkpoints, leases, parked events, and the loops that run them.</summary>
    Subscriptions,

    /// <summary>The typed store on a log.</summary>
    Store,
}
