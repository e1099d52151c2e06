namespace EventSourcing.Storage;

/// <summary>The capability of a log to list its streams and to count its events without reading them. Found by <see cref="IEventLog.Find{T}"/>; optional for a log.</summary>
/// <remarks>Used after disposal, every member throws <see cref="ObjectDisposedException"/>.</remarks>
public interface ILogCatalog
{
    /// <summary>Reads a page of the log's streams, in the order of the UTF-8 bytes of their names, from one snapshot.</summary>
    /// <param name="category">Only streams of this category (<see cref="StreamId.Category"/>), valid as <see cref="EventStoreExtensions.GetStreamsAsync"/> checks it; null for all.</param>
    /// <param name="after">Only streams whose name comes after this one, exclusive; <c>default</c> for the first page.</param>
    /// <param name="max">The maximum number of streams, 1 or more.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <returns>Streams that have, or had, an event. A page with fewer than <paramref name="max"/> may not be the last; an empty one is.</returns>
    ValueTask<IReadOnlyList<StreamInfo>> ReadStreamsAsync(string? category, StreamId after, int max, CancellationToken cancellationToken);

    /// <summary>Counts what the log holds at its head.</summary>
    /// <param name="cancellationToken">Ends the count.</param>
    /// <exception cref="StoreUnavailableException">Events were merged or removed during the count.</exception>
    ValueTask<LogStatistics> GetStatisticsAsync(CancellationToken cancellationToken);
}
