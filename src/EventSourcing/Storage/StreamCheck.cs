namespace EventSourcing.Storage;

/// <summary>A demand on a stream to which nothing is written.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Expected">What it must be like before the append.</param>
public readonly record struct StreamCheck(StreamId StreamId, ExpectedVersion Expected);
