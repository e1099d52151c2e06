namespace EventSourcing.Views.Declaring;

/// <summary>The stored names of the events that a projection handles.</summary>
internal static class EventNames
{
    /// <summary>A line for each event type, by its stored name, in ordinal order.</summary>
    /// <exception cref="UnknownEventTypeException">A CLR type has no entry in the type map.</exception>
    internal static IEnumerable<string> Describe(IEnumerable<Type> clrTypes, EventTypeMap types, Func<Type, bool> isForExisting, Func<Type, bool> hasOwnKey) =>
        clrTypes.Select(type => $"  event {NameOf(type, types)}{(isForExisting(type) ? ", existing document" : "")}{(hasOwnKey(type) ? ", own key" : "")}").Order(StringComparer.Ordinal);

    /// <exception cref="UnknownEventTypeException">The CLR type has no entry in the type map.</exception>
    internal static string NameOf(Type clrType, EventTypeMap types) => types.TryGet(clrType, out var type) ? type.Name : throw new UnknownEventTypeException(clrType);
}
