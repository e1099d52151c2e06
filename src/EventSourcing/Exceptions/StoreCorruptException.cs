namespace EventSourcing;

/// <summary>Stored data is damaged: it is not what was written. Nothing of it was returned.</summary>
public sealed class StoreCorruptException : EventSourcingException
{
    /// <summary>Reports what is damaged and where.</summary>
    /// <param name="what">What was found wrong.</param>
    /// <param name="where">The place: a position, a stream and version, a table or a file.</param>
    /// <param name="innerException">The driver's error, or null.</param>
    public StoreCorruptException(string what, string where, Exception? innerException = null)
        : base($"The store is damaged at {where}: {what}", innerException) =>
        (What, Where) = (what, where);

    /// <summary>What was found wrong.</summary>
    public string What { get; }

    /// <summary>The place: a position, a stream and version, a table or a file.</summary>
    public string Where { get; }

    /// <summary>The key of the record that is damaged; null where it is something else.</summary>
    public string? RecordKey { get; init; }
}
