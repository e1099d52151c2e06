using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
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
    }

    /// <summary>A map without entries, for stores that are read raw only.</summary>
    public static EventTypeMap Empty { get; } = new([]);

    /// <summary>Every entry, in the order added.</summary>
    public IReadOnlyCollection<EventType> Types { get; }

    /// <summary>Builds a map; it does not change afterwards.</summary>
    /// <param name="build">Adds the entries.</param>
    /// <exception cref="ArgumentException">A name or type is added twice, an entry is not valid, or the delegate is asynchronous.</exception>
    public static EventTypeMap Create(Action<EventTypeMapBuilder> build)
    {
        ArgumentNullException.ThrowIfNull(build);
        SynchronousDelegate.ThrowIfAsync(build, nameof(build));
        var builder = new EventTypeMapBuilder();
        build(builder);
        return builder.Build();
    }

    /// <summary>The entry of a CLR type, exactly this one; false when there is none.</summary>
    /// <param name="clrType">The type.</param>
    /// <param name="type">The entry.</param>
    public bool TryGet(Type clrType, [NotNullWhen(true)] out EventType? type) => _byClrType.TryGetValue(clrType, out type);

    /// <summary>The entry of a stored name; false when there is none.</summary>
    /// <param name="name">The stored name, or an alias.</param>
    /// <param name="type">The entry.</param>
    public bool TryGet(string name, [NotNullWhen(true)] out EventType? type) => _byName.TryGetValue(name, out type);

    /// <summary>What a higher floor makes of the map: made once, and shared by all who have the map.</summary>
    internal T Companion<T>(Func<EventTypeMap, T> make) where T : class =>
        (T)(Volatile.Read(ref _companion) ?? Interlocked.CompareExchange(ref _companion, make(this), null) ?? _companion);
}
