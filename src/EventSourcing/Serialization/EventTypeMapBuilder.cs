using System.Text.Json.Serialization.Metadata;
using EventSourcing.Serialization;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Collects the entries of an <see cref="EventTypeMap"/>. Not thread-safe; of no use once the map is built.</summary>
public sealed class EventTypeMapBuilder
{
    private readonly List<EventTypeEntry> _entries = [];
    private readonly List<IEventSerializer> _readers = [];
    private IEventSerializer? _serializer;
    private bool _built;

    internal EventTypeMapBuilder()
    {
    }

    /// <summary>Adds an event type.</summary>
    /// <typeparam name="T">The event's CLR type, exactly: derived types need entries of their own.</typeparam>
    /// <param name="name">The stored name, 1 to 512 bytes of UTF-8; never changed once events are stored under it.</param>
    /// <param name="contract">The JSON contract, best from a source-generated context. Binary entries have one too: events of the type may be inserted in SQL, as JSON.</param>
    /// <param name="tags">Tag rules: a tag's name and the top-level JSON property that gives its value. They hold for events that are stored as JSON; others have the tags of their <see cref="EventData"/> only.</param>
    /// <param name="aliases">Further names that are read as this type: those of events appended in SQL, or of a type that was renamed. They are never
    /// written; tag rules, queries and conditions by the type hold for all of its names.</param>
    /// <param name="serializer">Writes the events of this type, and reads those stored in its form; null for the map's (<see cref="UseSerializer"/>).</param>
    /// <param name="schemaVersion">The schema number that is stored with each event, 1 or more: raise it when the shape of the type's bytes changes.</param>
    /// <exception cref="ArgumentException">A name or the type has an entry, a name is not valid, a tag rule names no property that the contract writes, or the serializer contradicts itself.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The schema number is below 1.</exception>
    /// <exception cref="InvalidOperationException">The map is built.</exception>
    public EventTypeMapBuilder Add<T>(
        string name, JsonTypeInfo<T> contract, IReadOnlyList<(string Tag, string Property)>? tags = null, IReadOnlyList<string>? aliases = null,
        IEventSerializer? serializer = null, int schemaVersion = 1)
        where T : notnull
    {
        ThrowIfBuilt();
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(contract);
        ArgumentOutOfRangeException.ThrowIfLessThan(schemaVersion, 1);
        Name.ThrowIfInvalid(name, "event type name", nameof(name));
        foreach (var alias in aliases ?? []) Name.ThrowIfInvalid(alias ?? "", "event type name", nameof(aliases));
        if (serializer is not null) StoredForms.ThrowIfInvalid(serializer, nameof(serializer));
        var entry = new EventTypeEntry(name, contract)
        {
            TagRules = [.. (tags ?? []).Select(rule => Checked(rule, name, contract))],
            Aliases = [.. aliases ?? []],
            Serializer = serializer,
            SchemaVersion = schemaVersion,
        };
        if (entry.Aliases.Contains(name) || entry.Aliases.Distinct().Count() < entry.Aliases.Count)
            throw new ArgumentException($"'{name}' for {typeof(T)} has a name twice: {string.Join(", ", entry.Names)}.", nameof(aliases));
        if (_entries.Find(e => e.Contract.Type == typeof(T) || e.Names.Intersect(entry.Names).Any()) is { } other)
            throw new ArgumentException($"'{string.Join("', '", entry.Names)}' for {typeof(T)} collides with '{string.Join("', '", other.Names)}' for {other.Contract.Type}.", nameof(name));
        contract.Options.MakeReadOnly();
        _entries.Add(entry);
        return this;
    }

    /// <summary>Writes the events of all entries that have no serializer of their own, and reads those stored in its form. Without it that is <see cref="JsonEventSerializer"/>.</summary>
    /// <remarks>Events that are stored as JSON stay readable. For those of another form than both, see <see cref="AddSerializer"/>.</remarks>
    /// <param name="serializer">The serializer.</param>
    /// <exception cref="ArgumentException">There is one for its content type already, or the serializer contradicts itself.</exception>
    /// <exception cref="InvalidOperationException">It was said before, or the map is built.</exception>
    public EventTypeMapBuilder UseSerializer(IEventSerializer serializer)
    {
        ThrowIfBuilt();
        ThrowIfTaken(serializer);
        if (_serializer is not null) throw new InvalidOperationException($"A map has one serializer for all of its entries: {_serializer.GetType()} was given.");
        _serializer = serializer;
        return this;
    }

    /// <summary>Reads events that are stored in the serializer's form, and writes none: for a log whose events were written by another serializer before.</summary>
    /// <param name="serializer">The serializer.</param>
    /// <exception cref="ArgumentException">There is one for its content type already, or the serializer contradicts itself.</exception>
    /// <exception cref="InvalidOperationException">The map is built.</exception>
    public EventTypeMapBuilder AddSerializer(IEventSerializer serializer)
    {
        ThrowIfBuilt();
        ThrowIfTaken(serializer);
        _readers.Add(serializer);
        return this;
    }

    /// <summary>Has the stored events of an entry read as none, one or several others.</summary>
    internal EventTypeMapBuilder Convert(string name, Func<object, IReadOnlyList<object>> convert)
    {
        var index = _entries.FindIndex(e => e.Name == name);
        _entries[index] = _entries[index] with { Convert = convert };
        return this;
    }

    internal EventTypeMap Build()
    {
        _built = true;
        IEventSerializer[] serializers = [_serializer ?? JsonEventSerializer.Shared, .. _readers];
        return new([.. _entries.Select(e => new EventType(e, serializers))]);
    }

    private void ThrowIfBuilt()
    {
        if (_built) throw new InvalidOperationException("The map is built; entries and serializers are added before.");
    }

    private void ThrowIfTaken(IEventSerializer serializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        StoredForms.ThrowIfInvalid(serializer, nameof(serializer));
        IEnumerable<IEventSerializer> known = _serializer is null ? _readers : _readers.Prepend(_serializer);
        if (known.FirstOrDefault(s => s.ContentType.Equals(serializer.ContentType, StringComparison.OrdinalIgnoreCase)) is { } other)
            throw new ArgumentException($"'{serializer.ContentType}' is read by {other.GetType()} already, not by {serializer.GetType()}: a map has one serializer for each form.", nameof(serializer));
    }

    private static TagRule Checked((string Tag, string Property) rule, string name, JsonTypeInfo contract)
    {
        _ = new Tag(rule.Tag, "");
        // A property that is ignored is in the contract without a getter.
        var written = contract.Properties.Where(p => p.Get is not null).Select(p => p.Name).ToArray();
        if (!written.Contains(rule.Property))
            throw new ArgumentException($"Event type '{name}' writes no JSON property '{rule.Property}' for its tag '{rule.Tag}'; it writes {string.Join(", ", written)}.", nameof(rule));
        return new(rule.Tag, rule.Property) { IgnoresCase = contract.Options.PropertyNameCaseInsensitive };
    }
}
