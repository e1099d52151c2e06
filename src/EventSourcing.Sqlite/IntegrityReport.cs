using EventSourcing.Sqlite.Verifying;

namespace EventSourcing.Sqlite;

/// <summary>What <see cref="SqliteEventLog.VerifyAsync(CancellationToken)"/> or <see cref="SqliteEventLog.VerifyAsync(string, CancellationToken)"/> examined and found.</summary>
public sealed class IntegrityReport
{
    /// <summary>The most findings that are reported; what lies beyond is not looked for.</summary>
    public const int MaxFindings = 1000;

    internal IntegrityReport(GlobalPosition head, IReadOnlyList<IntegrityIssue> findings) => (Head, Findings) = (head, findings);

    /// <summary>True when nothing was found.</summary>
    public bool IsIntact => Findings.Count == 0;

    /// <summary>What was found, part by part in the order of their places; at most <see cref="MaxFindings"/>.</summary>
    public IReadOnlyList<IntegrityIssue> Findings { get; }

    /// <summary>The position of the last event when the examination began; later ones were not examined.</summary>
    public GlobalPosition Head { get; }

    /// <summary>The number of events examined.</summary>
    public long Events { get; internal init; }

    /// <summary>Of these, how many lack their checksum because they were inserted with SQL and the log has not sealed them yet.</summary>
    public long Unsealed { get; internal init; }

    /// <summary>The number of interned names of streams, types and tags examined.</summary>
    public long Names { get; internal init; }

    /// <summary>The number of entries of the tag index examined.</summary>
    public long TagEntries { get; internal init; }

    /// <summary>The number of entries of the id index examined.</summary>
    public long Ids { get; internal init; }

    /// <summary>The number of records examined.</summary>
    public long Records { get; internal init; }

    /// <summary>The size in bytes of the write-ahead log or the rollback journal that lay beside a closed file and was examined with it; 0 when there was none, and for a log that is open.</summary>
    /// <remarks>A file with one is not whole without it: copy and move the two together, or let SQLite open and close the file once.</remarks>
    public long JournalBytes { get; internal init; }
}
