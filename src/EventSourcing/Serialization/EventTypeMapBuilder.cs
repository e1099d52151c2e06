using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using EventSourcing.Serialization;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Collects the entries of an <see cref="EventTypeMap"/>. Not thread-safe; of no use once the map is made.</summary>
public sealed class EventTypeMapBuilder
{
    private readonly JsonSerializerContext? _context;
    private readonly List<EventTypeEntry> _entries = [];
    private readonly List<IEventSerializer> _readers = [];
    private IEventSerializer? _serializer;
    private bool _isBuilt;

    internal EventTypeMapBuilder(JsonSerializerContext? context) => _context = context;

    /// <summary>Adds an event type.</summary>
    /// <typeparam name="T">The event's CLR type, exactly: derived types need entries of their own.</typeparam>
    /// <param name="name">The stored name, 1 to 512 bytes of UTF-8; never changed once events are stored under it.</param>
    /// <param name="configure">Gives the entry tags, aliases, a schema number with upcasters, a contract or a serializer; null for none of them.</param>
    /// <exception cref="ArgumentException">A name or the type has an entry, the name is not valid, or the delegate is asynchronous.</exception>
    /// <exception cref="InvalidOperationException">The map is made.</exception>
    public EventTypeMapBuilder Add<T>(string name, Action<EventTypeBuilder<T>>? configure = null)
        where T : notnull
    {
        ThrowIfBuilt();
        ArgumentNullException.ThrowIfNull(name);
        Name.ThrowIfInvalid(name, "event type name", nameof(name));
        var builder = new EventTypeBuilder<T>(name);
        if (configure is not null)
        {
            SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
            configure(builder);
        }

        var entry = builder.Build();
        if (_entries.Find(e => e.ClrType == typeof(T) || e.Names.Intersect(entry.Names).Any()) is { } other) throw EventTypeMap.Collision(entry.ClrType, entry.Names, other.ClrType, other.Names, nameof(name));
        _entries.Add(entry);
        return this;
    }

    /// <summary>Writes the events of all entries that have no serializer of their own, and reads those stored in its form. Default: <see cref="JsonEventSerializer"/>.</summary>
    /// <remarks>Events that are stored as JSON stay readable where their type has a JSON contract. For those of another form than both, see <see cref="AddSerializer"/>.</remarks>
    /// <param name="serializer">The serializer.</param>
    /// <exception cref="ArgumentException">There is one for its content type already, or the serializer contradicts itself.</exception>
    /// <exception cref="InvalidOperationException">The map has one already, or it is made.</exception>
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
    /// <exception cref="InvalidOperationException">The map is made.</exception>
    public EventTypeMapBuilder AddSerializer(IEventSerializer serializer)
    {
        ThrowIfBuilt();
        ThrowIfTaken(serializer);
        _readers.Add(serializer);
        return this;
    }

    internal EventTypeMap Build()
    {
        _isBuilt = true;
        IEventSerializer[] serializers = [_serializer ?? JsonEventSerializer.Shared, .. _readers];
        var problems = new List<string>();
        var types = new List<EventType>(_entries.Count);
        foreach (var entry in _entries)
        {
            UpcastSteps.ThrowIfBroken(entry, IsJson(entry));
            types.Add(new(WithOlderContracts(WithContract(entry, problems), problems), serializers));
        }

        return problems.Count == 0 ? new(types) : throw new ArgumentException(string.Join(Environment.NewLine, problems));
    }

    private EventTypeEntry WithContract(EventTypeEntry entry, List<string> problems)
    {
        var contract = entry.Contract ?? FromContext(entry, entry.ClrType, problems);
        var isJson = IsJson(entry);
        if (contract is null)
        {
            if (isJson) problems.Add(MissingContract(entry.Name, entry.ClrType, $"map.Add<{ContractCheck.NameOf(entry.ClrType)}>(\"{entry.Name}\", e => e.Contract(…))"));
            else if (entry.Tags.Count > 0) problems.Add($"Event type '{entry.Name}' ({ContractCheck.NameOf(entry.ClrType)}) has tags of JSON properties but no JSON contract. Give the tags with EventData, or add the type to the context: {AttributeOf(entry.ClrType)}.");
            return entry;
        }

        contract.Options.MakeReadOnly();
        if (isJson) ContractCheck.Run(entry.Name, contract, problems);
        return entry with { Contract = contract, TagRules = [.. entry.Tags.Select(rule => RuleOf(rule, entry.Name, contract, problems))] };
    }

    private bool IsJson(EventTypeEntry entry) => (entry.Serializer ?? _serializer) is null or JsonEventSerializer;

    private EventTypeEntry WithOlderContracts(EventTypeEntry entry, List<string> problems) => entry.Upcasters.All(step => step.OldType is null)
        ? entry
        : entry with { Upcasters = [.. entry.Upcasters.Select(step => step.OldType is { } old ? step with { OldContract = OlderContract(entry, step, old, problems) } : step)] };

    private JsonTypeInfo? OlderContract(EventTypeEntry entry, Upcaster step, Type old, List<string> problems)
    {
        var contract = step.OldContract ?? (old == entry.ClrType ? entry.Contract : null) ?? FromContext(entry, old, problems);
        if (contract is null)
        {
            if (IsJson(entry)) problems.Add(MissingContract(entry.Name, old, $"e.Upcast(from: {step.From}, …, contract: …)"));
            return null;
        }

        contract.Options.MakeReadOnly();
        if (IsJson(entry) && old != entry.ClrType) ContractCheck.Run(entry.Name, contract, problems);
        return contract;
    }

    private JsonTypeInfo? FromContext(EventTypeEntry entry, Type clrType, List<string> problems)
    {
        try
        {
            return _context?.GetTypeInfo(clrType);
        }
        catch (Exception e) when (e is InvalidOperationException or NotSupportedException)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, [.. problems, $"Event type '{entry.Name}' ({ContractCheck.NameOf(clrType)}) has a JSON contract that contradicts itself: {e.Message}"]), e);
        }
    }

    private string MissingContract(string name, Type clrType, string remedy) =>
        $"Event type '{name}' ({ContractCheck.NameOf(clrType)}) has no JSON contract: "
        + (_context is null ? $"no context was given. Give one to EventTypeMap.Create, or a contract to the entry: {remedy}."
            : $"{_context.GetType().Name} does not have the type. Add it there: {AttributeOf(clrType)}");

    private static string AttributeOf(Type clrType) => $"[JsonSerializable(typeof({ContractCheck.NameOf(clrType)}))]";

    private static TagRule RuleOf((string Tag, string Property) rule, string name, JsonTypeInfo contract, List<string> problems)
    {
        // A property that is ignored is in the contract without a getter.
        var written = contract.Properties.Where(p => p.Get is not null).Select(p => p.Name).ToArray();
        if (contract.Kind != JsonTypeInfoKind.Object)
            problems.Add($"Event type '{name}' ({ContractCheck.NameOf(contract.Type)}) is written by {contract.Converter.GetType().Name}, so its JSON properties are not known and the tag '{rule.Tag}' cannot be taken from '{rule.Property}'. Give the tag with EventData.");
        else if (!written.Contains(rule.Property))
            problems.Add($"Event type '{name}' writes no JSON property '{rule.Property}' for its tag '{rule.Tag}'; it writes {string.Join(", ", written)}.");
        return new(rule.Tag, rule.Property) { IgnoresCase = contract.Options.PropertyNameCaseInsensitive };
    }

    private void ThrowIfBuilt()
    {
        if (_isBuilt) throw new InvalidOperationException("The map is already created. Add entries and serializers only inside the delegate of EventTypeMap.Create.");
    }

    private void ThrowIfTaken(IEventSerializer serializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        StoredForms.ThrowIfInvalid(serializer, nameof(serializer));
        IEnumerable<IEventSerializer> known = _serializer is null ? _readers : _readers.Prepend(_serializer);
        if (known.FirstOrDefault(s => s.ContentType.Equals(serializer.ContentType, StringComparison.OrdinalIgnoreCase)) is { } other)
            throw new ArgumentException($"'{serializer.ContentType}' is read by {other.GetType()} already, not by {serializer.GetType()}: a map has one serializer for each form.", nameof(serializer));
    }
}
