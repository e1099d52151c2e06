using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing.DependencyInjection;

/// <summary>Resolves the services of a store with a key or without one. A container that knows no keys is asked for those without only.</summary>
internal static class KeyedServices
{
    internal static T? GetKeyed<T>(this IServiceProvider services, string? key) where T : class =>
        key is null ? services.GetService<T>() : services.GetKeyedService<T>(key);

    internal static IEnumerable<T> GetAllKeyed<T>(this IServiceProvider services, string? key) where T : class =>
        key is null ? services.GetServices<T>() : services.GetKeyedServices<T>(key);
}
