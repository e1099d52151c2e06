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
}
