using EventSourcing.Internal;

namespace EventSourcing.Storage;

/// <summary>Members of an <see cref="IEventStore"/> for backends, bridges and tools. Applications rarely need them, so they take a <c>using</c> of their own.</summary>
public static class EventStoreToolExtensions
{
    /// <summary>The log's last event as a token for use outside the process; <see cref="ResumeToken.Start"/> when the log has no event. For use in this process, <see cref="IEventStore.GetHeadAsync"/> is cheaper.</summary>
    /// <param name="store">The store.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    public static ValueTask<ResumeToken> GetHeadTokenAsync(this IEventStore store, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.Log.GetHeadTokenAsync(cancellationToken);
    }

    /// <summary>How far a source was read: the highest entry of <see cref="Append.Track(string, long)"/> that was stored; null when there is none.</summary>
    /// <remarks>To continue reading another log there: <see cref="ReadAllOptions.AfterToken"/> or <see cref="StartFrom.After(ResumeToken)"/> with <see cref="Tracking.Token"/>.</remarks>
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

    /// <summary>Encodes an append, to be stored by a transaction of the store's log inside a user's work. Causation, correlation and actor are taken from the event or command that is being handled (<see cref="EventContext"/>), as for every append.</summary>
    /// <param name="store">The store.</param>
    /// <param name="append">What to encode.</param>
    /// <returns>The append in memory of its own.</returns>
    /// <exception cref="UnknownEventTypeException">The CLR type of an event, or of a query in the condition, is not registered.</exception>
    /// <exception cref="EventSerializationException">An event could not be serialized.</exception>
    public static LogAppend Encode(this IEventStore store, Append append)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(append);
        return store.Types.Codec.Encode(append);
    }
}
