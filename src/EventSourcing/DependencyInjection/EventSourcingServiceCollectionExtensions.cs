using System.Diagnostics.CodeAnalysis;
using EventSourcing.DependencyInjection;
using EventSourcing.Internal;
using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EventSourcing;

/// <summary>Puts event stores into a container.</summary>
public static class EventSourcingServiceCollectionExtensions
{
    /// <summary>Registers <see cref="IEventStore"/> and <see cref="EventBus"/> as singletons. May be called several times, by each module of an application: a later call adds to the earlier ones.</summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Chooses the log and adds event types, command handlers, projections and subscribers.</param>
    /// <exception cref="ArgumentException">Event types or commands contradict those registered before, or the delegate is asynchronous.</exception>
    /// <example><c>services.AddEventSourcing(es => es.UseSqlite("orders.db").UseEventTypes(Types))</c></example>
    public static IServiceCollection AddEventSourcing(this IServiceCollection services, Action<EventSourcingBuilder> configure) => Add(services, null, configure);

    /// <summary>Registers a store beside others: the same services under a key (<c>[FromKeyedServices("billing")] IEventStore store</c>), with a log, event types, command handlers and subscribers of its own. Called again with the same key, it adds to the earlier call.</summary>
    /// <param name="services">The container's services.</param>
    /// <param name="key">The store's key, such as <c>billing</c>; compared by ordinal.</param>
    /// <param name="configure">Chooses the log and adds event types, command handlers and subscribers. What they take from the container without a key is not of this store.</param>
    /// <exception cref="ArgumentException">The key is empty, event types or commands contradict those registered before, or the delegate is asynchronous.</exception>
    /// <example><c>services.AddEventSourcing("billing", es => es.UseSqlite("billing.db").UseEventTypes(BillingTypes))</c></example>
    public static IServiceCollection AddEventSourcing(this IServiceCollection services, string key, Action<EventSourcingBuilder> configure)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        return Add(services, key, configure);
    }

    /// <summary>Adds a durable subscriber that is a class. The package EventSourcing.Hosting starts it with the host; without a host, start it by <see cref="EventBus.SubscribeAsync(EventSubscriber, CancellationToken)"/>. Added twice, it counts once.</summary>
    /// <typeparam name="T">The subscriber: one instance for the process, made by the container. For services that live as long as the handling of one event, let its constructor take an <see cref="IServiceScopeFactory"/>.</typeparam>
    /// <param name="builder">The builder.</param>
    public static EventSourcingBuilder AddSubscriber<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>(this EventSourcingBuilder builder) where T : EventSubscriber
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddEnumerable(new ServiceDescriptor(typeof(EventSubscriber), builder.Key, typeof(T), ServiceLifetime.Singleton));
        return builder;
    }

    /// <summary>Keeps events in memory, for tests and trials: they are gone when the process ends.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the settings; null for the defaults. Called once, at once. A time provider that is not set is the container's.</param>
    /// <exception cref="ArgumentException">A setting is out of its range, or the delegate is asynchronous.</exception>
    public static EventSourcingBuilder UseInMemory(this EventSourcingBuilder builder, Action<InMemoryLogOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (configure is not null) SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        var options = new InMemoryLogOptions();
        configure?.Invoke(options);
        options = options.Validated();
        return builder.UseLog(services => new InMemoryEventLog(options.On(services.GetRequiredService<TimeProvider>())));
    }

    private static IServiceCollection Add(IServiceCollection services, string? key, Action<EventSourcingBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        var builder = new EventSourcingBuilder(services, key);
        if (!services.Any(s => s.ServiceType == typeof(IEventStore) && Equals(s.ServiceKey, key)))
        {
            services.TryAddSingleton(TimeProvider.System);
            services.AddSingleton(new EventStoreRegistration(key));
            builder.AddSingleton<IEventStore>(provider => Open(provider, services, key));
            builder.AddSingleton(provider => new EventBus(provider.GetKeyed<IEventStore>(key)!, SettingsOf(provider, key), provider.GetKeyed<ICommandBus>(key)));
        }

        configure(builder);
        return services;
    }

    private static EventBusOptions SettingsOf(IServiceProvider provider, string? key)
    {
        var options = new EventBusOptions();
        foreach (var settings in provider.GetAllKeyed<EventSourcingBuilder.SubscriptionSettings>(key)) settings.Configure(options);
        return options.On(provider.GetRequiredService<TimeProvider>());
    }

    private static EventStore Open(IServiceProvider provider, IServiceCollection services, string? key)
    {
        ThrowIfNothingStarts(services, key);
        var call = key is null ? "AddEventSourcing(…)" : $"AddEventSourcing(\"{key}\", …)";
        var log = provider.GetKeyed<IEventLog>(key)
            ?? throw new InvalidOperationException($"The event store has no log. Choose one in {call}: es.UseSqlite(\"orders.db\") of the package EventSourcing.Sqlite, or es.UseInMemory().");
        var types = provider.GetKeyed<EventTypeMap>(key)
            ?? throw new InvalidOperationException($"The event store has no event types. Add them in {call}: es.UseEventTypes(EventTypeMap.Create(…)), or EventTypeMap.Empty for a store that is read as bytes only.");
        return new(log, types);
    }

    // A host is known by a name: the core references no hosting package.
    private static void ThrowIfNothingStarts(IServiceCollection services, string? key)
    {
        if (!Has("Microsoft.Extensions.Hosting.IHostApplicationLifetime") || Has("EventSourcing.Hosting.EventSourcingHostingOptions")) return;
        if (All(typeof(EventSubscriber)).FirstOrDefault() is { } subscriber)
            throw new InvalidOperationException(
                $"Nothing starts the subscriber {NameOf(subscriber)} that AddSubscriber<{NameOf(subscriber)}>() has added. Call services.AddEventSourcingHosting() of the package EventSourcing.Hosting: it starts and stops subscribers with the host.");
        foreach (var added in All(typeof(Projection)))
        {
            // A live view is read as it is.
            var (projection, mode) = (NameOf(added), services.FindMode(key, TypeOf(added)) ?? ViewMode.Async);
            if (mode == ViewMode.Live) continue;
            var (argument, set) = mode == ViewMode.Inline ? ("ViewMode.Inline", $"new ViewSet(new {projection}(…)) {{ Mode = ViewMode.Inline }}") : ("", $"new {projection}(…)");
            throw new InvalidOperationException(
                $"Nothing starts the view of the projection {projection} that AddProjection<{projection}>({argument}) has added. Call services.AddEventSourcingHosting() of the package EventSourcing.Hosting: it starts and stops views with the host. "
                + $"In a host that only reads what another process keeps up to date, call AddViewSet({set}) instead.");
        }

        bool Has(string name) => services.Any(s => s.ServiceType.FullName == name);

        IEnumerable<ServiceDescriptor> All(Type type) => services.Where(s => s.ServiceType == type && Equals(s.ServiceKey, key));

        static Type? TypeOf(ServiceDescriptor service) => service.IsKeyedService ? service.KeyedImplementationType : service.ImplementationType;

        static string NameOf(ServiceDescriptor service) => (TypeOf(service) ?? service.ServiceType).Name;
    }
}
