using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Reads back how far the sources of a store's appends were read.</summary>
public static class TrackingExtensions
{
    /// <summary>How far a source was read: the highest entry of <see cref="Append.Track(string, long)"/> that was stored; null when there is none.</summary>
    /// <remarks>To read on from another log after it: <see cref="ReadAllOptions.AfterToken"/> or <see cref="StartFrom.After(ResumeToken)"/> with <see cref="Tracking.Token"/>.</remarks>
    /// <param name="store">The store that was appended to.</param>
    /// <param name="source">The source's name.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    /// <exception cref="StoreCorruptException">The record has no known form.</exception>
    public static async ValueTask<Tracking?> FindTrackingAsync(this IEventStore store, string source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(source);
        Name.ThrowIfInvalid(source, "source name", nameof(source));
        var found = await store.Log.ReadRecordsAsync(RecordKind.Tracking, source, source, 1, cancellationToken).ConfigureAwait(false);
        return found.Count == 0 ? null : TrackingRecord.Parse(source, found[0].Value.Span).ToTracking(source);
    }
}
