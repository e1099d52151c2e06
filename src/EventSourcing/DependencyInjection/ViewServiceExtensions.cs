using System.Diagnostics.CodeAnalysis;
using EventSourcing.DependencyInjection;
using EventSourcing.Internal;
using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EventSourcing;

/// <summary>Adds views to a container: the first call registers <see cref="EventViews"/> as a singleton, on the store's <see cref="EventBus"/>, and every <see cref="IView{TRow}"/>.</summary>
public static class ViewServiceExtensions
{
    /// <summary>Adds a projection, as a view set of its own. <see cref="IView{TRow}"/> of its document reads it. The package EventSourcing.Hosting runs it with the host; without a host, start it by <see cref="EventViews.StartAsync"/>. Added twice, it counts once.</summary>
    /// <typeparam name="TProjection">The projection: one instance for the process, made by the container.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <exception cref="InvalidOperationException">The projection was added with another mode.</exception>
    /// <example><c>services.AddEventSourcing(es => es.UseSqlite("orders.db").UseEventTypes(Types).AddProjection&lt;OrderList&gt;())</c></example>
    public static EventSourcingBuilder AddProjection<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProjection>(this EventSourcingBuilder builder)
        where TProjection : Projection => builder.AddProjection<TProjection>(ViewMode.Async);

    /// <summary>Adds a projection, as a view set of its own, in a mode. As <see cref="AddProjection{TProjection}(EventSourcingBuilder)"/>; a live view needs no start. Added twice in one mode, it counts once.</summary>
    /// <typeparam name="TProjection">The projection: one instance for the process, made by the container.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="mode">When the projection handles events. A mode that the projection does not allow is refused when <see cref="EventViews"/> is first resolved, with a <see cref="NotSupportedException"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such mode.</exception>
    /// <exception cref="InvalidOperationException">The projection was added with another mode.</exception>
    /// <example><c>es.AddProjection&lt;OrderSummary&gt;(ViewMode.Inline)</c></example>
    public static EventSourcingBuilder AddProjection<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProjection>(this EventSourcingBuilder builder, ViewMode mode)
        where TProjection : Projection
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (!Enum.IsDefined(mode)) throw new ArgumentOutOfRangeException(nameof(mode), mode, $"Projection {typeof(TProjection).Name} cannot have mode {mode}: there is no such mode.");
        if (builder.Services.FindMode(builder.Key, typeof(TProjection)) is not { } before)
            builder.Services.Add(new(typeof(ProjectionRegistration), builder.Key, new ProjectionRegistration(typeof(TProjection), mode)));
        else if (before != mode)
            throw new InvalidOperationException($"Projection {typeof(TProjection).Name} is added in two modes, {before} and {mode}. A projection has one mode: add it once, or make a second projection with a name of its own.");
        builder.Services.TryAddEnumerable(new ServiceDescriptor(typeof(Projection), builder.Key, typeof(TProjection), ServiceLifetime.Singleton));
        return AddViews(builder);
    }

    /// <summary>Adds a view set: projections that run together. The same instance added twice counts once.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="set">The set.</param>
    public static EventSourcingBuilder AddViewSet(this EventSourcingBuilder builder, ViewSet set)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(set);
        if (!builder.Services.Any(s => s.ServiceType == typeof(ViewSet) && Equals(s.ServiceKey, builder.Key) && ReferenceEquals(s.IsKeyedService ? s.KeyedImplementationInstance : s.ImplementationInstance, set)))
            builder.Services.Add(new(typeof(ViewSet), builder.Key, set));
        return AddViews(builder);
    }

    /// <summary>Adds a view set whose projections take something from the container.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="make">Makes the set; called once, when <see cref="EventViews"/> is first resolved.</param>
    public static EventSourcingBuilder AddViewSet(this EventSourcingBuilder builder, Func<IServiceProvider, ViewSet> make)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(make);
        builder.AddSingleton(make);
        return AddViews(builder);
    }

    /// <summary>Changes the settings that all views of the store share. May be called several times; each call changes what those before it have set.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the settings; called when <see cref="EventViews"/> is first resolved.</param>
    /// <exception cref="ArgumentException">The delegate is asynchronous.</exception>
    /// <example><c>es.ConfigureViews(o => o.WhileBuilding = WhileBuilding.Fail)</c></example>
    public static EventSourcingBuilder ConfigureViews(this EventSourcingBuilder builder, Action<EventViewsOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        builder.Services.Add(new(typeof(ViewSettings), builder.Key, new ViewSettings(configure)));
        return builder;
    }

    private static EventSourcingBuilder AddViews(EventSourcingBuilder builder)
    {
        var (services, key) = (builder.Services, builder.Key);
        if (services.Any(s => s.ServiceType == typeof(EventViews) && Equals(s.ServiceKey, key))) return builder;
        builder.AddSingleton(provider => Make(provider, key));
        services.Add(new(typeof(IView<>), key, key is null ? typeof(InjectedView<>) : typeof(KeyedInjectedView<>), ServiceLifetime.Singleton));
        foreach (var registration in services.Where(s => !s.IsKeyedService).Select(s => s.ImplementationInstance).OfType<EventStoreRegistration>())
            if (registration.Key == key) registration.HasViews = true;
        return builder;
    }

    private static EventViews Make(IServiceProvider provider, string? key)
    {
        var options = new EventViewsOptions();
        foreach (var settings in provider.GetAllKeyed<ViewSettings>(key)) settings.Configure(options);
        var modes = provider.GetAllKeyed<ProjectionRegistration>(key).ToDictionary(added => added.Projection, added => added.Mode);
        var sets = provider.GetAllKeyed<Projection>(key).Select(projection => new ViewSet(projection) { Mode = modes.GetValueOrDefault(projection.GetType()) }).Concat(provider.GetAllKeyed<ViewSet>(key));
        return new(provider.GetKeyed<EventBus>(key)!, sets, options);
    }

    private sealed record ViewSettings(Action<EventViewsOptions> Configure);
}
