namespace EventSourcing.Storage;

/// <summary>The result of a verification of a store: what was examined, and every issue that was found.</summary>
public sealed class IntegrityReport
{
    /// <summary>The largest number of issues in a report. A verification ends when it has found so many.</summary>
    public const int MaxIssues = 1000;

    /// <summary>For logs: a report.</summary>
    /// <param name="head">The position of the last event when the verification began.</param>
    /// <param name="issues">What was found; empty when the store is intact.</param>
    public IntegrityReport(GlobalPosition head, IReadOnlyList<IntegrityIssue> issues)
    {
        ArgumentNullException.ThrowIfNull(issues);
        (Head, Issues) = (head, [.. issues]);
    }

    /// <summary>True when no issue was found.</summary>
    public bool IsIntact => Issues.Count == 0;

    /// <summary>What was found, grouped by the part of the store, each group in the order of its places; at most <see cref="MaxIssues"/>.</summary>
    public IReadOnlyList<IntegrityIssue> Issues { get; }

    /// <summary>The position of the last event when the verification began. Later events were not examined.</summary>
    public GlobalPosition Head { get; }

    /// <summary>The number of events examined.</summary>
    public long Events { get; init; }

    /// <summary>The number of examined events that have no checksum yet, because they were inserted with SQL and the log has not completed them. They are no issue.</summary>
    public long Unsealed { get; init; }

    /// <summary>The number of interned names (streams, types, tags) examined.</summary>
    public long Names { get; init; }

    /// <summary>The number of entries of the tag index examined.</summary>
    public long TagEntries { get; init; }

    /// <summary>The number of entries of the id index examined.</summary>
    public long Ids { get; init; }

    /// <summary>The number of records examined.</summary>
    public long Records { get; init; }

    /// <summary>The size in bytes of the write-ahead log or rollback journal beside a closed file, which was examined with it. 0 when there was none, for an open log, and for stores that are no file.</summary>
    /// <remarks>A file with a journal is not complete without it: copy and move the two together, or let SQLite open and close the file once.</remarks>
    public long JournalBytes { get; init; }
}
