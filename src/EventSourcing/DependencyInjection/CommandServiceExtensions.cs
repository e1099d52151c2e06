using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EventSourcing;

/// <summary>Puts command handlers into a container.</summary>
public static class CommandServiceExtensions
{
    /// <summary>Registers a handler, made anew in a scope of its own for each decision, and <see cref="ICommandBus"/> as a singleton. Said twice, it counts once.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <typeparam name="THandler">The handler; its constructor takes what it needs from the container.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="contract">The command's JSON contract, best from a source-generated context: a repeated command is recognised by its JSON.</param>
    /// <exception cref="ArgumentException">The command has another handler, or another command has its CLR type's short name.</exception>
    public static EventSourcingBuilder AddCommandHandler<TCommand, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this EventSourcingBuilder builder, JsonTypeInfo<TCommand> contract)
        where TCommand : notnull
        where THandler : class, ICommandHandler<TCommand> =>
        builder.AddCommandHandler<TCommand, THandler>(CommandHandlers.NameOf(typeof(TCommand)), contract);

    /// <summary>Registers a handler of a command that has a name of its own, as where two types have one short name; otherwise as the other overload.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <typeparam name="THandler">The handler; its constructor takes what it needs from the container.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The command's name in fingerprints and traces, 1 to 512 bytes of UTF-8. Changed, a repeat of a command executed before is refused as another command.</param>
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
        var services = builder.Services;
        foreach (var service in services)
        {
            if (service.IsKeyedService || service.ImplementationInstance is not Registration other) continue;
            if (other.Command == typeof(TCommand) && other.Handler == typeof(THandler) && other.Name == name) return builder;
            if (other.Command == typeof(TCommand))
                throw new ArgumentException($"{typeof(TCommand)} is handled by {other.Handler} as '{other.Name}' already, not by {typeof(THandler)} as '{name}': a command is decided in one place.", nameof(builder));
            if (other.Name == name) throw new ArgumentException(CommandHandlers.Collision(name, typeof(TCommand), other.Command), nameof(builder));
        }

        services.TryAddTransient<THandler>();
        services.AddSingleton(new Registration(name, typeof(TCommand), typeof(THandler), (handlers, scopes) => handlers.Add(name, contract, (command, context, cancellationToken) =>
            HandleAsync<TCommand, THandler>(scopes, command, context, cancellationToken))));
        services.TryAddSingleton<ICommandBus>(Make);
        return builder;
    }

    private static CommandBus Make(IServiceProvider services)
    {
        var scopes = services.GetRequiredService<IServiceScopeFactory>();
        return new(services.GetRequiredService<IEventStore>(), handlers =>
        {
            foreach (var registration in services.GetServices<Registration>()) registration.Add(handlers, scopes);
        });
    }

    private static async ValueTask<IEnumerable<object>> HandleAsync<TCommand, THandler>(
        IServiceScopeFactory scopes, TCommand command, CommandContext context, CancellationToken cancellationToken)
        where TCommand : notnull
        where THandler : class, ICommandHandler<TCommand>
    {
        var scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            var events = await scope.ServiceProvider.GetRequiredService<THandler>().HandleAsync(command, context, cancellationToken).ConfigureAwait(false);
            // Enumerated within the scope: an iterator may still use what the scope disposes.
            return events is null ? events! : [.. events];
        }
    }

    private sealed record Registration(string Name, Type Command, Type Handler, Action<CommandHandlers, IServiceScopeFactory> Add);
}
