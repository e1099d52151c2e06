using System.Runtime.InteropServices;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>One alternative of an <see cref="EventQuery"/>: one of the types, and all the tags, and the category, and the stream. Immutable.</summary>
public sealed class EventQueryItem
{
    private readonly Type[] _clrTypes;

    // Null where the item names nothing but CLR types.
    private readonly LogQueryItem? _stored;

    /// <summary>An item over stored names.</summary>
    /// <param name="types">Stored type names of which an event has one; empty requires nothing of the type.</param>
    /// <param name="tags">Tags of which an event has all; empty requires none.</param>
    /// <param name="category">The stream's category, or null.</param>
    /// <param name="stream">The stream, or null.</param>
    /// <exception cref="ArgumentException">There is no criterion at all, or a name is not valid.</exception>
    public EventQueryItem(IEnumerable<string>? types = null, IEnumerable<Tag>? tags = null, string? category = null, StreamId? stream = null)
        : this([], new LogQueryItem(types, tags, category, stream))
    {
    }

    internal EventQueryItem(Type[] clrTypes, LogQueryItem? stored) => (_clrTypes, _stored) = (clrTypes, stored);

    /// <summary>Stored type names, any of which matches beside the CLR types; empty when the type is free.</summary>
    public IReadOnlyList<string> Types => ImmutableCollectionsMarshal.AsImmutableArray(_stored?.TypeArray ?? []);

    /// <summary>Tags that an event must all carry, each once; empty when tags are free.</summary>
    public IReadOnlyList<Tag> Tags => ImmutableCollectionsMarshal.AsImmutableArray(_stored?.TagArray ?? []);

    /// <summary>The category of the event's stream, or null when it is free.</summary>
    public string? Category => _stored?.Category;

    /// <summary>The event's stream, or null when it is free.</summary>
    public StreamId? Stream => _stored?.Stream;

    /// <summary>Criteria joined by AND.</summary>
    public override string ToString() => LogQueryItem.Describe([.. Types, .. _clrTypes.Select(t => t.Name)], _stored);

    /// <summary>True when the type map has to give names.</summary>
    internal bool HasClrTypes => _clrTypes.Length > 0;

    /// <summary>The item with more criteria beside its types.</summary>
    internal EventQueryItem Narrow(Func<LogQueryItem?, LogQueryItem> narrow) => new(_clrTypes, narrow(_stored));

    /// <summary>True when an event that the item finds may read as an event of a type that the item does not name.</summary>
    internal bool FindsOthers(EventTypeMap types) =>
        HasClrTypes && !types.Upcasts.IsEmpty && types.Types.Any(type => !types.Upcasts.ReadsOnlyAs(type, _clrTypes) && Array.Exists(_clrTypes, clrType => types.Upcasts.MayReadAs(type, clrType)));

    /// <summary>True when the item names the type of a decoded event, by its CLR type or by its stored name.</summary>
    internal bool Names(object data, string type) => (!HasClrTypes && Types.Count == 0) || Array.IndexOf(_clrTypes, data.GetType()) >= 0 || Types.Contains(type);

    /// <summary>The item by stored names.</summary>
    /// <exception cref="UnknownEventTypeException">A CLR type has no entry in the type map, or no stored event reads as it.</exception>
    internal LogQueryItem Resolve(EventTypeMap types)
    {
        if (!HasClrTypes) return _stored!;
        var names = new List<string>(_stored?.TypeArray ?? []);
        foreach (var clrType in _clrTypes)
        {
            if (!types.TryGet(clrType, out var type)) throw new UnknownEventTypeException(clrType);
            if (type.IsUpcastOnly) throw UnknownEventTypeException.NothingReadsAs(type);
            foreach (var name in types.Upcasts.NamesOf(type))
                if (!names.Contains(name)) names.Add(name);
        }

        return new([.. names], _stored?.TagArray ?? [], Category, Stream);
    }
}
