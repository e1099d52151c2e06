namespace EventSourcing.Storage;

/// <summary>What a record is. The numbers are stored.</summary>
public enum RecordKind
{
    /// <summary>The result of an append with a command id.</summary>
    Command = 1,

    /// <summary>How far a source was read.</summary>
    Tracking = 2,

    /// <summary>How far a subscription or projection got.</summary>
    Checkpoint = 3,

    /// <summary>Who runs what, and until when.</summary>
    Lease = 4,

    /// <summary>An event set aside after failures.</summary>
    Parked = 5,

    /// <summary>A read model.</summary>
    Document = 6,

    /// <summary>A saved fold.</summary>
    Snapshot = 7,
}
