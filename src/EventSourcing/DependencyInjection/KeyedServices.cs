using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing.DependencyInjection;

/// <summary>Resolves the services of a store with or without a key. Also works with containers that do not support keys, for services without a key.</summary>
internal static class KeyedServices
{
    internal static T? GetKeyed<T>(this IServiceProvider services, string? key) where T : class =>
        key is null ? services.GetService<T>() : services.GetKeyedService<T>(key);

    internal static IEnumerable<T> GetAllKeyed<T>(this IServiceProvider services, string? key) where T : class =>
        key is null ? services.GetServices<T>() : services.GetKeyedServices<T>(key);

    /// <summary>The mode in which a projection was added to a store; null when it was not.</summary>
    internal static ViewMode? FindMode(this IServiceCollection services, string? key, Type? projection) => services
        .Where(s => s.ServiceType == typeof(ProjectionRegistration) && Equals(s.ServiceKey, key))
        .Select(s => (ProjectionRegistration)(s.IsKeyedService ? s.KeyedImplementationInstance : s.ImplementationInstance)!)
        .FirstOrDefault(added => added.Projection == projection)?.Mode;
}
