using EventSourcing.Serialization;
using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EventSourcing.DependencyInjection;

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
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IEventStore>(Open);
        configure(new(services));
        return services;
    }

    /// <summary>Keeps events in memory: for tests and trials; they end with the process.</summary>
    /// <param name="builder">The builder.</param>
    public static EventSourcingBuilder UseInMemory(this EventSourcingBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseLog(services => new InMemory.InMemoryEventLog(new() { TimeProvider = services.GetRequiredService<TimeProvider>() }));
    }

    private static EventStore Open(IServiceProvider services)
    {
        var log = services.GetService<IEventLog>()
            ?? throw new InvalidOperationException("No log was chosen: say UseSqlite(…) or UseInMemory() in AddEventSourcing(…).");
        var types = services.GetService<EventTypeMap>()
            ?? throw new InvalidOperationException("No type map was given: say UseEventTypes(…) in AddEventSourcing(…).");
        return services.GetService<IEventSerializer>() is { } serializer
            ? new(log, types, new() { Serializer = serializer })
            : new(log, types);
    }
}
