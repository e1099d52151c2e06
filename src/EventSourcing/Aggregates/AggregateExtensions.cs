namespace EventSourcing;

/// <summary>Repositories of a store.</summary>
public static class AggregateExtensions
{
    /// <summary>The repository of one aggregate type.</summary>
    /// <typeparam name="TAggregate">The aggregate.</typeparam>
    /// <param name="store">The store.</param>
    public static AggregateRepository<TAggregate> GetRepository<TAggregate>(this IEventStore store) where TAggregate : Aggregate, new()
    {
        ArgumentNullException.ThrowIfNull(store);
        return new(store);
    }
}
