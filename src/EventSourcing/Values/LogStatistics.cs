namespace EventSourcing;

/// <summary>What a log holds, counted at one state of the log.</summary>
public sealed class LogStatistics
{
    /// <summary>The position of the last event counted: the log's head; <see cref="GlobalPosition.Start"/> when the log has none.</summary>
    public required GlobalPosition Head { get; init; }

    /// <summary>The number of events that can be read. 0 or more.</summary>
    public required long EventCount { get; init; }

    /// <summary>The number of events that were erased. Their positions are not used again, so this and <see cref="EventCount"/> together are <see cref="Head"/>. 0 or more.</summary>
    public required long ErasedEventCount { get; init; }

    /// <summary>The number of streams that have, or had, an event. 0 or more.</summary>
    public required long StreamCount { get; init; }

    /// <summary>The number of events by stored type name, 1 or more each. Aliases are counted under their own names. Types without an event are not listed.</summary>
    public required IReadOnlyDictionary<string, long> EventsByType { get; init; }

    /// <summary>A number that changes whenever events of the log are merged or removed. Compare it for equality only.</summary>
    public required long Generation { get; init; }

    /// <summary>The size of the log's database in bytes, free pages and the user's own tables included, the write-ahead log beside it excluded; null for a log that is not in a file.</summary>
    public long? SizeInBytes { get; init; }

    /// <summary>Events, streams and head, for people.</summary>
    public override string ToString() => $"{EventCount} events in {StreamCount} streams, head {Head}";
}
