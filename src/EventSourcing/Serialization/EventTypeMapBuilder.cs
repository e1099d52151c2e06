using System.Text.Json.Serialization.Metadata;
using EventSourcing.Storage;

namespace EventSourcing.Serialization;

/// <summary>Collects the entries of an <see cref="EventTypeMap"/>. Not thread-safe; of no use once the map is built.</summary>
public sealed class EventTypeMapBuilder
{
    private readonly List<EventType> _types = [];
    private bool _built;

    internal EventTypeMapBuilder()
    {
    }

    /// <summary>Adds an event type.</summary>
    /// <typeparam name="T">The event's CLR type, exactly: derived types need entries of their own.</typeparam>
    /// <param name="name">The stored name, 1 to 512 bytes of UTF-8; never changed once events are stored under it.</param>
    /// <param name="contract">The JSON contract, best from a source-generated context.</param>
    /// <param name="tags">Tag rules: a tag's name and the top-level JSON property that gives its value.</param>
    /// <param name="aliases">Further names that are read as this type: those of events appended in SQL, or of a type that was renamed. They are never
    /// written; tag rules, queries and conditions by the type hold for all of its names.</param>
    /// <exception cref="ArgumentException">A name or the type has an entry, a name is not valid, or a tag rule names no property that the contract writes.</exception>
    /// <exception cref="InvalidOperationException">The map is built.</exception>
    public EventTypeMapBuilder Add<T>(
        string name, JsonTypeInfo<T> contract, IReadOnlyList<(string Tag, string Property)>? tags = null, IReadOnlyList<string>? aliases = null)
        where T : notnull
    {
        if (_built) throw new InvalidOperationException("The map is built; entries are added before.");
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(contract);
        Name.ThrowIfInvalid(name, "event type name", nameof(name));
        foreach (var alias in aliases ?? []) Name.ThrowIfInvalid(alias ?? "", "event type name", nameof(aliases));
        var type = new EventType(name, contract, [.. (tags ?? []).Select(rule => Checked(rule, name, contract))], [.. aliases ?? []]);
        if (type.Aliases.Contains(name) || type.Aliases.Distinct().Count() < type.Aliases.Count)
            throw new ArgumentException($"'{name}' for {typeof(T)} has a name twice: {string.Join(", ", type.Names)}.", nameof(aliases));
        if (_types.Find(t => t.ClrType == typeof(T) || t.Names.Intersect(type.Names).Any()) is { } other)
            throw new ArgumentException($"'{string.Join("', '", type.Names)}' for {typeof(T)} collides with '{string.Join("', '", other.Names)}' for {other.ClrType}.", nameof(name));
        contract.Options.MakeReadOnly();
        _types.Add(type);
        return this;
    }

    internal EventTypeMap Build()
    {
        _built = true;
        return new(_types);
    }

    private static TagRule Checked((string Tag, string Property) rule, string name, JsonTypeInfo contract)
    {
        _ = new Tag(rule.Tag, "");
        // A property that is ignored is in the contract without a getter.
        var written = contract.Properties.Where(p => p.Get is not null).Select(p => p.Name).ToArray();
        if (!written.Contains(rule.Property))
            throw new ArgumentException($"Event type '{name}' writes no JSON property '{rule.Property}' for its tag '{rule.Tag}'; it writes {string.Join(", ", written)}.", nameof(rule));
        return new(rule.Tag, rule.Property);
    }
}
