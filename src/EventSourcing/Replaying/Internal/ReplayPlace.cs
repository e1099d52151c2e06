namespace EventSourcing.Replaying;

/// <summary>Where a stored event is.</summary>
internal readonly record struct ReplayPlace(GlobalPosition Position, StreamId StreamId, string Type, DateTimeOffset Timestamp);
