using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Tables;

/// <summary>The positions and versions that a log gives.</summary>
internal static class Numbering
{
    // The rest is room for what a connection appends before it looks at the file again.
    private const long HighestPosition = RecordedEvent.MaxPosition - (1L << 40);
    private const long HighestVersion = RecordedEvent.MaxVersion - (1L << 32);

    /// <summary>Refuses a position that no log has given: negative, or too high for what follows it to be counted.</summary>
    /// <exception cref="StoreCorruptException">The position is such a one.</exception>
    internal static void ThrowIfNoPosition(long position)
    {
        if (position is < 0 or > HighestPosition) throw Beyond(position, HighestPosition, "the positions");
    }

    /// <summary>Refuses a version that no log has given: negative, or too high for what follows it to be counted.</summary>
    /// <exception cref="StoreCorruptException">The version is such a one.</exception>
    internal static void ThrowIfNoVersion(long version, StreamId stream)
    {
        if (version is < 0 or > HighestVersion) throw Beyond(version, HighestVersion, $"the versions of stream '{stream}'");
    }

    private static StoreCorruptException Beyond(long number, long highest, string where) => new($"the last number is {number}, and a log counts from 0 to {highest}", where);
}
