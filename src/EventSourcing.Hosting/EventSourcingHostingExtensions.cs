using EventSourcing.Hosting.Internal;
using EventSourcing.Internal;
using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace EventSourcing.Hosting;

/// <summary>Makes the subscribers of a container part of its host.</summary>
public static class EventSourcingHostingExtensions
{
    /// <summary>Starts the subscribers of every store of the container with the host and stops them with it, logs their failures and changes of state, and adds health checks.</summary>
    /// <remarks>
    /// The health checks are <c>event-store</c> and <c>event-subscriptions</c>; for a store with a key, the key follows: <c>event-store-billing</c>. All have the tag <c>event-sourcing</c>.
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
        foreach (var (key, suffix) in stores.Select(s => (s.Key, s.Key is null ? "" : $"-{s.Key}")))
        {
            checks.Registrations.Add(new($"event-store{suffix}", services => new StoreHealthCheck(Stores.Get<IEventStore>(services, key)), HealthStatus.Unhealthy, ["event-sourcing"]));
            checks.Registrations.Add(new(
                $"event-subscriptions{suffix}", services => new SubscriptionHealthCheck(Stores.Get<EventBus>(services, key), services.GetRequiredService<EventSourcingHostingOptions>()), HealthStatus.Unhealthy, ["event-sourcing"]));
        }
    }
}
