namespace EventSourcing.Sqlite.Internal;

/// <summary>The positions and versions that a log gives.</summary>
internal static class Numbering
{
    // An event's id has 62 bits for its position. The rest is room for what a connection appends before it looks at the file again.
    internal const long Highest = (1L << 62) - (1L << 40);

    /// <summary>True for a number that no log has given: negative, or too high for what follows it to be counted.</summary>
    internal static bool IsBeyond(long number) => number is < 0 or > Highest;

    /// <summary>Says that such a number was found.</summary>
    internal static StoreCorruptException Beyond(long number, string where) => new($"the last number is {number}, and a log counts from 0 to {Highest}", where);
}
