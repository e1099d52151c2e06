namespace EventSourcing;

/// <summary>The part of a stream that one write of an append stored.</summary>
public readonly record struct StreamRange
{
    /// <summary>For logs: what one write stored.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="firstVersion">The version of the write's first event; one more than <paramref name="lastVersion"/> when it has no event.</param>
    /// <param name="lastVersion">The version of the write's last event; the stream's version when it has no event.</param>
    /// <param name="count">The number of events.</param>
    public StreamRange(StreamId streamId, long firstVersion, long lastVersion, int count) =>
        (StreamId, FirstVersion, LastVersion, Count) = (streamId, firstVersion, lastVersion, count);

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; }

    /// <summary>The version of the write's first event; one more than <see cref="LastVersion"/> when it has no event.</summary>
    public long FirstVersion { get; }

    /// <summary>The version of the write's last event; the stream's version when it has no event.</summary>
    public long LastVersion { get; }

    /// <summary>The number of events.</summary>
    public int Count { get; }

    /// <summary>Stream and versions, for people.</summary>
    public override string ToString() => Count == 0 ? $"{StreamId} at {LastVersion}" : $"{StreamId} {FirstVersion}-{LastVersion}";
}
