namespace EventSourcing.Testing.Contract;

/// <summary>What a case of the contract is about. A backend that is being written passes the areas of the log one after another, in this order.</summary>
public enum ContractArea
{
    /// <summary>Appending and what is stored by it: numbers, content, limits, how the answer may be taken.</summary>
    Append,

    /// <summary>Expected versions.</summary>
    Versions,

    /// <summary>Reading: order, bounds, pages, snapshots.</summary>
    Read,

    /// <summary>Repeats by event ids, command ids and tracking, and what refusals say.</summary>
    Idempotency,

    /// <summary>Conditions by query.</summary>
    Conditions,

    /// <summary>Records, and transactions of appends and records.</summary>
    Records,

    /// <summary>Waiting, cancellation, disposal.</summary>
    Life,

    /// <summary>What the library builds on a log and does the same on each: subscriptions, checkpoints, leases, parked events, loops.</summary>
    Subscriptions,

    /// <summary>The typed store on a log.</summary>
    Store,
}
