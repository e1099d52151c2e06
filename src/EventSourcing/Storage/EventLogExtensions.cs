using System.Runtime.CompilerServices;

namespace EventSourcing.Storage;

/// <summary>Reading a log beyond one page: the same on every log. A page is read by <see cref="IEventLog.ReadAsync"/>.</summary>
public static class EventLogExtensions
{
    // An empty range: the page's head is wanted, none of its events.
    private static readonly AllRead s_head = new() { ThroughPosition = GlobalPosition.Start, MaxCount = 1, IncludeTags = false, ReuseBuffers = true };

    /// <summary>The position of the log's last event; <see cref="GlobalPosition.Start"/> when it has none.</summary>
    /// <param name="log">The log.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    public static async ValueTask<GlobalPosition> GetHeadAsync(this IEventLog log, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        using var page = await log.ReadAsync(s_head, cancellationToken).ConfigureAwait(false);
        return page.Head;
    }

    /// <summary>Finds the event with an id.</summary>
    /// <param name="log">The log.</param>
    /// <param name="id">The event's id.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <returns>The event, with its tags; its memory lives on. Null when no event has the id.</returns>
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
    /// <exception cref="LogTruncatedException">The read starts beyond the head.</exception>
    /// <exception cref="StoreUnavailableException">Events were merged or removed between two pages: what was read so far is of another history. Read again.</exception>
    /// <exception cref="StoreCorruptException">A stored event is not what was written.</exception>
    public static IAsyncEnumerable<RecordedEvent> ReadEventsAsync(this IEventLog log, RangeRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(read);
        return EventsAsync(log, read, cancellationToken);
    }

    private static async IAsyncEnumerable<RecordedEvent> EventsAsync(IEventLog log, RangeRead read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var pages = new LogPages(read); pages.Next is { } next;)
        {
            using var page = await log.ReadAsync(next, cancellationToken).ConfigureAwait(false);
            pages.Take(page);
            for (var i = 0; i < page.Events.Length; i++) yield return page.Events[i];
        }
    }
}
