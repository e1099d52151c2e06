using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using EventSourcing.Serialization;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Which stored type name belongs to which CLR type. Nothing is found by reflection, and no CLR name is ever taken from data.</summary>
public sealed class EventTypeMap
{
    private readonly FrozenDictionary<Type, EventType> _byClrType;
    private readonly FrozenDictionary<string, EventType> _byName;
    private object? _companion;

    internal EventTypeMap(IReadOnlyCollection<EventType> types)
    {
        Types = [.. types];
        _byClrType = types.ToFrozenDictionary(t => t.ClrType);
        _byName = types.SelectMany(t => t.Names, (type, name) => (type, name)).ToFrozenDictionary(t => t.name, t => t.type, StringComparer.Ordinal);
        HasConstraints = types.Any(t => t.Constraints.Length > 0);
        Upcasts = new(Types, _byClrType);
    }

    /// <summary>A map without entries, for stores that are read raw only.</summary>
    public static EventTypeMap Empty { get; } = new([]);

    /// <summary>Every entry, in the order added.</summary>
    public IReadOnlyCollection<EventType> Types { get; }

    /// <summary>Makes a map; it does not change afterwards.</summary>
    /// <param name="context">The source-generated JSON contracts of the event types; null where every entry has a contract or a serializer of its own.</param>
    /// <param name="build">Adds the entries.</param>
    /// <exception cref="ArgumentException">A name or type is added twice, a type is not in the context, a tag names no property, the delegate is asynchronous, or a contract
    /// writes what it cannot read back: each type and property is named, with what to do.</exception>
    /// <exception cref="UpcastChainException">The upcasters have a gap, a cycle or a duplicate; both ends are named.</exception>
    public static EventTypeMap Create(JsonSerializerContext? context, Action<EventTypeMapBuilder> build)
    {
        ArgumentNullException.ThrowIfNull(build);
        SynchronousDelegate.ThrowIfAsync(build, nameof(build));
        var builder = new EventTypeMapBuilder(context);
        build(builder);
        return builder.Build();
    }

    /// <summary>A map with the entries of several: those of the modules of a program. Each entry keeps the serializers of the map that it comes from.</summary>
    /// <param name="maps">The maps, in order; a map may be there twice.</param>
    /// <exception cref="ArgumentException">Two entries have a stored name, an alias or a CLR type in common. Both are named.</exception>
    public static EventTypeMap Join(params EventTypeMap[] maps)
    {
        ArgumentNullException.ThrowIfNull(maps);
        return Join(maps, nameof(maps));
    }

    internal static EventTypeMap Join(ReadOnlySpan<EventTypeMap> maps, string parameter)
    {
        var types = new List<EventType>();
        foreach (var map in maps)
        {
            ArgumentNullException.ThrowIfNull(map, parameter);
            foreach (var type in map.Types)
            {
                if (types.Contains(type)) continue;
                if (types.Find(t => t.ClrType == type.ClrType || t.Names.Intersect(type.Names).Any()) is { } other) throw Collision(type.ClrType, type.Names, other.ClrType, other.Names, parameter);
                types.Add(type);
            }
        }

        return new(types);
    }

    /// <summary>Writes the model down: every event type with its names, its schema numbers, its tags and constraints, and the JSON Schema of every version whose shape a CLR type describes.</summary>
    /// <returns>JSON, ordered by the types' names, with lines that end in a line feed. Equal maps give equal text. A version that is upcast from JSON has no schema here; a contract file (<c>EventContract</c> of EventSourcing.Testing) keeps the one that it had.</returns>
    public string ExportCatalog() => EventCatalog.Write(this);

    /// <summary>The entry of a CLR type, exactly this one; false when there is none.</summary>
    /// <param name="clrType">The type.</param>
    /// <param name="type">The entry.</param>
    public bool TryGet(Type clrType, [NotNullWhen(true)] out EventType? type) => _byClrType.TryGetValue(clrType, out type);

    /// <summary>The entry of a stored name; false when there is none.</summary>
    /// <param name="name">The stored name, or an alias.</param>
    /// <param name="type">The entry.</param>
    public bool TryGet(string name, [NotNullWhen(true)] out EventType? type) => _byName.TryGetValue(name, out type);

    /// <summary>True when an entry has a constraint.</summary>
    internal bool HasConstraints { get; }

    /// <summary>Which types the stored events of the entries read as.</summary>
    internal UpcastGraph Upcasts { get; }

    /// <summary>The codec of the map, created once and shared.</summary>
    internal T Companion<T>(Func<EventTypeMap, T> make) where T : class =>
        (T)(Volatile.Read(ref _companion) ?? Interlocked.CompareExchange(ref _companion, make(this), null) ?? _companion);

    internal static ArgumentException Collision(Type type, IEnumerable<string> names, Type otherType, IEnumerable<string> otherNames, string parameter) => new(
        (type == otherType ? $"{ContractCheck.NameOf(type)} has two entries: " : "Two entries have a name in common: ")
        + $"'{string.Join("', '", otherNames)}' for {otherType} and '{string.Join("', '", names)}' for {type}. A type has one entry, and a name or alias is used once.", parameter);
}
