using EventSourcing.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EventSourcing.Hosting.Internal;

/// <summary>Starts the subscribers and the views of every store with the host and stops them with it, while the stores are still open.</summary>
internal sealed class SubscriberService(IServiceProvider services, IEnumerable<EventStoreRegistration> stores, ILogger<SubscriberService> logger) : IHostedService
{
    private readonly List<HostedBus> _started = [];

    /// <summary>A subscriber or a view that cannot be started, because a type is not registered for instance, prevents the host from starting.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var all = stores.ToArray();
        if (all.Length == 0)
            throw new InvalidOperationException(
                "AddEventSourcingHosting() was called, but the container has no event store. Add one: services.AddEventSourcing(es => es.UseSqlite(\"orders.db\").UseEventTypes(types)).");
        foreach (var store in all)
        {
            var bus = new HostedBus(Stores.Get<EventBus>(services, store.Key), store.Key, Stores.FindViews(services, store), logger);
            _started.Add(bus);
            foreach (var subscriber in Stores.GetAll<EventSubscriber>(services, store.Key)) await bus.StartAsync(subscriber, cancellationToken).ConfigureAwait(false);
            await bus.StartViewsAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Stops all buses at the same time. A failure of one does not keep another from being stopped.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_started.Select(bus => bus.StopAsync(cancellationToken))).ConfigureAwait(false);
        LogMessages.Stopped(logger);
    }
}
