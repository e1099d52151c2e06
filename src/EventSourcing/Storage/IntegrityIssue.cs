namespace EventSourcing.Storage;

/// <summary>One part of a store that is not as the log wrote it.</summary>
/// <param name="What">What is wrong.</param>
/// <param name="Where">The place: a position, a stream and version, a row of a table or the file.</param>
public sealed record IntegrityIssue(string What, string Where)
{
    /// <summary>The place and what is wrong there, as text for people.</summary>
    public override string ToString() => $"{Where}: {What}";
}
