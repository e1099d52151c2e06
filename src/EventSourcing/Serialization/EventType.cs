using System.Text.Json.Serialization.Metadata;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>One entry of a type map: the stored names of an event type, its schema number, its JSON contract, the rules of its tags, its serializer and its upcasters.</summary>
public sealed class EventType
{
    internal EventType(EventTypeEntry entry, IReadOnlyList<IEventSerializer> serializers)
    {
        (Name, Aliases, ClrType, Contract, TagRules, SchemaVersion) = (entry.Name, entry.Aliases, entry.ClrType, entry.Contract, entry.TagRules, entry.SchemaVersion);
        Forms = new(entry.Serializer, serializers);
        (UpcastTo, IsReadOnly) = (entry.UpcastTo, entry.IsReadOnly || entry.UpcastTo is not null);
        Constraints = [.. entry.Constraints];
        Upcasters = [.. entry.Upcasters.OrderBy(step => step.From)];
        Older = [.. Upcasters.Select(step => step.OldType is { } old ? new EventType(this, old, step.OldContract) : null)];
    }

    private EventType(EventType newer, Type clrType, JsonTypeInfo? contract)
    {
        (Name, Aliases, SchemaVersion, Forms, IsReadOnly) = (newer.Name, newer.Aliases, newer.SchemaVersion, newer.Forms, true);
        (ClrType, Contract, TagRules, Upcasters, Older) = (clrType, contract, [], [], []);
        Constraints = [];
    }

    /// <summary>The name under which events of the type are stored.</summary>
    public string Name { get; }

    /// <summary>Further names that are read as the type and never written; may be empty.</summary>
    public IReadOnlyList<string> Aliases { get; }

    /// <summary>The schema number that is stored with events of the type, 1 or more.</summary>
    public int SchemaVersion { get; }

    /// <summary>The CLR type.</summary>
    public Type ClrType { get; }

    /// <summary>The JSON contract; null for a type that a serializer of another form writes and that is not in the map's context.</summary>
    public JsonTypeInfo? Contract { get; }

    /// <summary>Which JSON properties become tags; may be empty.</summary>
    public IReadOnlyList<TagRule> TagRules { get; }

    /// <summary>True when events of the type are read and not appended: <see cref="EventTypeBuilder{T}.ReadOnly"/>, or a type that is read as others.</summary>
    public bool IsReadOnly { get; }

    /// <summary>True when stored events of the type read as events of other types (<see cref="EventTypeBuilder{T}.UpcastTo{TNew}"/>).</summary>
    public bool IsUpcastOnly => UpcastTo is not null;

    /// <summary>Writes the events of the type.</summary>
    public IEventSerializer Serializer => Forms.Writer;

    /// <summary>Every name that is read as the type.</summary>
    internal IEnumerable<string> Names => Aliases.Prepend(Name);

    internal StoredForms Forms { get; }

    /// <summary>What an event must fulfil to be appended; may be empty.</summary>
    internal Constraint[] Constraints { get; }

    /// <summary>The steps from the schema numbers 1 to the one before the current, in this order; empty where there are none.</summary>
    internal Upcaster[] Upcasters { get; }

    /// <summary>The type that each step reads, as a serializer needs it; null for a step from JSON.</summary>
    internal EventType?[] Older { get; }

    /// <summary>What every event of the type reads as; null where it reads as itself.</summary>
    internal Upcaster? UpcastTo { get; }
}
