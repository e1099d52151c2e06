using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing.Hosting.Internal;

/// <summary>Resolves what belongs to one of the container's stores.</summary>
internal static class Stores
{
    internal static T Get<T>(IServiceProvider services, string? key) where T : notnull =>
        key is null ? services.GetRequiredService<T>() : services.GetRequiredKeyedService<T>(key);

    internal static IEnumerable<T> GetAll<T>(IServiceProvider services, string? key) =>
        key is null ? services.GetServices<T>() : services.GetKeyedServices<T>(key);

    /// <summary>The views of a store; null where it has none.</summary>
    internal static EventViews? FindViews(IServiceProvider services, EventStoreRegistration store) => store.HasViews ? Get<EventViews>(services, store.Key) : null;
}
