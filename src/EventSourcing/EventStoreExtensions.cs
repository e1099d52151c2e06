using System.Runtime.CompilerServices;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Common uses of an <see cref="IEventStore"/>.</summary>
public static class EventStoreExtensions
{
    // Names and numbers of so many streams take some 100 KiB.
    private const int StreamsPerPage = 1000;

    /// <summary>Appends events to one stream: <see cref="IEventStore.AppendAsync"/> with one write.</summary>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="expected">The version that the stream is expected to have.</param>
    /// <param name="events">Events of registered types, or <see cref="EventData"/>; at least one.</param>
    /// <param name="cancellationToken">Cancels the append until its commit is sent: then nothing is written.</param>
    /// <exception cref="ArgumentException">There is no event.</exception>
    public static ValueTask<AppendResult> AppendAsync(
        this IEventStore store, StreamId stream, ExpectedVersion expected, IEnumerable<object> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(events);
        return store.AppendAsync(new Append().To(stream, expected, events as object[] ?? [.. events]), cancellationToken);
    }

    /// <summary>Lists the streams of the log, or of one category, in the order of the UTF-8 bytes of their names. Reads no events.</summary>
    /// <remarks>The list is read in pages of 1,000, each from a snapshot of its own: a stream that is created while the list is read may be missing, and versions may be of different points in time. To continue later, pass the last stream as <paramref name="after"/>.</remarks>
    /// <param name="store">The store.</param>
    /// <param name="category">The category (<see cref="StreamId.Category"/>); null for all streams.</param>
    /// <param name="after">Only streams whose name comes after this one, exclusive; <c>default</c> for all. It need not exist.</param>
    /// <param name="cancellationToken">Ends the list at the next page.</param>
    /// <returns>The streams, each once. A stream whose events were all erased is among them, without position and time.</returns>
    /// <exception cref="ArgumentException">The category is empty, has a dash after its first character, or is not a valid name.</exception>
    /// <exception cref="NotSupportedException">The store's log has no list of its streams (<see cref="ILogCatalog"/>). It is thrown by the enumeration.</exception>
    /// <example><c>await foreach (var order in store.GetStreamsAsync("order")) Console.WriteLine($"{order.StreamId} {order.Version}");</c></example>
    public static IAsyncEnumerable<StreamInfo> GetStreamsAsync(this IEventStore store, string? category = null, StreamId after = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (category is not null) Name.ThrowIfNoCategory(category, nameof(category));
        return ReadStreamsAsync(store, category, after, cancellationToken);
    }

    /// <summary>Counts what the log holds: events in all and by type, streams, and bytes.</summary>
    /// <remarks>All numbers are of one state of the log, the one at <see cref="LogStatistics.Head"/>. No payload is read, but the time may grow with the number of events: for dashboards and tools, not for each request.</remarks>
    /// <param name="store">The store.</param>
    /// <param name="cancellationToken">Ends the count.</param>
    /// <exception cref="NotSupportedException">The store's log does not count (<see cref="ILogCatalog"/>).</exception>
    /// <exception cref="StoreUnavailableException">Events were merged or removed during the count. Count again.</exception>
    public static ValueTask<LogStatistics> GetStatisticsAsync(this IEventStore store, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return CatalogOf(store).GetStatisticsAsync(cancellationToken);
    }

    private static async IAsyncEnumerable<StreamInfo> ReadStreamsAsync(IEventStore store, string? category, StreamId after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var catalog = CatalogOf(store);
        while (true)
        {
            var page = await catalog.ReadStreamsAsync(category, after, StreamsPerPage, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0) yield break;
            foreach (var stream in page) yield return stream;
            after = page[^1].StreamId;
        }
    }

    private static ILogCatalog CatalogOf(IEventStore store) => store.Log.Find<ILogCatalog>()
        ?? throw new NotSupportedException($"The log {store.Log.GetType().Name} keeps no list of its streams and does not count its events. Use a log that has the capability {nameof(ILogCatalog)}; a decorating log forwards Find<T>().");
}
