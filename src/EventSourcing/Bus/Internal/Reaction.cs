using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EventSourcing.Bus;

/// <summary>Sends commands in reaction to events. The id of a command is the same whenever its event is delivered.</summary>
/// <typeparam name="TCommand">The commands' type.</typeparam>
internal sealed class Reaction<TCommand>(string name, ICommandBus bus) where TCommand : notnull
{
    /// <summary>Creates a handler that sends at most one command for an event.</summary>
    internal Func<TEvent, EventEnvelope, CancellationToken, Task> One<TEvent>(Func<TEvent, EventEnvelope, TCommand?> react) => (data, e, cancellationToken) =>
        react(data, e) is { } command ? SendAsync(e, [command], cancellationToken) : Task.CompletedTask;

    /// <summary>Creates a handler that sends any number of commands for an event.</summary>
    internal Func<TEvent, EventEnvelope, CancellationToken, Task> Many<TEvent>(Func<TEvent, EventEnvelope, IEnumerable<TCommand>> react) => (data, e, cancellationToken) =>
        SendAsync(e, react(data, e), cancellationToken);

    /// <summary>Creates a handler that sends any number of commands, which are determined asynchronously.</summary>
    internal Func<TEvent, EventEnvelope, CancellationToken, Task> Many<TEvent>(Func<TEvent, EventEnvelope, CancellationToken, Task<IEnumerable<TCommand>>> react) =>
        async (data, e, cancellationToken) => await SendAsync(e, await react(data, e, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    private async Task SendAsync(EventEnvelope e, IEnumerable<TCommand> commands, CancellationToken cancellationToken)
    {
        if (commands is null) throw new InvalidOperationException($"Reaction '{name}' gave null for the event at position {e.Position}, not its commands. Return an empty list for no command.");
        TCommand[] all = [.. commands];
        for (var i = 0; i < all.Length; i++)
        {
            if (all[i] is null) throw new InvalidOperationException($"Command {i + 1} of reaction '{name}' for the event at position {e.Position} is null. Omit it.");
            var id = CommandIdOf(e.EventId, e.Ordinal, i);
            // A single command is recognized by its id, also if the code now returns another command. With several commands, omitting one would
            // give its id to the next one; so they are also compared by their JSON, as commands without a fingerprint are.
            await bus.SendAsync(all[i], new() { CommandId = id.ToString(), Fingerprint = all.Length == 1 ? id.ToByteArray() : default }, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// UUID version 8 (RFC 9562, section 5.8), made from a name as its appendix B.2 shows: the first 128 bits of SHA-256 over the event's id as
    /// the namespace, 16 bytes in network order, and <c>name/index</c> in UTF-8, then version and variant; of events that share an id with others, from the second on
    /// <c>name/index/ordinal</c>. Must never change: repeats are known by it.
    /// </summary>
    private Guid CommandIdOf(Guid eventId, int ordinal, int index)
    {
        var place = ordinal == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{name}/{index}")
            : string.Create(CultureInfo.InvariantCulture, $"{name}/{index}/{ordinal}");
        byte[] hashed = [.. eventId.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(place)];
        var hash = SHA256.HashData(hashed);
        hash[6] = (byte)(0x80 | (hash[6] & 0x0F));
        hash[8] = (byte)(0x80 | (hash[8] & 0x3F));
        return new(hash.AsSpan(0, 16), bigEndian: true);
    }
}

/// <summary>Creates reactions.</summary>
internal static class Reaction
{
    /// <summary>A reaction after the check that its commands have a handler.</summary>
    /// <exception cref="InvalidOperationException">There is no command bus, or it has no handler for the commands.</exception>
    internal static Reaction<TCommand> To<TCommand>(string name, ICommandBus? bus) where TCommand : notnull
    {
        if (bus is null)
            throw new InvalidOperationException($"'{name}' reacts with {typeof(TCommand)}, and this event bus has no command bus to send it. Pass one: new EventBus(store, commands: …); in a container, add a command handler.");
        if (!bus.Handles(typeof(TCommand)))
            throw new InvalidOperationException($"'{name}' reacts with {typeof(TCommand)}, and the command bus has no handler for it. Add one: AddCommandHandler<{typeof(TCommand).Name}, …>() in a container, handlers.Add(…) for a CommandBus.");
        return new(name, bus);
    }
}
