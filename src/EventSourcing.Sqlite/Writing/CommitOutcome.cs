namespace EventSourcing.Sqlite.Writing;

/// <summary>The outcome of a commit.</summary>
internal enum CommitOutcome
{
    /// <summary>It is durable.</summary>
    Stored,

    /// <summary>Nothing of it is stored, and nothing of it will be.</summary>
    NotStored,

    /// <summary>It failed, and the file does not show whether it will be there after a crash.</summary>
    Unknown,
}
