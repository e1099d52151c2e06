using System.Collections.Frozen;
using System.Security.Cryptography;
using EventSourcing.Commands;
using EventSourcing.Deciding;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>The one implementation of <see cref="ICommandBus"/>, over any store.</summary>
/// <example><code>
/// var commands = new CommandBus(store, handlers => handlers.Add(ShopJson.Default.PayOrder, new PayOrderHandler()));
/// await commands.SendAsync(new PayOrder("42", 62.50m), new() { CommandId = request.Id, Metadata = new() { Actor = "ann" } });
/// </code></example>
public sealed class CommandBus : ICommandBus
{
    private readonly IEventStore _store;
    private readonly FrozenDictionary<Type, CommandType> _types;

    /// <summary>A bus on a store.</summary>
    /// <param name="store">The store; stays the caller's.</param>
    /// <param name="build">Adds the handlers.</param>
    /// <exception cref="ArgumentException">A command type is added twice, two commands have one name, or the delegate is asynchronous.</exception>
    public CommandBus(IEventStore store, Action<CommandHandlers> build)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(build);
        SynchronousDelegate.ThrowIfAsync(build, nameof(build));
        _store = store;
        var handlers = new CommandHandlers();
        build(handlers);
        _types = handlers.Types.ToFrozenDictionary();
    }

    /// <inheritdoc/>
    public bool Handles(Type command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return _types.ContainsKey(command);
    }

    /// <inheritdoc/>
    public ValueTask<AppendResult> SendAsync(object command, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        return RunAsync([command], options, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<AppendResult> SendTogetherAsync(IEnumerable<object> commands, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commands);
        object[] all = [.. commands];
        if (all.Length == 0) throw new ArgumentException("There is no command to send.", nameof(commands));
        return RunAsync(all, options, cancellationToken);
    }

    private async ValueTask<AppendResult> RunAsync(object[] commands, ExecuteOptions? given, CancellationToken cancellationToken)
    {
        var types = Array.ConvertAll(commands, TypeOfCommand);
        var options = ExecuteOptions.ValidatedOrDefault(given);
        // The validated options are a copy, and only the shared defaults have no command id.
        if (options.CommandId is not null && options.Fingerprint.IsEmpty) options.Fingerprint = Fingerprint(types, commands);
        using var observed = CommandObservation.Begin(types, options);
        // Other calls of the handler are caused by the command too.
        using var handling = EventContext.BeginScope(options.Inherited());
        try
        {
            var (result, attempts) = await DecisionLoop.RunAsync(_store, new CommandDecision(_store, types, commands, options), options, cancellationToken).ConfigureAwait(false);
            observed.Succeed(result, attempts);
            return result;
        }
        catch (Exception e) when (observed.Fail(e))
        {
            throw;
        }
    }

    private CommandType TypeOfCommand(object command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return _types.TryGetValue(command.GetType(), out var type) ? type : throw new InvalidOperationException(CommandHandlers.Missing(command.GetType()));
    }

    private static byte[] Fingerprint(CommandType[] types, object[] commands)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < commands.Length; i++) types[i].AppendTo(hash, commands[i]);
        return hash.GetHashAndReset()[..16];
    }
}
