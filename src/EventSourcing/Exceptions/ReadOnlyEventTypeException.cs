using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>An event of a type that is only read was to be appended. Nothing was written.</summary>
public sealed class ReadOnlyEventTypeException : EventSourcingException
{
    /// <summary>Reports the type.</summary>
    /// <param name="type">The stored type name.</param>
    /// <param name="clrType">The CLR type of the event.</param>
    /// <param name="streamId">The stream that it was to be appended to.</param>
    /// <param name="reason">Why the type is not written, and what to do.</param>
    public ReadOnlyEventTypeException(string type, Type clrType, StreamId streamId, string reason)
        : base($"Nothing was written. {ContractCheck.NameOf(clrType ?? throw new ArgumentNullException(nameof(clrType)))} cannot be appended to stream '{streamId}' as '{type}': {reason}.") =>
        (Type, ClrType, StreamId) = (type, clrType, streamId);

    /// <summary>The stored type name.</summary>
    public string Type { get; }

    /// <summary>The CLR type of the event.</summary>
    public Type ClrType { get; }

    /// <summary>The stream that it was to be appended to.</summary>
    public StreamId StreamId { get; }
}
