namespace EventSourcing;

/// <summary>How far an append's source was read, kept with the append: what makes reading from another log or a broker exactly once.</summary>
/// <param name="Source">The source's name, 1 to 512 bytes of UTF-8 without control characters.</param>
/// <param name="Position">The place of what was read, 1 or more; an append whose place is not above the stored one is a duplicate and writes nothing.</param>
/// <param name="Token">Where the source is a log: the token of the event at the place, from which to read on. Its position is <paramref name="Position"/>. <c>default</c> for any other source.</param>
public sealed record Tracking(string Source, long Position, ResumeToken Token = default);
