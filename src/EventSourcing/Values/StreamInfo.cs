namespace EventSourcing;

/// <summary>The state of a stream, known without reading its events.</summary>
public sealed record StreamInfo
{
    /// <summary>For logs: the state of a stream.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="version">The version of its last event; 0 where it has none.</param>
    /// <param name="lastPosition">The position of its last event; <see cref="GlobalPosition.Start"/> where it has none.</param>
    /// <param name="lastTimestamp">When its last event was stored; null where it has none.</param>
    public StreamInfo(StreamId streamId, long version, GlobalPosition lastPosition, DateTimeOffset? lastTimestamp) =>
        (StreamId, Version, LastPosition, LastTimestamp) = (streamId, version, lastPosition, lastTimestamp);

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; }

    /// <summary>The version of its last event; 0 where it has none.</summary>
    public long Version { get; }

    /// <summary>The position of its last event; <see cref="GlobalPosition.Start"/> where it has none.</summary>
    public GlobalPosition LastPosition { get; }

    /// <summary>When its last event was stored; null where it has none.</summary>
    public DateTimeOffset? LastTimestamp { get; }

    /// <summary>True when the stream has an event.</summary>
    public bool Exists => Version > 0;
}
