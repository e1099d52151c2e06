namespace EventSourcing;

/// <summary>How far an append's source was read, kept with the append: what makes reading from another log or a broker exactly once.</summary>
/// <param name="Source">The source's name, 1 to 512 bytes of UTF-8 without control characters.</param>
/// <param name="Position">The place of what was read, 1 or more; an append whose place is not above the stored one is a duplicate and writes nothing.</param>
public sealed record Tracking(string Source, long Position);
