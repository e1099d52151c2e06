using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Commands;

/// <summary>Which handler decides which type of command. Not thread-safe; of no use once the bus is made.</summary>
public sealed class CommandHandlers
{
    private readonly Dictionary<Type, CommandType> _types = [];

    internal CommandHandlers()
    {
    }

    internal IReadOnlyDictionary<Type, CommandType> Types => _types;

    /// <summary>Adds a handler.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <param name="contract">The command's JSON contract, best from a source-generated context: a repeated command is recognised by its JSON.</param>
    /// <param name="handler">The handler; thread-safe.</param>
    /// <exception cref="ArgumentException">The type has a handler.</exception>
    public CommandHandlers Add<TCommand>(JsonTypeInfo<TCommand> contract, ICommandHandler<TCommand> handler) where TCommand : notnull
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add(contract, handler.HandleAsync);
    }

    /// <summary>Adds a handler as a function.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <param name="contract">The command's JSON contract; see the other overload.</param>
    /// <param name="handle">Does what <see cref="ICommandHandler{TCommand}.HandleAsync"/> says; thread-safe.</param>
    /// <exception cref="ArgumentException">The type has a handler.</exception>
    public CommandHandlers Add<TCommand>(
        JsonTypeInfo<TCommand> contract, Func<TCommand, CommandContext, CancellationToken, ValueTask<IEnumerable<object>>> handle) where TCommand : notnull
    {
        ArgumentNullException.ThrowIfNull(contract);
        ArgumentNullException.ThrowIfNull(handle);
        Add(new(typeof(TCommand), contract, async (command, context, cancellationToken) =>
            context.Add(await handle((TCommand)command, context, cancellationToken).ConfigureAwait(false))));
        return this;
    }

    internal void Add(CommandType type)
    {
        if (!_types.TryAdd(type.ClrType, type)) throw new ArgumentException($"{type.ClrType} has a handler already: a command is decided in one place.", nameof(type));
    }
}
