using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing.Hosting.Internal;

/// <summary>Resolves what belongs to one of the container's stores.</summary>
internal static class Stores
{
    internal static T Get<T>(IServiceProvider services, string? key) where T : notnull =>
        key is null ? services.GetRequiredService<T>() : services.GetRequiredKeyedService<T>(key);

    internal static IEnumerable<T> GetAll<T>(IServiceProvider services, string? key) =>
        key is null ? services.GetServices<T>() : services.GetKeyedServices<T>(key);
}
