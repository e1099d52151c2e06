using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Shorter ways to say common things to an <see cref="IEventStore"/>.</summary>
public static class EventStoreExtensions
{
    /// <summary>Appends events to one stream: <see cref="IEventStore.AppendAsync"/> with one write.</summary>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="expected">What the stream must be like before.</param>
    /// <param name="events">Events of the type map, or <see cref="EventData"/>; at least one.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <exception cref="ArgumentException">There is no event.</exception>
    public static ValueTask<AppendResult> AppendAsync(
        this IEventStore store, StreamId stream, ExpectedVersion expected, IEnumerable<object> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(events);
        return store.AppendAsync(new Append().To(stream, expected, events as object[] ?? [.. events]), cancellationToken);
    }

    /// <summary>The log's last event as a token for use outside the log; <see cref="ResumeToken.Start"/> when the log has no event. <see cref="IEventStore.GetHeadAsync"/> is the cheaper one where the position is only used by this process, a moment later.</summary>
    /// <param name="store">The store.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    public static ValueTask<ResumeToken> GetHeadTokenAsync(this IEventStore store, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.Log.GetHeadTokenAsync(cancellationToken);
    }

    /// <summary>An append in bytes, as a transaction of the store's log takes it in a user's work. It takes cause, correlation and actor from what is being handled now (<see cref="EventContext"/>), as every append does.</summary>
    /// <param name="store">The store.</param>
    /// <param name="append">What to encode.</param>
    /// <returns>The append in memory of its own.</returns>
    /// <exception cref="UnknownEventTypeException">An event's CLR type, or one of the condition's, has no entry in the type map.</exception>
    /// <exception cref="EventSerializationException">An event could not be serialized.</exception>
    public static LogAppend Encode(this IEventStore store, Append append)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(append);
        return store.Types.Codec.Encode(append);
    }
}
