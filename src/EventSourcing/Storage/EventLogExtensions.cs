using System.Runtime.CompilerServices;

namespace EventSourcing.Storage;

/// <summary>Reading a log beyond one page: the same on every log. A page is read by <see cref="IEventLog.ReadAsync"/>.</summary>
public static class EventLogExtensions
{
    // An empty range: only the page's head is needed.
    internal static AllRead HeadRead { get; } = new() { ThroughPosition = GlobalPosition.Start, MaxCount = 1, IncludeTags = false, ReuseBuffers = true };

    /// <summary>Of the last event, for the head's token.</summary>
    internal static AllRead LastRead { get; } = new() { Direction = ReadDirection.Backward, MaxCount = 1, IncludeTags = false, ReuseBuffers = true, IncludeToken = true };

    /// <summary>The position of the log's last event; <see cref="GlobalPosition.Start"/> when it has none.</summary>
    /// <param name="log">The log.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    public static async ValueTask<GlobalPosition> GetHeadAsync(this IEventLog log, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        using var page = await log.ReadAsync(HeadRead, cancellationToken).ConfigureAwait(false);
        return page.Head;
    }

    /// <summary>The log's last event as a token for use outside the log; <see cref="ResumeToken.Start"/> when the log has none. <see cref="GetHeadAsync"/> is the cheaper one.</summary>
    /// <param name="log">The log.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <returns>The token; one that is not verified from a log that gives none.</returns>
    public static async ValueTask<ResumeToken> GetHeadTokenAsync(this IEventLog log, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        using var page = await log.ReadAsync(LastRead, cancellationToken).ConfigureAwait(false);
        return TokenAt(page.Head, page);
    }

    /// <summary>The token of the event at a place, erased or not. A verified place is first compared with the log.</summary>
    /// <param name="log">The log.</param>
    /// <param name="place">The place: <see cref="ResumeToken.Unverified"/> makes one of a position.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <returns>The token; one that is not verified from a log that gives none, and <see cref="ResumeToken.Start"/> for that.</returns>
    /// <exception cref="LogDivergedException">The log holds another event there, or none.</exception>
    /// <exception cref="PositionOutOfRangeException">The place is not verified, and lies beyond the head.</exception>
    public static ValueTask<ResumeToken> FindTokenAsync(this IEventLog log, ResumeToken place, CancellationToken cancellationToken = default) =>
        FindTokenAsync(log, place, place, cancellationToken);

    internal static async ValueTask<ResumeToken> FindTokenAsync(this IEventLog log, ResumeToken place, ResumeToken known, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(log);
        if (place == ResumeToken.Start) return place;
        var read = new AllRead
        {
            AfterPosition = GlobalPosition.FromInt64(place.Position.ToInt64() - 1),
            ThroughPosition = place.Position,
            MaxCount = 1,
            IncludeTags = false,
            ReuseBuffers = true,
            Token = known,
            IncludeToken = true,
        };
        using var page = await log.ReadAsync(read, cancellationToken).ConfigureAwait(false);
        return TokenAt(place.Position, page);
    }

    /// <summary>Finds the event with an id.</summary>
    /// <param name="log">The log.</param>
    /// <param name="id">The event's id.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <returns>The event, with its tags; its memory stays valid. Null when no event has the id.</returns>
    /// <exception cref="StoreCorruptException">The event is not what was written.</exception>
    public static async ValueTask<RecordedEvent?> FindEventAsync(this IEventLog log, Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        using var page = await log.ReadAsync(new EventRead(id), cancellationToken).ConfigureAwait(false);
        return page.Events.IsEmpty ? null : page.Events[0];
    }

    /// <summary>The events of a range, page after page, in the order asked for; each page is a short snapshot. Ends where the log, or the stream, ended in the first one.</summary>
    /// <param name="log">The log.</param>
    /// <param name="read">The range. <see cref="RangeRead.MaxCount"/> and <see cref="RangeRead.MaxBytes"/> bound a page, not the whole.</param>
    /// <param name="cancellationToken">Ends the read at the next page.</param>
    /// <returns>The events. With <see cref="LogRead.ReuseBuffers"/>, data and metadata of one are good until the next is asked for.</returns>
    /// <exception cref="ArgumentException">The read is not valid, see <see cref="LogRead.Validate"/>. It is thrown, as all others are, by the enumeration.</exception>
    /// <exception cref="PositionOutOfRangeException">The read starts beyond the head.</exception>
    /// <exception cref="StoreUnavailableException">Events were merged or removed between two pages: the events read so far are of another history. Read again.</exception>
    /// <exception cref="LogDivergedException">The read's token is of another history; or the log was restored to an older state between two pages.</exception>
    /// <exception cref="StoreCorruptException">A stored event is not what was written.</exception>
    public static IAsyncEnumerable<RecordedEvent> ReadEventsAsync(this IEventLog log, RangeRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(read);
        return EventsAsync(log, read, cancellationToken);
    }

    internal static ResumeToken TokenAt(GlobalPosition position, LogPage page) => page.Token.Position == position ? page.Token : ResumeToken.Unverified(position);

    private static async IAsyncEnumerable<RecordedEvent> EventsAsync(IEventLog log, RangeRead read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var pages = new LogPages(read with { IncludeToken = true }); pages.Next is { } next;)
        {
            using var page = await log.ReadAsync(next, cancellationToken).ConfigureAwait(false);
            pages.Take(page);
            for (var i = 0; i < page.Events.Length; i++) yield return page.Events[i];
        }
    }
}
