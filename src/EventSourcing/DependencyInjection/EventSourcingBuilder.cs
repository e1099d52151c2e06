using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EventSourcing;

/// <summary>What an application puts into its container for event sourcing. Packages add to it by extension methods: <c>UseX</c> chooses one, <c>AddX</c> adds one of many.</summary>
public sealed class EventSourcingBuilder
{
    internal EventSourcingBuilder(IServiceCollection services) => Services = services;

    /// <summary>The container's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Uses this type map. Said again, the last holds.</summary>
    /// <param name="types">The type map.</param>
    public EventSourcingBuilder UseEventTypes(EventTypeMap types)
    {
        ArgumentNullException.ThrowIfNull(types);
        Services.Replace(ServiceDescriptor.Singleton(types));
        return this;
    }

    /// <summary>Uses a log. For packages of backends; the container disposes the log. Said again, the last holds.</summary>
    /// <param name="open">Opens the log when the store is first asked for.</param>
    public EventSourcingBuilder UseLog(Func<IServiceProvider, IEventLog> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        Services.Replace(ServiceDescriptor.Singleton(open));
        return this;
    }
}
