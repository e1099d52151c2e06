namespace EventSourcing;

/// <summary>A stream that was not at the version that an append expected.</summary>
public readonly record struct VersionMismatch
{
    /// <summary>For logs: a condition on a stream that was not met.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="expected">What the append expected.</param>
    /// <param name="actual">The version of the stream's last event, 0 where there is none.</param>
    public VersionMismatch(StreamId streamId, ExpectedVersion expected, long actual) =>
        (StreamId, Expected, Actual) = (streamId, expected, actual);

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; }

    /// <summary>What the append expected.</summary>
    public ExpectedVersion Expected { get; }

    /// <summary>The version of the stream's last event, 0 where there is none.</summary>
    public long Actual { get; }

    /// <summary>Stream, expected and found.</summary>
    public override string ToString() => $"stream '{StreamId}': expected {Expected}, found version {Actual}";
}
