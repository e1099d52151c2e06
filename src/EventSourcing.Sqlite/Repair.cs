namespace EventSourcing.Sqlite;

/// <summary>What <see cref="SqliteEventLog.RepairAsync(CancellationToken)"/> made anew.</summary>
public sealed class Repair
{
    internal Repair(IReadOnlyList<IntegrityIssue> repaired, IReadOnlyList<IntegrityIssue> remaining) => (Repaired, Remaining) = (repaired, remaining);

    /// <summary>What was missing or altered and is as the library makes it now; empty when there was nothing to do.</summary>
    public IReadOnlyList<IntegrityIssue> Repaired { get; }

    /// <summary>What a repair leaves alone, because it would have to guess: missing tables, and what others put on the log's tables.</summary>
    public IReadOnlyList<IntegrityIssue> Remaining { get; }
}
