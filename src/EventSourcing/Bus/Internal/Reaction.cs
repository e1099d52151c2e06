using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EventSourcing.Bus;

/// <summary>Sends the commands that events lead to, each under an id that is the same whenever its event comes again.</summary>
internal sealed class Reaction(string name, ICommandBus bus)
{
    internal static InvalidOperationException NoCommands(string name) =>
        new($"'{name}' reacts with commands, and the bus was made without an {nameof(ICommandBus)} to send them.");

    internal ValueTask SendAsync(EventEnvelope e, object? command, CancellationToken cancellationToken) =>
        command is null ? default : SendAllAsync(e, [command], cancellationToken);

    internal async ValueTask SendAllAsync(EventEnvelope e, IEnumerable<object> commands, CancellationToken cancellationToken)
    {
        object[] all = [.. commands];
        for (var i = 0; i < all.Length; i++)
        {
            var id = CommandIdOf(e.EventId, e.Ordinal, i);
            // One command is known by its id, even if other code would say it differently now. Of several, one that is left out would
            // give its id to the next: so they are recognised by their JSON too, as commands are that say nothing here.
            await bus.SendAsync(all[i], new() { CommandId = id.ToString(), Fingerprint = all.Length == 1 ? id.ToByteArray() : default }, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// UUID version 8 (RFC 9562, section 5.8), made from a name as its appendix B.2 shows: the first 128 bits of SHA-256 over the event's id as
    /// the namespace, 16 bytes in network order, and <c>name/index</c> in UTF-8, then version and variant; of events that share an id with others, from the second on
    /// <c>name/index/ordinal</c>. Never to be changed: it is what repeats are known by.
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
