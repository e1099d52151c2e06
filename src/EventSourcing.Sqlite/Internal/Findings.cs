namespace EventSourcing.Sqlite.Internal;

/// <summary>What a verification found so far.</summary>
internal sealed class Findings
{
    private readonly List<VerificationFinding> _found = [];

    internal bool IsFull => _found.Count == Verification.MaxFindings;

    internal void Add(string what, string where)
    {
        if (!IsFull) _found.Add(new(what, where));
    }

    internal void Clear() => _found.Clear();

    internal VerificationFinding[] ToArray() => [.. _found];
}
