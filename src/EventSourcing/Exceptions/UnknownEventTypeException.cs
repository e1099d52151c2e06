using System.Text.Json;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>The type map has no entry for a stored event's type name, or for the CLR type of an event to be appended or asked for; or no stored event reads as the CLR type that is asked for.</summary>
public sealed class UnknownEventTypeException : EventSerializationException
{
    /// <summary>Reports the type and the place where it was found.</summary>
    /// <param name="type">The stored type name, or the CLR type's name.</param>
    /// <param name="streamId">The event's stream; <c>default</c> for a query.</param>
    /// <param name="position">The event's position; <see cref="GlobalPosition.Start"/> when nothing stored was read.</param>
    public UnknownEventTypeException(string type, StreamId streamId = default, GlobalPosition position = default)
        : base(type, streamId, position, position == GlobalPosition.Start
            ? $"Event type '{type}' is not registered; nothing was written or read. Add it: EventTypeMap.Create(ctx, map => map.Add<…>(\"…\"))."
            : $"The type map has no entry for '{type}', the type of the event at position {position} of stream '{streamId}'. Add an entry for it, or an alias to the entry of the type that it was renamed to: map.Add<…>(\"…\", e => e.Alias(\"{type}\")).", null)
    {
    }

    internal UnknownEventTypeException(Type type, StreamId streamId = default)
        : base(type.ToString(), streamId, GlobalPosition.Start, MessageFor(type), null)
    {
    }

    private UnknownEventTypeException(EventType type, string message) : base(type.ClrType.ToString(), default, GlobalPosition.Start, message, null)
    {
    }

    /// <summary>For a query by a type whose stored events all read as others.</summary>
    internal static UnknownEventTypeException NothingReadsAs(EventType type) => new(
        type,
        $"No stored event reads as {ContractCheck.NameOf(type.ClrType)}: events that are stored as '{type.Name}' are upcast to {type.UpcastTo!.Target(0)}. Ask for that; for the stored events themselves, use EventQuery.OfTypes(\"{type.Name}\").");

    private static string MessageFor(Type type)
    {
        var name = ContractCheck.NameOf(type);
        return $"Event type '{type}' is not registered; nothing was written or read. Add it: EventTypeMap.Create(ctx, map => map.Add<{name}>(\"{JsonNamingPolicy.KebabCaseLower.ConvertName(type.Name)}\")).";
    }
}
