using EventSourcing.Storage;

namespace EventSourcing.Sqlite;

/// <summary>The result of <see cref="SqliteEventLog.RepairAsync(CancellationToken)"/>: what was repaired and what is left.</summary>
public sealed class RepairResult
{
    internal RepairResult(IReadOnlyList<IntegrityIssue> repaired, IReadOnlyList<IntegrityIssue> remaining) => (Repaired, Remaining) = ([.. repaired], [.. remaining]);

    /// <summary>What was missing or altered, and is now as the library makes it. Empty when there was nothing to repair.</summary>
    public IReadOnlyList<IntegrityIssue> Repaired { get; }

    /// <summary>What a repair does not change: missing tables, and objects of others on the log's tables. Restore a backup for the first, drop the second.</summary>
    public IReadOnlyList<IntegrityIssue> Remaining { get; }
}
