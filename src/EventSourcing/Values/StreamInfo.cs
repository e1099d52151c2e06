namespace EventSourcing;

/// <summary>What is known of a stream without reading it.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Version">The version of its last event; 0 where it has none.</param>
/// <param name="LastPosition">The position of its last event; <see cref="GlobalPosition.Start"/> where it has none.</param>
/// <param name="LastTimestamp">When its last event was stored; null where it has none.</param>
public sealed record StreamInfo(StreamId StreamId, long Version, GlobalPosition LastPosition, DateTimeOffset? LastTimestamp)
{
    /// <summary>True when the stream has an event.</summary>
    public bool Exists => Version > 0;
}
