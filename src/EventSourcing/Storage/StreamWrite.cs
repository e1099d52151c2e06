namespace EventSourcing.Storage;

/// <summary>Events for one stream, with its expected version. Several writes of an append may name the same stream; the order is kept.</summary>
/// <param name="stream">The stream.</param>
/// <param name="expected">The condition on the stream's version before the append.</param>
/// <param name="events">The events in order.</param>
public readonly struct StreamWrite(StreamId stream, ExpectedVersion expected, ReadOnlyMemory<LogEvent> events)
{
    /// <summary>The stream.</summary>
    public StreamId StreamId { get; } = stream;

    /// <summary>The condition on the stream's version before the append.</summary>
    public ExpectedVersion Expected { get; } = expected;

    /// <summary>The events in order; empty makes the write a check.</summary>
    public ReadOnlyMemory<LogEvent> Events { get; } = events;
}
