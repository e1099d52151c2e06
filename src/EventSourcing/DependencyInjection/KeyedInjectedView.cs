using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing.DependencyInjection;

/// <summary>The view of a document in a store with a key.</summary>
internal sealed class KeyedInjectedView<TRow>([ServiceKey] string key, IServiceProvider services) : InjectedView<TRow>(services.GetRequiredKeyedService<EventViews>(key)) where TRow : class;
