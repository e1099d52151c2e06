using System.Text.Json.Serialization.Metadata;
using EventSourcing.Commands;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Which handler decides which type of command. Not thread-safe; of no use once the bus is made.</summary>
public sealed class CommandHandlers
{
    private readonly Dictionary<Type, CommandType> _types = [];

    internal CommandHandlers()
    {
    }

    internal IReadOnlyDictionary<Type, CommandType> Types => _types;

    /// <summary>Adds a handler. The command's name is its CLR type's short name.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <param name="contract">The command's JSON contract, best from a source-generated context: a repeated command is recognised by its name and its JSON.</param>
    /// <param name="handler">The handler; thread-safe.</param>
    /// <exception cref="ArgumentException">The type has a handler, or another command has the name.</exception>
    public CommandHandlers Add<TCommand>(JsonTypeInfo<TCommand> contract, ICommandHandler<TCommand> handler) where TCommand : notnull =>
        Add(NameOf(typeof(TCommand)), contract, handler);

    /// <summary>Adds a handler as a function. The command's name is its CLR type's short name.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <param name="contract">The command's JSON contract; see the other overload.</param>
    /// <param name="handle">Does what <see cref="ICommandHandler{TCommand}.HandleAsync"/> says; thread-safe.</param>
    /// <exception cref="ArgumentException">The type has a handler, or another command has the name.</exception>
    public CommandHandlers Add<TCommand>(
        JsonTypeInfo<TCommand> contract, Func<TCommand, CommandContext, CancellationToken, ValueTask<IEnumerable<object>>> handle) where TCommand : notnull =>
        Add(NameOf(typeof(TCommand)), contract, handle);

    /// <summary>Adds a handler of a command that has a name of its own, as where two types have one short name.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <param name="name">The command's name in fingerprints and traces, 1 to 512 bytes of UTF-8. Changed, a repeat of a command executed before is refused as another command.</param>
    /// <param name="contract">The command's JSON contract; see the other overload.</param>
    /// <param name="handler">The handler; thread-safe.</param>
    /// <exception cref="ArgumentException">The type has a handler, another command has the name, or the name is not valid.</exception>
    public CommandHandlers Add<TCommand>(string name, JsonTypeInfo<TCommand> contract, ICommandHandler<TCommand> handler) where TCommand : notnull
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add(name, contract, handler.HandleAsync);
    }

    /// <summary>Adds a handler as a function, of a command that has a name of its own.</summary>
    /// <typeparam name="TCommand">The command's CLR type, exactly.</typeparam>
    /// <param name="name">The command's name; see the other overload.</param>
    /// <param name="contract">The command's JSON contract; see the other overload.</param>
    /// <param name="handle">Does what <see cref="ICommandHandler{TCommand}.HandleAsync"/> says; thread-safe.</param>
    /// <exception cref="ArgumentException">The type has a handler, another command has the name, or the name is not valid.</exception>
    public CommandHandlers Add<TCommand>(
        string name, JsonTypeInfo<TCommand> contract, Func<TCommand, CommandContext, CancellationToken, ValueTask<IEnumerable<object>>> handle) where TCommand : notnull
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(contract);
        ArgumentNullException.ThrowIfNull(handle);
        ThrowIfInvalid(name, nameof(name));
        Add(new(name, typeof(TCommand), contract, async (command, context, cancellationToken) =>
            context.Add(await handle((TCommand)command, context, cancellationToken).ConfigureAwait(false))));
        return this;
    }

    /// <summary>The name of a command that is given none.</summary>
    internal static string NameOf(Type command) => command.Name;

    internal static void ThrowIfInvalid(string name, string parameter) => Name.ThrowIfInvalid(name, "command name", parameter);

    /// <summary>What is wrong with two commands of one name.</summary>
    internal static string Collision(string name, Type command, Type other) =>
        $"The command '{name}' is {other} already, not {command}: commands are told apart by their names. Give one of the two another name where it is registered.";

    private void Add(CommandType type)
    {
        if (!_types.TryAdd(type.ClrType, type)) throw new ArgumentException($"{type.ClrType} has a handler already: a command is decided in one place.", nameof(type));
        if (_types.Values.FirstOrDefault(other => other.Name == type.Name && other != type) is not { } known) return;
        _types.Remove(type.ClrType);
        throw new ArgumentException(Collision(type.Name, type.ClrType, known.ClrType), nameof(type));
    }
}
