namespace EventSourcing;

/// <summary>One stream that was not in the state an append demanded.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Expected">What the append demanded.</param>
/// <param name="Actual">The version of the stream's last event, 0 where there is none.</param>
public readonly record struct VersionMismatch(StreamId StreamId, ExpectedVersion Expected, long Actual)
{
    /// <summary>Stream, expected and found.</summary>
    public override string ToString() => $"stream '{StreamId}': expected {Expected}, found version {Actual}";
}
