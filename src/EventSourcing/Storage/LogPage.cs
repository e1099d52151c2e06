namespace EventSourcing.Storage;

/// <summary>Events of one short snapshot of a log, in the order asked for. Disposing it returns its memory.</summary>
public abstract class LogPage : IDisposable
{
    /// <summary>The events; may be empty. The page owns the memory: copy what is needed longer, or see <see cref="LogRead.ReuseBuffers"/>.</summary>
    public abstract ReadOnlySpan<RecordedEvent> Events { get; }

    /// <summary>The position of the log's last event in this snapshot; <see cref="GlobalPosition.Start"/> for an empty log.</summary>
    public GlobalPosition Head { get; protected init; }

    /// <summary>For a read of a stream: the version of its last event in this snapshot, 0 where it has none.</summary>
    public long StreamVersion { get; protected init; }

    /// <summary>Changes when events of the log are merged or removed: pages of different generations do not belong together.</summary>
    public long Generation { get; protected init; }

    /// <summary>The version or position at which the next page begins; has no meaning when <see cref="IsLast"/>.</summary>
    public long Next { get; protected init; }

    /// <summary>True when this snapshot holds nothing more within the bounds.</summary>
    public bool IsLast { get; protected init; }

    /// <summary>
    /// The highest place of the log that this page has reached. A log that holds the event at this place has the history that the page was read from. For a read of the whole log it is the upper bound of the read, at most the head,
    /// also where nothing is left below it. For a forward page that another one follows, it is the position before <see cref="Next"/>. For a read of a stream it is the place of its latest version examined, and
    /// <see cref="ResumeToken.Start"/> where there is none. <see cref="ResumeToken.Start"/> also where <see cref="RangeRead.IncludeToken"/> is false.
    /// </summary>
    /// <remarks><see cref="RangeRead.Next"/> hands the highest token so far to the next page as <see cref="LogRead.Token"/>: then an event of another history is never returned as the next event.</remarks>
    public ResumeToken Token
    {
        get => Highest?.Value ?? ResumeToken.Start;
        protected init => Highest = TokenBox.Of(value);
    }

    internal TokenBox? Highest { get; private init; }

    /// <summary>Returns the page's memory. <see cref="Events"/> is empty from then on.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Returns the page's memory.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}
