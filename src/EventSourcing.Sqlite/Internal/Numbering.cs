namespace EventSourcing.Sqlite.Internal;

/// <summary>The positions and versions that a log gives.</summary>
internal static class Numbering
{
    // An event's id has 62 bits for its position. The rest is room for what a connection appends before it looks at the file again.
    internal const long Highest = (1L << 62) - (1L << 40);

    /// <summary>Refuses a number that no log has given: what follows it could not be counted.</summary>
    /// <exception cref="StoreCorruptException">The number is negative or too high.</exception>
    internal static void ThrowIfBeyond(long number, string where)
    {
        if (number is < 0 or > Highest) throw new StoreCorruptException($"the last number is {number}, and a log counts from 0 to {Highest}", where);
    }
}
