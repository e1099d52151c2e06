namespace EventSourcing.Storage;

/// <summary>What a log reads as one page: <see cref="AllRead"/> by position, <see cref="StreamRead"/> by version, <see cref="EventRead"/> by id. There are no others.</summary>
public abstract record LogRead
{
    /// <summary>The maximum number of events in a page.</summary>
    public const int MaxPage = 4096;

    /// <summary>The default size in bytes at which a page of events or records ends: 4 MiB.</summary>
    public const int DefaultMaxBytes = 4 << 20;

    private protected LogRead()
    {
    }

    /// <summary>False lets the log leave <see cref="RecordedEvent.Tags"/> null, which may be quicker; default true.</summary>
    public bool IncludeTags { get; init; } = true;

    /// <summary>True when data and metadata are not used after the page is disposed, so that their memory can be used again; default false: they live on.</summary>
    public bool ReuseBuffers { get; init; }

    /// <summary>
    /// The place in the log from which the caller continues, compared in the page's snapshot before anything is returned, by <see cref="TokenComparison"/>; it is no bound of the read.
    /// Default <see cref="ResumeToken.Start"/>: nothing is compared.
    /// </summary>
    public ResumeToken Token
    {
        get => Compared?.Value ?? ResumeToken.Start;
        init => Compared = TokenBox.Of(value);
    }

    internal TokenBox? Compared { get; init; }

    /// <summary>Validates the read. Every log calls it first.</summary>
    /// <exception cref="ArgumentException">A bound is negative or ends before it begins, the page size is out of range, or no stream is named.</exception>
    public abstract void Validate();
}
