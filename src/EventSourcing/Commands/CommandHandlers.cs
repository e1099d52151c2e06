using System.Text.Json.Serialization.Metadata;
using EventSourcing.Commands;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Adds the handlers of commands to a bus, one for each type of command. Not thread-safe; without effect once the bus is created.</summary>
public sealed class CommandHandlers
{
    private readonly Dictionary<Type, CommandType> _types = [];

    internal CommandHandlers()
    {
    }

    internal IReadOnlyDictionary<Type, CommandType> Types => _types;

    /// <summary>Adds a handler. The command's name is its CLR type's short name.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <param name="contract">The command's JSON contract, from a source-generated context: a repeated command is identified by its name and its JSON.</param>
    /// <param name="handler">The handler; thread-safe.</param>
    /// <exception cref="ArgumentException">The type has a handler, or another command has the name.</exception>
    public CommandHandlers Add<TCommand>(JsonTypeInfo<TCommand> contract, ICommandHandler<TCommand> handler) where TCommand : notnull =>
        Add(NameOf(typeof(TCommand)), contract, handler);

    /// <summary>Adds a handler as a function. The command's name is its CLR type's short name.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <param name="contract">The command's JSON contract; see the other overload.</param>
    /// <param name="handle">The handler's function, as <see cref="ICommandHandler{TCommand}.HandleAsync"/>; thread-safe.</param>
    /// <exception cref="ArgumentException">The type has a handler, or another command has the name.</exception>
    public CommandHandlers Add<TCommand>(
        JsonTypeInfo<TCommand> contract, Func<TCommand, CommandContext, CancellationToken, Task<IEnumerable<object>>> handle) where TCommand : notnull =>
        Add(NameOf(typeof(TCommand)), contract, handle);

    /// <summary>Adds a handler of a command with a name that does not depend on its CLR type: the type may be renamed, and two types may have one short name.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <param name="name">The command's name in fingerprints and traces, 1 to 512 bytes of UTF-8. Keep it: under another name, a repeat of a command executed before is refused as a different command.</param>
    /// <param name="contract">The command's JSON contract; see the other overload.</param>
    /// <param name="handler">The handler; thread-safe.</param>
    /// <exception cref="ArgumentException">The type has a handler, another command has the name, or the name is not valid.</exception>
    public CommandHandlers Add<TCommand>(string name, JsonTypeInfo<TCommand> contract, ICommandHandler<TCommand> handler) where TCommand : notnull
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add(name, contract, handler.HandleAsync);
    }

    /// <summary>Adds a handler as a function, of a command with a name that does not depend on its CLR type.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <param name="name">The command's name; see the other overload.</param>
    /// <param name="contract">The command's JSON contract; see the other overload.</param>
    /// <param name="handle">The handler's function, as <see cref="ICommandHandler{TCommand}.HandleAsync"/>; thread-safe.</param>
    /// <exception cref="ArgumentException">The type has a handler, another command has the name, or the name is not valid.</exception>
    public CommandHandlers Add<TCommand>(
        string name, JsonTypeInfo<TCommand> contract, Func<TCommand, CommandContext, CancellationToken, Task<IEnumerable<object>>> handle) where TCommand : notnull
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(contract);
        ArgumentNullException.ThrowIfNull(handle);
        ThrowIfInvalid(name, nameof(name));
        Add(new(name, typeof(TCommand), contract, async (command, context, cancellationToken) =>
            context.Add(await handle((TCommand)command, context, cancellationToken).ConfigureAwait(false))));
        return this;
    }

    /// <summary>The name of a command that is registered without one.</summary>
    internal static string NameOf(Type command) => command.Name;

    internal static void ThrowIfInvalid(string name, string parameter) => Name.ThrowIfInvalid(name, "command name", parameter);

    /// <summary>The message about two commands of one name.</summary>
    internal static string Collision(string name, Type command, Type other) =>
        $"The command name '{name}' is taken by {other}, so {command} cannot have it: a command is identified by its name. Register one of the two with another name: Add(\"other-name\", …).";

    /// <summary>The message about a command without handler.</summary>
    internal static string Missing(Type command) =>
        $"{command} has no handler. Add one: handlers.Add(YourJsonContext.Default.{command.Name}, handler) where the bus is created, or AddCommandHandler<{command.Name}, …>(YourJsonContext.Default.{command.Name}) in the container.";

    private void Add(CommandType type)
    {
        if (_types.TryGetValue(type.ClrType, out var known))
            throw new ArgumentException($"{type.ClrType} has a handler already, as command '{known.Name}'. A command has one handler: remove one of the two.", nameof(type));
        if (_types.Values.FirstOrDefault(other => other.Name == type.Name) is { } other) throw new ArgumentException(Collision(type.Name, type.ClrType, other.ClrType), nameof(type));
        _types.Add(type.ClrType, type);
    }
}
