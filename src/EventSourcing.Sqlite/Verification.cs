namespace EventSourcing.Sqlite;

/// <summary>What <see cref="SqliteEventLog.VerifyAsync"/> examined and found.</summary>
public sealed class Verification
{
    /// <summary>The most findings that are reported; what lies beyond is not looked for.</summary>
    public const int MaxFindings = 1000;

    internal Verification(GlobalPosition head, IReadOnlyList<VerificationFinding> findings) => (Head, Findings) = (head, findings);

    /// <summary>True when nothing was found.</summary>
    public bool IsIntact => Findings.Count == 0;

    /// <summary>What was found, part by part in the order of their places; at most <see cref="MaxFindings"/>.</summary>
    public IReadOnlyList<VerificationFinding> Findings { get; }

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
}
