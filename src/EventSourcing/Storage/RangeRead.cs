namespace EventSourcing.Storage;

/// <summary>A read of a range, page after page: of positions of the log (<see cref="AllRead"/>) or of versions of a stream (<see cref="StreamRead"/>).</summary>
/// <remarks>The range is the same in both directions: after a number, exclusive, through a number, inclusive.</remarks>
public abstract record RangeRead : LogRead
{
    private protected RangeRead()
    {
    }

    /// <summary>Which events; null for all.</summary>
    public LogQuery? Query { get; init; }

    /// <summary>Oldest first (default) or newest first.</summary>
    public ReadDirection Direction { get; init; }

    /// <summary>The maximum number of events in the page, 1 to <see cref="LogRead.MaxPage"/>; default 1,024.</summary>
    public int MaxCount { get; init; } = 1024;

    /// <summary>The page ends with the event whose data and metadata bring it to this many bytes or more; default 4 MiB.</summary>
    public int MaxBytes { get; init; } = DefaultMaxBytes;

    /// <summary>True when the page returns the place that it has reached as a token, <see cref="LogPage.Token"/>; that may read one more row. Default false. The read of the page that follows, <see cref="Next"/>, then compares it.</summary>
    public bool IncludeToken { get; init; }

    private protected abstract long After { get; }

    private protected abstract long? Through { get; }

    /// <summary>For logs: the numbers to be examined, both inclusive and ascending; <c>First</c> is above <c>Last</c> when there is none.</summary>
    /// <param name="last">The last existing number: the log's head, or the stream's version.</param>
    public (long First, long Last) Within(long last) => (Math.Min(After, last) + 1, Math.Min(Through ?? last, last));

    /// <summary>The read of the next page; null after the last page.</summary>
    /// <param name="page">A page that was read by this read, or by one that this method returned.</param>
    public abstract RangeRead? Next(LogPage page);

    /// <summary>The furthest place that this read and its page know. Comparing it also covers all places before it.</summary>
    private protected TokenBox? HighestAfter(LogPage page) => page.Token > Token ? page.Highest : Compared;

    /// <inheritdoc/>
    public override void Validate()
    {
        if (MaxCount is < 1 or > MaxPage)
            throw new ArgumentOutOfRangeException(nameof(MaxCount), MaxCount, $"MaxCount must be from 1 to {MaxPage}.");
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBytes, 1);
        if (!Enum.IsDefined(Direction)) throw new ArgumentOutOfRangeException(nameof(Direction), Direction, "The direction must be Forward or Backward.");
        ArgumentOutOfRangeException.ThrowIfNegative(After);
        if (Through is { } through && through < After)
            throw new ArgumentOutOfRangeException(nameof(Through), through, $"The read ends with {through}, before its start {After}. The end must not be below the start.");
    }
}
