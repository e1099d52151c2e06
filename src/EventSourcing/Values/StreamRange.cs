namespace EventSourcing;

/// <summary>The part of a stream that one write of an append stored.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="FirstVersion">The version of the write's first event; one more than <paramref name="LastVersion"/> when it has no event.</param>
/// <param name="LastVersion">The version of the write's last event; the stream's version when it has no event.</param>
/// <param name="Count">The number of events.</param>
public readonly record struct StreamRange(StreamId StreamId, long FirstVersion, long LastVersion, int Count)
{
    /// <summary>Stream and versions, for people.</summary>
    public override string ToString() => Count == 0 ? $"{StreamId} at {LastVersion}" : $"{StreamId} {FirstVersion}-{LastVersion}";
}
