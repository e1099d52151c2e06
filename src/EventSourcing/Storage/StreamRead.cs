namespace EventSourcing.Storage;

/// <summary>A read of one stream, by version. Beyond the stream's end it is empty.</summary>
/// <example><c>new StreamRead("order-42") { AfterVersion = 3 }</c></example>
public sealed record StreamRead : RangeRead
{
    /// <summary>A read of a whole stream.</summary>
    /// <param name="streamId">The stream; one without events gives none.</param>
    /// <exception cref="ArgumentException">The stream is <c>default</c>.</exception>
    public StreamRead(StreamId streamId)
    {
        if (streamId.IsDefault) throw new ArgumentException("default(StreamId) is not a stream. Use a stream name such as 'order-42'.", nameof(streamId));
        StreamId = streamId;
    }

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; }

    /// <summary>Only events after this version, exclusive, in either direction. Default 0: from the first.</summary>
    public long AfterVersion { get; init; }

    /// <summary>Only events up to this version, inclusive, in either direction; null: to the last. Equal to <see cref="AfterVersion"/>, nothing is read but the page's head and version.</summary>
    public long? ThroughVersion { get; init; }

    private protected override long After => AfterVersion;

    private protected override long? Through => ThroughVersion;

    /// <inheritdoc/>
    public override StreamRead? Next(LogPage page)
    {
        ArgumentNullException.ThrowIfNull(page);
        if (page.IsLast) return null;
        return Direction == ReadDirection.Forward ? this with { AfterVersion = page.Next - 1, Compared = HighestAfter(page) } : this with { ThroughVersion = page.Next, Compared = HighestAfter(page) };
    }
}
