namespace EventSourcing;

/// <summary>An event of an append with the properties that a query examines, as the store encoded them.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Type">The stored type name.</param>
/// <param name="Tags">The tags by the type map's rules and those that were given with the event.</param>
/// <param name="Data">The event.</param>
internal readonly record struct EncodedEvent(StreamId StreamId, string Type, IReadOnlyList<Tag> Tags, object Data);
