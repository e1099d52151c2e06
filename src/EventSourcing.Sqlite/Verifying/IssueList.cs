using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Verifying;

/// <summary>What a verification found so far.</summary>
internal sealed class IssueList
{
    private readonly List<IntegrityIssue> _found = [];

    internal bool IsFull => _found.Count == IntegrityReport.MaxIssues;

    internal void Add(string what, string where) => Add(new(what, where));

    internal void Add(IntegrityIssue issue)
    {
        if (!IsFull) _found.Add(issue);
    }

    internal void Clear() => _found.Clear();

    internal IntegrityIssue[] ToArray() => [.. _found];
}
