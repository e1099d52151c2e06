namespace EventSourcing.Sqlite;

/// <summary>One thing that is not as the log wrote it.</summary>
/// <param name="What">What is wrong.</param>
/// <param name="Where">The place: a position, a stream and version, a row of a table or the file.</param>
public sealed record IntegrityIssue(string What, string Where)
{
    /// <summary>Place and damage, for people.</summary>
    public override string ToString() => $"{Where}: {What}";
}
