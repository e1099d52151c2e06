namespace EventSourcing.Sqlite.Internal;

/// <summary>What a verification found so far.</summary>
internal sealed class Findings
{
    private readonly List<VerificationFinding> _found = [];

    internal bool IsFull => _found.Count == Verification.MaxFindings;

    internal void Add(string what, string where) => Add(new(what, where));

    internal void Add(VerificationFinding finding)
    {
        if (!IsFull) _found.Add(finding);
    }

    internal void Clear() => _found.Clear();

    internal VerificationFinding[] ToArray() => [.. _found];
}
