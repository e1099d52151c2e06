using EventSourcing.Hosting.Internal;
using EventSourcing.Internal;
using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace EventSourcing.Hosting;

/// <summary>Makes the subscribers and the views of a container part of its host.</summary>
public static class EventSourcingHostingExtensions
{
    /// <summary>Starts the subscribers and the views of every store of the container with the host and stops them with it, logs their failures and changes of state, and adds health checks.</summary>
    /// <remarks>
    /// The health checks are <c>event-store</c>, <c>event-subscriptions</c> and, where there are views, <c>event-views</c>; for a store with a key, the key follows: <c>event-store-billing</c>. All have the tag <c>event-sourcing</c>.
    /// Called again, only <paramref name="configure"/> has an effect: it changes what the calls before have set.
    /// </remarks>
    /// <param name="services">The container's services. <c>AddEventSourcing</c> is called before or after.</param>
    /// <param name="configure">Changes the settings; null for the defaults.</param>
    /// <exception cref="ArgumentException">The delegate is asynchronous.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    public static IServiceCollection AddEventSourcingHosting(this IServiceCollection services, Action<EventSourcingHostingOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (configure is not null) SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        var before = services.LastOrDefault(s => s.ServiceType == typeof(EventSourcingHostingOptions));
        var options = (before?.ImplementationInstance as EventSourcingHostingOptions ?? new()).Validated();
        configure?.Invoke(options);
        services.Replace(ServiceDescriptor.Singleton(options.Validated()));
        if (before is not null) return services;
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SubscriberService>());
        services.AddHealthChecks();
        // Stores are registered before and after this call.
        services.AddOptions<HealthCheckServiceOptions>().Configure<IEnumerable<EventStoreRegistration>>(AddChecks);
        return services;
    }

    private static void AddChecks(HealthCheckServiceOptions checks, IEnumerable<EventStoreRegistration> stores)
    {
        foreach (var store in stores)
        {
            var (key, suffix) = (store.Key, store.Key is null ? "" : $"-{store.Key}");
            Add("event-store", services => new StoreHealthCheck(Stores.Get<IEventStore>(services, key)));
            Add("event-subscriptions", services => new SubscriptionHealthCheck(Stores.Get<EventBus>(services, key), Stores.FindViews(services, store), services.GetRequiredService<EventSourcingHostingOptions>()));
            if (store.HasViews) Add("event-views", services => new ViewHealthCheck(Stores.Get<EventViews>(services, key), Stores.Get<EventBus>(services, key), services.GetRequiredService<EventSourcingHostingOptions>()));

            void Add(string name, Func<IServiceProvider, IHealthCheck> make) => checks.Registrations.Add(new(name + suffix, make, HealthStatus.Unhealthy, ["event-sourcing"]));
        }
    }
}
