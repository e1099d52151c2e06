namespace EventSourcing.Storage;

/// <summary>One page of a stream or of the whole log.</summary>
public sealed record LogRead
{
    /// <summary>The most events of a page.</summary>
    public const int MaxPage = 4096;

    /// <summary>The bytes after which a page ends where nothing else is asked for: 4 MiB, of events as of records.</summary>
    public const int DefaultMaxBytes = 4 << 20;

    /// <summary>The stream; null reads the whole log. It says whether <see cref="From"/> and <see cref="Through"/> are versions or positions.</summary>
    public StreamId? Stream { get; init; }

    /// <summary>Which events, by stored names; null for all.</summary>
    public EventQuery? Query { get; init; }

    /// <summary>Finds the event with this id instead; null for no such search. Stream, query and bounds are ignored then.</summary>
    public Guid? EventId { get; init; }

    /// <summary>Which way.</summary>
    public ReadDirection Direction { get; init; }

    /// <summary>The first version or position examined, inclusive. Default: the first event forward, the last backward (0 says both).</summary>
    public long From { get; init; }

    /// <summary>The last version or position examined, inclusive. Default: to the end (0 says so in both directions).</summary>
    public long Through { get; init; }

    /// <summary>The most events on the page, 1 to <see cref="MaxPage"/>; default 1,024.</summary>
    public int MaxCount { get; init; } = 1024;

    /// <summary>The page ends with the event whose data and metadata bring it to this many bytes or more; default 4 MiB.</summary>
    public int MaxBytes { get; init; } = DefaultMaxBytes;

    /// <summary>False lets the log leave <see cref="RecordedEvent.Tags"/> null, which may be quicker; default true.</summary>
    public bool IncludeTags { get; init; } = true;

    /// <summary>True when data and metadata are not used after the page is disposed, so that their memory can be used again; default false: they live on.</summary>
    public bool ReuseBuffers { get; init; }

    /// <summary>Refuses what no log reads. Every log calls it first.</summary>
    /// <exception cref="ArgumentException">A bound is negative, the page size is out of range, or the query names CLR types.</exception>
    public void Validate()
    {
        if (Stream is { IsDefault: true }) throw new ArgumentException("default(StreamId) names no stream.", nameof(Stream));
        ArgumentOutOfRangeException.ThrowIfNegative(From);
        ArgumentOutOfRangeException.ThrowIfNegative(Through);
        if (MaxCount is < 1 or > MaxPage)
            throw new ArgumentOutOfRangeException(nameof(MaxCount), MaxCount, $"A page holds 1 to {MaxPage} events.");
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBytes, 1);
        if (!Enum.IsDefined(Direction)) throw new ArgumentOutOfRangeException(nameof(Direction), Direction, "Forward or Backward.");
        if (Query is null) return;
        foreach (var item in Query.Items)
            if (item.ClrTypes.Count > 0)
                throw new ArgumentException($"A log knows stored names only; {item} names CLR types.", nameof(Query));
    }
}
