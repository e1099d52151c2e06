using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Which part of a stream to read.</summary>
public sealed record ReadStreamOptions
{
    internal static ReadStreamOptions Default { get; } = new();

    /// <summary>Oldest first (default) or newest first.</summary>
    public ReadDirection Direction { get; init; }

    /// <summary>The first version read, inclusive; null: the first forward, the last backward.</summary>
    public long? FromVersion { get; init; }

    /// <summary>The last version read, inclusive; null: to the end in the direction read.</summary>
    public long? ThroughVersion { get; init; }

    /// <summary>Which events of the stream; null for all.</summary>
    public EventQuery? Query { get; init; }

    /// <summary>The most events read, counted after every filter, 1 or more; null: no bound.</summary>
    public long? MaxCount { get; init; }

    /// <summary>Further filters; null for none.</summary>
    public ReadFilter? Filter { get; init; }

    /// <summary>The versions read, as a log reads them; an empty range where the bounds cross.</summary>
    internal (long After, long? Through) Range
    {
        get
        {
            var (first, last) = Direction == ReadDirection.Backward ? (ThroughVersion, FromVersion) : (FromVersion, ThroughVersion);
            var after = (first ?? 1) - 1;
            return (after, last < after ? after : last);
        }
    }
}
