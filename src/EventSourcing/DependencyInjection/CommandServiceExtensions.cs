using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization.Metadata;
using EventSourcing.DependencyInjection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EventSourcing;

/// <summary>Adds command handlers to a container.</summary>
public static class CommandServiceExtensions
{
    /// <summary>Registers a command handler, and <see cref="ICommandBus"/> as a singleton. Each decision resolves a new handler in a scope of its own. Registered twice, it counts once.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <typeparam name="THandler">The handler, made by the container. In a store with a key, <c>[ServiceKey] string key</c> in its constructor is that key.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="contract">The command's JSON contract, best from a source-generated context. A repeated command is recognized by its JSON.</param>
    /// <exception cref="ArgumentException">The command has another handler, or another command has its CLR type's short name.</exception>
    public static EventSourcingBuilder AddCommandHandler<TCommand, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this EventSourcingBuilder builder, JsonTypeInfo<TCommand> contract)
        where TCommand : notnull
        where THandler : class, ICommandHandler<TCommand> =>
        builder.AddCommandHandler<TCommand, THandler>(CommandHandlers.NameOf(typeof(TCommand)), contract);

    /// <summary>Registers a handler of a command with a name that does not depend on its CLR type: the type may be renamed, and two types may have one short name. Otherwise as the other overload.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <typeparam name="THandler">The handler, made by the container. In a store with a key, <c>[ServiceKey] string key</c> in its constructor is that key.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The command's name in fingerprints and traces, 1 to 512 bytes of UTF-8. Keep it: under another name, a repeat of a command executed before is refused as a different command.</param>
    /// <param name="contract">The command's JSON contract; see the other overload.</param>
    /// <exception cref="ArgumentException">The command has another handler or name, another command has the name, or the name is not valid.</exception>
    public static EventSourcingBuilder AddCommandHandler<TCommand, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this EventSourcingBuilder builder, string name, JsonTypeInfo<TCommand> contract)
        where TCommand : notnull
        where THandler : class, ICommandHandler<TCommand>
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(contract);
        CommandHandlers.ThrowIfInvalid(name, nameof(name));
        var (services, key) = (builder.Services, builder.Key);
        foreach (var service in services)
        {
            if (!Equals(service.ServiceKey, key) || (service.IsKeyedService ? service.KeyedImplementationInstance : service.ImplementationInstance) is not Registration other) continue;
            if (other.Command == typeof(TCommand) && other.Handler == typeof(THandler) && other.Name == name) return builder;
            if (other.Command == typeof(TCommand))
                throw new ArgumentException($"{typeof(TCommand)} is handled by {other.Handler} as '{other.Name}' already, so {typeof(THandler)} as '{name}' cannot handle it: a command has one handler. Remove one of the two AddCommandHandler calls.", nameof(builder));
            if (other.Name == name) throw new ArgumentException(CommandHandlers.Collision(name, typeof(TCommand), other.Command), nameof(builder));
        }

        services.TryAdd(new ServiceDescriptor(typeof(THandler), key, typeof(THandler), ServiceLifetime.Transient));
        services.Add(new(typeof(Registration), key, new Registration(name, typeof(TCommand), typeof(THandler), (handlers, scopes) => handlers.Add(name, contract, (command, context, cancellationToken) =>
            HandleAsync<TCommand, THandler>(scopes, key, command, context, cancellationToken)))));
        if (!services.Any(s => s.ServiceType == typeof(ICommandBus) && Equals(s.ServiceKey, key))) builder.AddSingleton<ICommandBus>(provider => Make(provider, key));
        return builder;
    }

    private static CommandBus Make(IServiceProvider services, string? key)
    {
        var scopes = services.GetRequiredService<IServiceScopeFactory>();
        return new(services.GetKeyed<IEventStore>(key)!, handlers =>
        {
            foreach (var registration in services.GetAllKeyed<Registration>(key)) registration.Add(handlers, scopes);
        });
    }

    private static async Task<IEnumerable<object>> HandleAsync<TCommand, THandler>(
        IServiceScopeFactory scopes, string? key, TCommand command, CommandContext context, CancellationToken cancellationToken)
        where TCommand : notnull
        where THandler : class, ICommandHandler<TCommand>
    {
        var scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            var events = await scope.ServiceProvider.GetKeyed<THandler>(key)!.HandleAsync(command, context, cancellationToken).ConfigureAwait(false);
            // Enumerated within the scope: an iterator may still use what the scope disposes.
            return events is null ? events! : [.. events];
        }
    }

    private sealed record Registration(string Name, Type Command, Type Handler, Action<CommandHandlers, IServiceScopeFactory> Add);
}
