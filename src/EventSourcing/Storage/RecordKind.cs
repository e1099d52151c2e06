namespace EventSourcing.Storage;

/// <summary>What a record is. The numbers are stored.</summary>
public enum RecordKind
{
    /// <summary>The result of an append with a command id.</summary>
    Command = 1,

    /// <summary>The position up to which a source was read.</summary>
    Tracking = 2,

    /// <summary>The checkpoint of a subscription.</summary>
    Checkpoint = 3,

    /// <summary>A lease: which process runs what, and until when.</summary>
    Lease = 4,

    /// <summary>An event parked after failures.</summary>
    Parked = 5,

    /// <summary>Which build of a view set is read; and the id of the log, for views.</summary>
    View = 6,

    /// <summary>A saved state, folded from events.</summary>
    Snapshot = 7,
}
