namespace EventSourcing;

/// <summary>A condition of an append on a stream to which it writes nothing.</summary>
public readonly record struct StreamCheck
{
    /// <summary>A condition on a stream. It is validated when it is appended.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="expected">The condition on the stream's version before the append.</param>
    public StreamCheck(StreamId streamId, ExpectedVersion expected) =>
        (StreamId, Expected) = (streamId, expected);

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; }

    /// <summary>The condition on the stream's version before the append.</summary>
    public ExpectedVersion Expected { get; }
}
