namespace EventSourcing;

/// <summary>The position up to which an append's source was read, stored with the append. It makes processing of another log or a broker exactly once.</summary>
public sealed record Tracking
{
    /// <summary>A tracking entry. It is validated when it is appended.</summary>
    /// <param name="source">The source's name, 1 to 512 bytes of UTF-8 without control characters.</param>
    /// <param name="position">The place of what was read, 1 or more; an append whose place is not above the stored one is a duplicate and writes nothing.</param>
    /// <param name="token">Where the source is a log: the token of the event at the place, from which to read on. Its position is <paramref name="position"/>. <c>default</c> for any other source.</param>
    public Tracking(string source, long position, ResumeToken token = default) =>
        (Source, Position, Token) = (source, position, token);

    /// <summary>The source's name, 1 to 512 bytes of UTF-8 without control characters.</summary>
    public string Source { get; }

    /// <summary>The place of what was read, 1 or more; an append whose place is not above the stored one is a duplicate and writes nothing.</summary>
    public long Position { get; }

    /// <summary>Where the source is a log: the token of the event at the place, from which to read on. Its position is <see cref="Position"/>. <c>default</c> for any other source.</summary>
    public ResumeToken Token { get; }
}
