using System.Diagnostics.CodeAnalysis;
using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EventSourcing;

/// <summary>Puts an event store into a container.</summary>
public static class EventSourcingServiceCollectionExtensions
{
    /// <summary>Registers <see cref="IEventStore"/> as a singleton. May be called several times; what is said later holds.</summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Chooses the log and the type map.</param>
    public static IServiceCollection AddEventSourcing(this IServiceCollection services, Action<EventSourcingBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IEventStore>(Open);
        services.TryAddSingleton(provider => new Subscriber(
            provider.GetRequiredService<IEventStore>(), (provider.GetService<SubscriberOptions>() ?? new()).On(provider.GetRequiredService<TimeProvider>())));
        services.TryAddSingleton(provider => new EventBus(provider.GetRequiredService<Subscriber>(), provider.GetService<ICommandBus>()));
        configure(new(services));
        return services;
    }

    /// <summary>Adds a durable listener. Without a host, start it by <see cref="EventBus.SubscribeAsync(EventSubscriber, CancellationToken)"/>; the package EventSourcing.Hosting does it for all.</summary>
    /// <typeparam name="T">The listener: one instance for the process, made by the container.</typeparam>
    /// <param name="builder">The builder.</param>
    public static EventSourcingBuilder AddListener<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>(this EventSourcingBuilder builder) where T : EventSubscriber
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<EventSubscriber, T>();
        return builder;
    }

    /// <summary>Keeps events in memory: for tests and trials; they end with the process.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="options">How the log works; null for the defaults. Without a clock of their own they use the container's.</param>
    public static EventSourcingBuilder UseInMemory(this EventSourcingBuilder builder, InMemoryLogOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseLog(services => new InMemoryEventLog((options ?? new()).On(services.GetRequiredService<TimeProvider>())));
    }

    private static EventStore Open(IServiceProvider services)
    {
        var log = services.GetService<IEventLog>()
            ?? throw new InvalidOperationException("No log was chosen: say UseSqlite(…) or UseInMemory() in AddEventSourcing(…).");
        var types = services.GetService<EventTypeMap>()
            ?? throw new InvalidOperationException("No type map was given: say UseEventTypes(…) in AddEventSourcing(…).");
        return new(log, types);
    }
}
