using EventSourcing.Internal;
using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing;

/// <summary>Puts one event store and what belongs to it into a container. Packages add to it by extension methods: <c>UseX</c> chooses one, <c>AddX</c> adds one of many.</summary>
public sealed class EventSourcingBuilder
{
    internal EventSourcingBuilder(IServiceCollection services, string? key) => (Services, Key) = (services, key);

    /// <summary>The container's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>The key of the store in the container (<see cref="ServiceProviderKeyedServiceExtensions.GetRequiredKeyedService{T}"/>, <see cref="FromKeyedServicesAttribute"/>); null for the store without a key.</summary>
    public string? Key { get; }

    /// <summary>Registers event types. May be called several times, by each module of an application with its own map: the store knows the types of all of them.</summary>
    /// <param name="types">The type map.</param>
    /// <exception cref="ArgumentException">A CLR type or a stored name is registered already, in another way.</exception>
    public EventSourcingBuilder UseEventTypes(EventTypeMap types)
    {
        ArgumentNullException.ThrowIfNull(types);
        var known = Services.LastOrDefault(s => s.ServiceType == typeof(EventTypeMap) && Equals(s.ServiceKey, Key));
        if (known is null)
        {
            Services.Add(new(typeof(EventTypeMap), Key, types));
            return this;
        }

        var before = (known.IsKeyedService ? known.KeyedImplementationInstance : known.ImplementationInstance) as EventTypeMap
            ?? throw new InvalidOperationException($"The container makes its {nameof(EventTypeMap)} by a factory, to which no map can be added. Register every map by UseEventTypes(…).");
        if (ReferenceEquals(before, types)) return this;
        Services[Services.IndexOf(known)] = new(typeof(EventTypeMap), Key, EventTypeMap.Join([before, types], nameof(types)));
        return this;
    }

    /// <summary>Chooses the log. For packages of backends; the container disposes the log. Called again, the last call is effective: a test replaces the log of the application.</summary>
    /// <param name="open">Opens the log when the store is first resolved.</param>
    public EventSourcingBuilder UseLog(Func<IServiceProvider, IEventLog> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        for (var i = Services.Count - 1; i >= 0; i--)
            if (Services[i].ServiceType == typeof(IEventLog) && Equals(Services[i].ServiceKey, Key)) Services.RemoveAt(i);
        AddSingleton(open);
        return this;
    }

    /// <summary>Changes the settings that all subscriptions of the store share, such as the timeout of leases. May be called several times; each call changes what those before it have set.</summary>
    /// <param name="configure">Changes the settings; called when <see cref="EventBus"/> is first resolved. A time provider that is not set is the container's.</param>
    /// <exception cref="ArgumentException">The delegate is asynchronous.</exception>
    /// <example><c>es.ConfigureSubscriptions(o => o.LeaseTimeout = TimeSpan.FromSeconds(2))</c></example>
    public EventSourcingBuilder ConfigureSubscriptions(Action<EventBusOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        Services.Add(new(typeof(SubscriptionSettings), Key, new SubscriptionSettings(configure)));
        return this;
    }

    /// <summary>Adds a singleton under the store's key.</summary>
    internal void AddSingleton<T>(Func<IServiceProvider, T> make) where T : class =>
        Services.Add(Key is null ? new(typeof(T), make, ServiceLifetime.Singleton) : new(typeof(T), Key, (services, _) => make(services), ServiceLifetime.Singleton));

    internal sealed record SubscriptionSettings(Action<EventBusOptions> Configure);
}
