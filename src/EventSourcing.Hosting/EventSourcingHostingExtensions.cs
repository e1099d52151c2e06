using EventSourcing.Hosting.Internal;
using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace EventSourcing.Hosting;

/// <summary>Makes the listeners of a container part of its host.</summary>
public static class EventSourcingHostingExtensions
{
    /// <summary>Starts the container's listeners with the host, stops them in order with it, and adds the health checks <c>event-store</c> and <c>event-subscriptions</c>. Said again, it changes nothing.</summary>
    /// <param name="services">The container's services, in which <c>AddEventSourcing</c> was or will be said.</param>
    /// <param name="configure">Changes the settings; null for the defaults.</param>
    /// <exception cref="ArgumentException">The delegate is asynchronous.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    public static IServiceCollection AddEventSourcingHosting(this IServiceCollection services, Action<EventSourcingHostingOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (configure is not null) SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        if (services.Any(s => s.ServiceType == typeof(EventSourcingHostingOptions))) return services;
        var options = new EventSourcingHostingOptions();
        configure?.Invoke(options);
        services.AddSingleton(options.Validated());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SubscriberService>());
        services.AddHealthChecks()
            .AddCheck<StoreHealthCheck>("event-store", HealthStatus.Unhealthy, ["event-sourcing"])
            .AddCheck<SubscriptionHealthCheck>("event-subscriptions", HealthStatus.Unhealthy, ["event-sourcing"]);
        return services;
    }
}
