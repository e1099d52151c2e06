namespace EventSourcing.Storage;

/// <summary>One part of a store that is not as the log wrote it.</summary>
public sealed record IntegrityIssue
{
    /// <summary>For logs: an issue.</summary>
    /// <param name="what">What is wrong.</param>
    /// <param name="where">The place: a position, a stream and version, a row of a table or the file.</param>
    public IntegrityIssue(string what, string where) =>
        (What, Where) = (what, where);

    /// <summary>What is wrong.</summary>
    public string What { get; }

    /// <summary>The place: a position, a stream and version, a row of a table or the file.</summary>
    public string Where { get; }

    /// <summary>The place and what is wrong there, as text for people.</summary>
    public override string ToString() => $"{Where}: {What}";
}
