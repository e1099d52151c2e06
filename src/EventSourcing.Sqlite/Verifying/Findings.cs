namespace EventSourcing.Sqlite.Verifying;

/// <summary>What a verification found so far.</summary>
internal sealed class Findings
{
    private readonly List<IntegrityIssue> _found = [];

    internal bool IsFull => _found.Count == IntegrityReport.MaxFindings;

    internal void Add(string what, string where) => Add(new(what, where));

    internal void Add(IntegrityIssue finding)
    {
        if (!IsFull) _found.Add(finding);
    }

    internal void Clear() => _found.Clear();

    internal IntegrityIssue[] ToArray() => [.. _found];
}
